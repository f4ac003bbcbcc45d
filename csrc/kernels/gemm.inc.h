/* gemm.inc.h: the register tile, and a product of one panel made of tiles.
 *
 * Parameters: TILE_ROWS (at most 6) x TILE_VECTORS (at most 4) accumulators must fit the registers, beside TILE_VECTORS
 * vectors of B and one broadcast element of A. A panel of at most half as many vectors is done in tiles of twice as many rows:
 * a multiply-add takes four cycles and two begin in each, so fewer than eight chains side by side would leave gaps.
 * The sizes must be constants: a tile whose sizes are arguments is an array in memory. */
#if TILE_ROWS < 4 || TILE_ROWS > 6 || TILE_VECTORS > 4
#error "gemm.inc.h has tiles of 4 to 6 x up to 4, and twice as many rows of half the width"
#endif

enum { MOST_ROWS = 2 * TILE_ROWS, HALF_WIDTH = TILE_VECTORS / 2 };

/* The loops over rows and vectors must be gone before the compiler decides what lives in registers. */
#define UNROLL _Pragma("GCC unroll 12")

/* Rows of A are reached from every third row, the two after it by an index register: twelve addresses would not fit. */
enum { ROW_GROUP = 3, MOST_GROUPS = MOST_ROWS / ROW_GROUP + 1 };

INLINE const real *at_bytes(const real *p, ptrdiff_t offset) { return (const real *)((const char *)p + offset); }

/* Rows i .. i + rows - 1 of C, "vectors" vectors wide. Inlined with constant rows, vectors and listed. */
INLINE void tile(const int rows, const int vectors, const bool listed, const nnf_gemm *gemm, ptrdiff_t i)
{
    const ptrdiff_t a_row = gemm->a_row_stride * (ptrdiff_t)sizeof(real), a_k = gemm->a_k_stride * (ptrdiff_t)sizeof(real);
    const ptrdiff_t b_k = gemm->b_stride * (ptrdiff_t)sizeof(real), c_stride = gemm->c_stride;
    const uint16_t *index = gemm->index;
    const ptrdiff_t ahead_step = gemm->ahead ? rows * a_row / gemm->k : 0;
    const char *ahead = gemm->ahead ? (const char *)gemm->ahead + i * a_row : gemm->b;
    const real *a[MOST_GROUPS], *b = gemm->b, *start = gemm->start;
    real *c = (real *)gemm->c + i * c_stride;
    vec chain[MOST_ROWS][TILE_VECTORS];

    UNROLL
    for (int g = 0; g * ROW_GROUP < rows; g++)
        a[g] = at_bytes(gemm->a, (i + g * ROW_GROUP) * a_row);
    if (start)
        start += i * gemm->start_stride;
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        chain[r][v] = start ? v_load(start + r * gemm->start_stride + v * VL) : (vec){0};
    for (ptrdiff_t p = 0; p < gemm->k; p++) {
        const ptrdiff_t at = listed ? index[p] : 0;
        if (vectors <= HALF_WIDTH && !listed)
            __builtin_prefetch(ahead + p * ahead_step);
        const real *row_of_b = at_bytes(b, at * b_k);
        vec element_of_b[TILE_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++)
            element_of_b[v] = v_load(row_of_b + v * VL);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec element = v_splat(*at_bytes(a[r / ROW_GROUP], at * a_k + (r % ROW_GROUP) * a_row));
            UNROLL
            for (int v = 0; v < vectors; v++)
                chain[r][v] = v_fma(element, element_of_b[v], chain[r][v]);
        }
        if (!listed) {
            UNROLL
            for (int g = 0; g * ROW_GROUP < rows; g++)
                a[g] = at_bytes(a[g], a_k);
            b = at_bytes(b, b_k);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        v_store(c + r * c_stride + v * VL, chain[r][v] + (vec){0}); /* closed: -0 becomes +0 */
}

typedef void (*tile_function)(const nnf_gemm *gemm, ptrdiff_t i);

#define TILE(rows, vectors)                                                                             \
    static void tile_##rows##x##vectors(const nnf_gemm *gemm, ptrdiff_t i)                              \
    {                                                                                                   \
        if (rows <= TILE_ROWS ? vectors <= TILE_VECTORS : rows <= MOST_ROWS && vectors <= HALF_WIDTH)   \
            tile(rows, vectors, false, gemm, i);                                                        \
    }
#define LISTED_TILE(rows, vectors)                                                \
    static void listed_tile_##rows##x##vectors(const nnf_gemm *gemm, ptrdiff_t i) \
    {                                                                             \
        if (rows <= TILE_ROWS && vectors <= TILE_VECTORS)                         \
            tile(rows, vectors, true, gemm, i);                                   \
    }
#define BOTH(rows, vectors) TILE(rows, vectors) LISTED_TILE(rows, vectors)
#define FEW_ROWS(KIND, vectors) KIND(1, vectors) KIND(2, vectors) KIND(3, vectors) KIND(4, vectors) KIND(5, vectors) KIND(6, vectors)
#define MORE_ROWS(KIND, vectors) KIND(7, vectors) KIND(8, vectors) KIND(9, vectors) KIND(10, vectors) KIND(11, vectors) KIND(12, vectors)
FEW_ROWS(BOTH, 1)
FEW_ROWS(BOTH, 2)
FEW_ROWS(BOTH, 3)
FEW_ROWS(BOTH, 4)
MORE_ROWS(TILE, 1)
MORE_ROWS(TILE, 2)

#define NAME(rows, vectors) tile_##rows##x##vectors,
#define LISTED_NAME(rows, vectors) listed_tile_##rows##x##vectors,
static const tile_function tile_functions[4][12] = {
    {FEW_ROWS(NAME, 1) MORE_ROWS(NAME, 1)}, {FEW_ROWS(NAME, 2) MORE_ROWS(NAME, 2)}, {FEW_ROWS(NAME, 3)}, {FEW_ROWS(NAME, 4)}};
static const tile_function listed_tile_functions[4][6] = {
    {FEW_ROWS(LISTED_NAME, 1)}, {FEW_ROWS(LISTED_NAME, 2)}, {FEW_ROWS(LISTED_NAME, 3)}, {FEW_ROWS(LISTED_NAME, 4)}};

/* The rows are shared out evenly: seven are a tile of four and one of three, not of six and a lone one. */
static void gemm(const nnf_gemm *gemm)
{
    const ptrdiff_t vectors = (gemm->n + VL - 1) / VL, most = vectors <= HALF_WIDTH ? MOST_ROWS : TILE_ROWS;
    if (gemm->index) {
        if (gemm->m > 0)
            listed_tile_functions[vectors - 1][gemm->m - 1](gemm, 0);
        return;
    }
    ptrdiff_t n_tiles = (gemm->m + most - 1) / most;
    for (ptrdiff_t i = 0, rows; n_tiles > 0; i += rows, n_tiles--) {
        rows = (gemm->m - i + n_tiles - 1) / n_tiles;
        tile_functions[vectors - 1][rows - 1](gemm, i);
    }
}
