/* row_product.inc.h: the product of a single row with a whole matrix in panels.
 *
 * One row gives a panel only TILE_VECTORS chains, each waiting some four cycles for its last fused multiply-add while a core could
 * begin two a cycle. So panels side by side are taken together, as many as have ROW_CHAINS vectors of columns: eight are in
 * flight, beside one broadcast element of a. B comes from memory, at most once.
 *
 * Parameters: those of gemm.inc.h; TILE_VECTORS divides ROW_CHAINS. */
#define ROW_CHAINS 8
#if ROW_CHAINS % TILE_VECTORS
#error "row_product.inc.h needs panels of 1, 2, 4 or 8 vectors"
#endif
#define UNROLL_CHAINS _Pragma("GCC unroll 8")

/* A group of panels, "vectors" vectors wide. Inlined with constant vectors, so that all but p and the panels' stride is constant. */
INLINE void row_chains(const int vectors, const nnf_row_product *product, ptrdiff_t first)
{
    const ptrdiff_t k = product->k, panel_stride = product->b_panel_stride;
    const int n_full = vectors / TILE_VECTORS, n_rest = vectors % TILE_VECTORS;
    const real *a = product->a, *start = (const real *)product->start + first;
    const real *b = (const real *)product->b + first / (TILE_VECTORS * VL) * panel_stride;
    real *c = (real *)product->c + first;
    vec chain[ROW_CHAINS];

    UNROLL_CHAINS
    for (int v = 0; v < vectors; v++)
        chain[v] = v_load(start + v * VL);
    for (ptrdiff_t p = 0; p < k; p++) {
        const vec element = v_splat(a[p]);
        UNROLL_CHAINS
        for (int v = 0; v < vectors; v++) {
            const int panel = v / TILE_VECTORS, panel_vectors = panel < n_full ? TILE_VECTORS : n_rest;
            const real *row = b + panel * panel_stride + p * panel_vectors * VL;
            chain[v] = v_fma(element, v_load(row + v % TILE_VECTORS * VL), chain[v]);
        }
    }
    UNROLL_CHAINS
    for (int v = 0; v < vectors; v++)
        v_store(c + v * VL, chain[v] + (vec){0}); /* closed: -0 becomes +0 */
}

typedef void (*row_function)(const nnf_row_product *product, ptrdiff_t first);

#define ROW_FUNCTION(vectors) \
    static void row_chains_##vectors(const nnf_row_product *product, ptrdiff_t first) { row_chains(vectors, product, first); }
ROW_FUNCTION(1)
ROW_FUNCTION(2)
ROW_FUNCTION(3)
ROW_FUNCTION(4)
ROW_FUNCTION(5)
ROW_FUNCTION(6)
ROW_FUNCTION(7)
ROW_FUNCTION(8)
static const row_function row_functions[ROW_CHAINS] = {row_chains_1, row_chains_2, row_chains_3, row_chains_4,
                                                       row_chains_5, row_chains_6, row_chains_7, row_chains_8};

static void row_product(const nnf_row_product *product)
{
    for (ptrdiff_t first = 0; first < product->n; first += ROW_CHAINS * VL) {
        const ptrdiff_t vectors = (product->n - first + VL - 1) / VL;
        row_functions[(vectors < ROW_CHAINS ? vectors : ROW_CHAINS) - 1](product, first);
    }
}
