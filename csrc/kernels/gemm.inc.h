/* gemm.inc.h: the register tile, and a product of one panel made of tiles.
 *
 * Parameters: TILE_ROWS (at most 6) x TILE_VECTORS (at most 4) accumulators must fit the registers, beside TILE_VECTORS
 * vectors of B and one broadcast element of A. They must be constants: a tile whose sizes are arguments is an array in
 * memory. */
#if TILE_ROWS > 6 || TILE_VECTORS > 4
#error "gemm.inc.h has tiles of up to 6 x 4"
#endif

/* The loops over rows and vectors must be gone before the compiler decides what lives in registers. */
#define UNROLL _Pragma("GCC unroll 6")

/* Rows i .. i + rows - 1 of C, "vectors" vectors wide. Inlined with constant rows and vectors. */
INLINE void tile(const int rows, const int vectors, const nnf_gemm *gemm, ptrdiff_t i)
{
    const ptrdiff_t a_row_stride = gemm->a_row_stride, a_k_stride = gemm->a_k_stride;
    const ptrdiff_t b_stride = gemm->b_stride, c_stride = gemm->c_stride;
    const real *a = (const real *)gemm->a + i * a_row_stride;
    const real *b = gemm->b;
    const real *start = gemm->start;
    real *c = (real *)gemm->c + i * c_stride;
    vec chain[TILE_ROWS][TILE_VECTORS];

    UNROLL
    for (int v = 0; v < vectors; v++) {
        const vec first = start ? v_load(start + v * VL) : (vec){0};
        UNROLL
        for (int r = 0; r < rows; r++)
            chain[r][v] = first;
    }
    for (ptrdiff_t p = gemm->k; p > 0; p--) {
        vec row_of_b[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            row_of_b[v] = v_load(b + v * VL);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec element = v_splat(a[r * a_row_stride]);
            UNROLL
            for (int v = 0; v < vectors; v++)
                chain[r][v] = v_fma(element, row_of_b[v], chain[r][v]);
        }
        a += a_k_stride;
        b += b_stride;
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            v_store(c + r * c_stride + v * VL, chain[r][v] + (vec){0}); /* closed: -0 becomes +0 */
    }
}

typedef void (*tile_function)(const nnf_gemm *gemm, ptrdiff_t i);

#define TILE(rows, vectors)                                                \
    static void tile_##rows##x##vectors(const nnf_gemm *gemm, ptrdiff_t i) \
    {                                                                      \
        if (rows <= TILE_ROWS && vectors <= TILE_VECTORS)                  \
            tile(rows, vectors, gemm, i);                                  \
    }
#define TILES(vectors) TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors) TILE(6, vectors)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
#define TILE_COLUMN(vectors) {tile_1x##vectors, tile_2x##vectors, tile_3x##vectors, tile_4x##vectors, tile_5x##vectors, tile_6x##vectors}
static const tile_function tile_functions[4][6] = {TILE_COLUMN(1), TILE_COLUMN(2), TILE_COLUMN(3), TILE_COLUMN(4)};

static void gemm(const nnf_gemm *gemm)
{
    const tile_function *by_rows = tile_functions[(gemm->n + VL - 1) / VL - 1];
    ptrdiff_t i = 0;
    for (; i + TILE_ROWS <= gemm->m; i += TILE_ROWS)
        by_rows[TILE_ROWS - 1](gemm, i);
    if (i < gemm->m)
        by_rows[gemm->m - i - 1](gemm, i);
}
