/* sparse_rows.inc.h: gathering rows of which only some elements are stored: the bits that gathering them in full would give.
 *
 * The caller's memory may change under us, so each border and each column is read once and then checked. */

typedef struct stored_range {
    int64_t begin, end;
} stored_range;

INLINE int64_t border_of(const nnf_csr *csr, int64_t row)
{
    const int64_t border = *(const volatile int64_t *)&csr->indptr[row];
    return border < 0 ? 0 : border < csr->n_stored ? border : csr->n_stored;
}

INLINE stored_range stored_in(const nnf_gather *gather, ptrdiff_t i)
{
    const int64_t row = source_row(gather->order, gather->first, i);
    return (stored_range){border_of(gather->csr, row), border_of(gather->csr, row + 1)};
}

/* Rows in shuffled order lie anywhere: so many are on their way while one is expanded; of a long one, the first bytes. */
enum { SPARSE_ROWS_AHEAD = 4 };

INLINE void ask_for_stored(const void *array, size_t element_size, stored_range range)
{
    const unsigned char *begin = (const unsigned char *)array + range.begin * (int64_t)element_size;
    const int64_t bytes = (range.end - range.begin) * (int64_t)element_size;
    for (int64_t b = 0; b < bytes && b < BYTES_AHEAD / 2; b += CACHE_LINE)
        __builtin_prefetch(begin + b);
}

typedef real (*stored_reader)(const void *source, int64_t k);

INLINE real stored_u8(const void *source, int64_t k) { return (real)((const uint8_t *)source)[k]; }
INLINE real stored_f32(const void *source, int64_t k) { return (real)((const float *)source)[k]; }
INLINE real stored_f64(const void *source, int64_t k) { return (real)((const double *)source)[k]; }

INLINE void expand_row(stored_reader read, const nnf_gather *gather, stored_range range, real *row)
{
    const real scale = (real)gather->scale, offset = (real)gather->offset;
    const ptrdiff_t n = gather->shape.columns;
    const vec empty = v_splat(REAL_FMA((real)0, scale, offset));
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(row, j, n, empty);
    for (int64_t k = range.begin; k < range.end; k++) {
        const int32_t column = *(const volatile int32_t *)&gather->csr->indices[k];
        if (column >= 0 && column < n)
            row[column] = REAL_FMA(read(gather->source, k), scale, offset);
    }
}

INLINE void gather_csr_rows(stored_reader read, size_t element_size, const nnf_gather *gather)
{
    for (ptrdiff_t i = 0; i < gather->shape.rows; i++) {
        if (i + SPARSE_ROWS_AHEAD < gather->shape.rows) {
            const stored_range later = stored_in(gather, i + SPARSE_ROWS_AHEAD);
            ask_for_stored(gather->csr->indices, sizeof(int32_t), later);
            ask_for_stored(gather->source, element_size, later);
        }
        expand_row(read, gather, stored_in(gather, i), row_of(gather->destination, i));
    }
}
static void gather_csr_u8(const nnf_gather *gather) { gather_csr_rows(stored_u8, sizeof(uint8_t), gather); }
static void gather_csr_f32(const nnf_gather *gather) { gather_csr_rows(stored_f32, sizeof(float), gather); }
static void gather_csr_f64(const nnf_gather *gather) { gather_csr_rows(stored_f64, sizeof(double), gather); }
