/* row_update.inc.h: the update of a whole matrix in panels by the gradient of one row, and the product of the next row with what comes
 * of it, in one pass.
 *
 * The update waits for the cache that holds the matrix, the product for its chains: together they take little longer than the
 * longer of the two, and the matrix is read once. Four chains are enough for that, as long as a chain's summand is updated.
 *
 * Parameters: those of row_product.inc.h; TILE_VECTORS divides UPDATE_CHAINS. */
#define UPDATE_CHAINS 4
#if UPDATE_CHAINS % TILE_VECTORS
#error "row_update.inc.h needs panels of 1, 2 or 4 vectors"
#endif

/* The first panels, "vectors" vectors wide. Inlined with a constant rule, number of slots and of vectors. */
INLINE void update_chains(update_function rule, const int n_slots, const int vectors, const nnf_update update, const real *x,
                          const nnf_row_product next)
{
    const ptrdiff_t k = next.k, panel_stride = next.b_panel_stride;
    const int n_full = vectors / TILE_VECTORS, n_rest = vectors % TILE_VECTORS;
    const real *a = next.a, *start = next.start, *gradient = update.gradient;
    real *c = next.c;
    vec factor[NNF_MAX_HYPERPARAMETERS], grad_z[UPDATE_CHAINS], chain[UPDATE_CHAINS];

    get_factors(update, factor);
    UNROLL_CHAINS
    for (int v = 0; v < vectors; v++) {
        grad_z[v] = v_load(gradient + v * VL);
        chain[v] = v_load(start + v * VL);
    }
    for (ptrdiff_t p = 0; p < k; p++) {
        const vec element = v_splat(a[p]);
        UNROLL_CHAINS
        for (int v = 0; v < vectors; v++) {
            const int panel = v / TILE_VECTORS, panel_vectors = panel < n_full ? TILE_VECTORS : n_rest;
            const ptrdiff_t at = panel * panel_stride + (p * panel_vectors + v % TILE_VECTORS) * VL;
            const vec w = update_outer_row(rule, n_slots, false, update, at, outer_element(x[p], grad_z[v]), factor);
            chain[v] = v_fma(element, w, chain[v]);
        }
    }
    UNROLL_CHAINS
    for (int v = 0; v < vectors; v++)
        v_store(c + v * VL, chain[v] + (vec){0}); /* closed: -0 becomes +0 */
}

/* What lies behind the first UPDATE_CHAINS vectors. */
INLINE void skip_chains(const int n_slots, nnf_update *update, nnf_row_product *next)
{
    const ptrdiff_t columns = UPDATE_CHAINS * VL, weights = UPDATE_CHAINS / TILE_VECTORS * next->b_panel_stride;
    update->parameter = (real *)update->parameter + weights;
    for (int s = 0; s < n_slots; s++)
        update->slot[s] = (real *)update->slot[s] + weights;
    update->gradient = (const real *)update->gradient + columns;
    next->start = (const real *)next->start + columns;
    next->c = (real *)next->c + columns;
    next->n -= columns;
}

INLINE void update_multiply(update_function rule, const int n_slots, nnf_update update, const real *x, nnf_row_product next)
{
    for (; next.n > 0; skip_chains(n_slots, &update, &next))
        switch ((next.n + VL - 1) / VL) {
        case 1:
            update_chains(rule, n_slots, 1, update, x, next);
            break;
        case 2:
            update_chains(rule, n_slots, 2, update, x, next);
            break;
        case 3:
            update_chains(rule, n_slots, 3, update, x, next);
            break;
        default:
            update_chains(rule, n_slots, 4, update, x, next);
        }
}
