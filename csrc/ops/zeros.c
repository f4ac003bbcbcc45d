/* zeros.c: see zeros.h. */
#include "ops/zeros.h"
#include "base/memory.h"
#include <string.h>

/* A row with more than one in so many that is not 0 leaves few columns that are 0 in a whole tile. */
enum { MOST_SHARE = 2 };

static size_t count_words(ptrdiff_t n_columns) { return ((size_t)n_columns + NNF_MARK_COLUMNS - 1) / NNF_MARK_COLUMNS; }

/* Lists are made from whole vectors of marks. */
static size_t choose_stride(ptrdiff_t n_rows) { return nnf_round_up((size_t)n_rows, NNF_LIST_ROOM); }

size_t nnf_zeros_size(ptrdiff_t n_rows, ptrdiff_t n_columns)
{
    const size_t stride = choose_stride(n_rows);
    const size_t n_words = nnf_size_add(nnf_size_multiply(stride, count_words(n_columns)), NNF_LIST_ROOM);
    return nnf_size_add(nnf_size_multiply(n_words, sizeof(uint32_t)), stride);
}

nnf_zeros nnf_zeros_place(void *memory, ptrdiff_t n_rows, ptrdiff_t n_columns)
{
    const size_t stride = choose_stride(n_rows);
    uint32_t *marks = memory;
    return (nnf_zeros){marks, (ptrdiff_t)stride, (unsigned char *)(marks + stride * count_words(n_columns) + NNF_LIST_ROOM)};
}

static bool is_worth_marking(const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t n_columns)
{
    ptrdiff_t count = 0;
    for (size_t w = 0; w < count_words(n_columns); w++)
        count += __builtin_popcount(zeros->marks[(ptrdiff_t)w * zeros->stride + row]);
    return count * MOST_SHARE <= n_columns;
}

void nnf_zeros_find(const nnf_kernels *kernels, const nnf_zeros *zeros, ptrdiff_t row, nnf_shape shape, nnf_rows x)
{
    if (shape.rows == 0)
        return;
    kernels->mark((nnf_shape){1, shape.columns}, x, zeros->marks + row, zeros->stride);
    const bool is_worth = is_worth_marking(zeros, row, shape.columns);
    if (is_worth)
        kernels->mark(shape, x, zeros->marks + row, zeros->stride);
    memset(zeros->is_marked + row, is_worth, (size_t)shape.rows);
}

bool nnf_zeros_are_known(const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t n_rows)
{
    return zeros && !memchr(zeros->is_marked + row, false, (size_t)n_rows);
}
