/* zeros.inc.h: which elements of rows are not 0, and lists of the summands that a tile of a product must take in.
 *
 * Marks are words of 32 bits: bit j of marks[w * stride + i] tells whether element 32 w + j of row i is not 0 (NaN is not).
 * Words of neighbouring rows lie side by side, so that a question to many rows is a question to one vector. */

enum { WORD = NNF_MARK_COLUMNS, LIST_STEP = NNF_LIST_ROOM };

INLINE uint32_t row_nonzero(const real *row, ptrdiff_t j, ptrdiff_t n)
{
    uint32_t bits = 0;
    for (int v = 0; v < WORD / VL; v++)
        bits |= v_nonzero(row_load(row, j + v * VL, n, 0)) << (v * VL);
    return bits;
}

static void mark(nnf_shape shape, nnf_rows x, uint32_t *marks, ptrdiff_t stride)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        for (ptrdiff_t j = 0; j < shape.columns; j += WORD)
            marks[j / WORD * stride + i] = row_nonzero(row_of(x, i), j, shape.columns);
}

static ptrdiff_t list_columns(const uint32_t *marks, ptrdiff_t stride, ptrdiff_t n_rows, ptrdiff_t n_words, uint16_t *list)
{
    uint16_t *end = list;
    for (ptrdiff_t w = 0; w < n_words; w++) {
        uint32_t any = 0;
        for (ptrdiff_t i = 0; i < n_rows; i++)
            any |= marks[w * stride + i];
        end = list_append(end, any & 0xffff, (int)(w * WORD));
        end = list_append(end, any >> LIST_STEP, (int)(w * WORD) + LIST_STEP);
    }
    return end - list;
}

static ptrdiff_t list_rows(const uint32_t *marks, uint32_t columns, ptrdiff_t n_rows, uint16_t *list)
{
    uint16_t *end = list;
    for (ptrdiff_t i = 0; i < n_rows; i += LIST_STEP) {
        const ptrdiff_t left = n_rows - i;
        uint32_t rows = words_with(marks + i, columns);
        if (left < LIST_STEP)
            rows &= (1u << left) - 1;
        end = list_append(end, rows, (int)i);
    }
    return end - list;
}
