/* parted.inc.h: sums in several parts, which only a build with NNFAST_MAY_REORDER takes: what is not had for the promise of the same
 * bits. A product of fewer than eight chains waits for the last multiply-add of each; when every chain is in parts, it does not.
 *
 * Parameters: those of row_update.inc.h. */
enum { BUSY_CHAINS = 8, MOST_PARTS = 2 * BUSY_CHAINS };
#define UNROLL_PARTS _Pragma("GCC unroll 16")

INLINE int count_parts(int n_chains) { return (BUSY_CHAINS + n_chains - 1) / n_chains; }

INLINE void join_parts(const int n_chains, vec *part)
{
    UNROLL_PARTS
    for (int t = n_chains; t < count_parts(n_chains) * n_chains; t++)
        part[t % n_chains] += part[t];
}

/* ---- products ---- */

/* Summands p .. p + n_parts - 1, one for each part. */
INLINE void take_summands(const int n_parts, const int rows, const int vectors, const nnf_gemm *gemm, ptrdiff_t p, vec *part)
{
    UNROLL_PARTS
    for (int t = 0; t < n_parts * rows * vectors; t++) {
        const ptrdiff_t at = p + t / (rows * vectors), r = t / vectors % rows, v = t % vectors;
        const real element = ((const real *)gemm->a)[r * gemm->a_row_stride + at * gemm->a_k_stride];
        part[t] = v_fma(v_splat(element), v_load((const real *)gemm->b + at * gemm->b_stride + v * VL), part[t]);
    }
}

/* All rows. Inlined with constant rows and vectors. */
INLINE void parted_tile(const int rows, const int vectors, const nnf_gemm *gemm)
{
    const int n_chains = rows * vectors, n_parts = count_parts(n_chains);
    const real *start = gemm->start;
    vec part[MOST_PARTS];
    ptrdiff_t p = 0;
    UNROLL_PARTS
    for (int t = 0; t < n_parts * n_chains; t++)
        part[t] = start && t < n_chains ? v_load(start + t / vectors * gemm->start_stride + t % vectors * VL) : (vec){0};
    for (; p + n_parts <= gemm->k; p += n_parts)
        take_summands(n_parts, rows, vectors, gemm, p, part);
    for (; p < gemm->k; p++)
        take_summands(1, rows, vectors, gemm, p, part);
    join_parts(n_chains, part);
    UNROLL_PARTS
    for (int t = 0; t < n_chains; t++)
        v_store((real *)gemm->c + t / vectors * gemm->c_stride + t % vectors * VL, part[t]);
}

#define PARTED_TILE(rows, vectors)                                 \
    static void parted_tile_##rows##x##vectors(const nnf_gemm *gemm) \
    {                                                              \
        parted_tile(rows, vectors, gemm);                          \
    }
#define PARTED_TILES(ROW)                                                                                              \
    ROW(1, 1) ROW(2, 1) ROW(3, 1) ROW(4, 1) ROW(5, 1) ROW(6, 1) ROW(7, 1) ROW(1, 2) ROW(2, 2) ROW(3, 2) ROW(1, 3) ROW(2, 3) ROW(1, 4)
PARTED_TILES(PARTED_TILE)
#define PARTED_NAME(rows, vectors) [vectors - 1][rows - 1] = parted_tile_##rows##x##vectors,
static void (*const parted_tiles[4][7])(const nnf_gemm *gemm) = {PARTED_TILES(PARTED_NAME)};

static void parted_gemm(const nnf_gemm *product)
{
    const ptrdiff_t vectors = (product->n + VL - 1) / VL;
    if (product->index || product->m <= 0 || product->m * vectors >= BUSY_CHAINS)
        gemm(product);
    else
        parted_tiles[vectors - 1][product->m - 1](product);
}

/* Panel by panel: one alone has chains enough. */
static void parted_row_product(const nnf_row_product *product)
{
    if (product->n > (BUSY_CHAINS - 1) * VL) {
        row_product(product);
        return;
    }
    for (ptrdiff_t first = 0; first < product->n; first += TILE_VECTORS * VL) {
        const ptrdiff_t left = product->n - first, n = left < TILE_VECTORS * VL ? left : TILE_VECTORS * VL;
        parted_gemm(&(nnf_gemm){
            .m = 1,
            .n = n,
            .k = product->k,
            .a = product->a,
            .a_k_stride = 1,
            .b = (const real *)product->b + first / (TILE_VECTORS * VL) * product->b_panel_stride,
            .b_stride = (n + VL - 1) / VL * VL,
            .c = (real *)product->c + first,
            .start = (const real *)product->start + first,
        });
    }
}

/* ---- the update with the next row's product ---- */

#ifdef V_NATIVE
/* As update_chains of row_update.inc.h. */
INLINE void parted_update_chains(update_function rule, const int n_slots, const int vectors, const nnf_update update, const real *x,
                                 const nnf_row_product next)
{
    const int n_parts = count_parts(vectors), n_full = vectors / TILE_VECTORS, n_rest = vectors % TILE_VECTORS;
    const real *a = next.a, *start = next.start, *gradient = update.gradient;
    vec factor[NNF_MAX_HYPERPARAMETERS], grad_z[UPDATE_CHAINS], part[MOST_PARTS];
    get_factors(update, factor);
    UNROLL_PARTS
    for (int t = 0; t < n_parts * vectors; t++)
        part[t] = t < vectors ? v_load(start + t * VL) : (vec){0};
    UNROLL_PARTS
    for (int v = 0; v < vectors; v++)
        grad_z[v] = v_load(gradient + v * VL);
    for (ptrdiff_t first = 0; first < next.k; first += n_parts)
        UNROLL_PARTS
    for (int t = 0; t < n_parts * vectors; t++) {
        const int v = t % vectors, panel = v / TILE_VECTORS, panel_vectors = panel < n_full ? TILE_VECTORS : n_rest;
        const ptrdiff_t p = first + t / vectors, at = panel * next.b_panel_stride + (p * panel_vectors + v % TILE_VECTORS) * VL;
        if (p == next.k)
            break;
        const vec w = update_outer_row(rule, n_slots, false, update, at, outer_element(x[p], grad_z[v]), factor);
        part[t] = v_fma(v_splat(a[p]), w, part[t]);
    }
    join_parts(vectors, part);
    UNROLL_PARTS
    for (int v = 0; v < vectors; v++)
        v_store((real *)next.c + v * VL, part[v]);
}

INLINE void parted_update_multiply(update_function rule, const int n_slots, nnf_update update, const real *x, nnf_row_product next)
{
    for (; next.n > 0; skip_chains(n_slots, &update, &next))
        switch ((next.n + VL - 1) / VL) {
        case 1:
            parted_update_chains(rule, n_slots, 1, update, x, next);
            break;
        case 2:
            parted_update_chains(rule, n_slots, 2, update, x, next);
            break;
        case 3:
            parted_update_chains(rule, n_slots, 3, update, x, next);
            break;
        default:
            parted_update_chains(rule, n_slots, 4, update, x, next);
        }
}
#endif
