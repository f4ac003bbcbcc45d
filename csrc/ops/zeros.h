/* zeros.h: which inputs of a product are 0. Where all inputs of a register tile are 0 the summand changes no bit of its chains
 * (of finite weights and gradients) and is left out: most of an image, of counts, of one-hot columns costs nothing.
 *
 * Rows are marked as they are gathered, unless a look at the first shows that they are mostly not 0: either way gives
 * the same bits. Row i of the marks belongs to row i of the rows they tell of. */
#ifndef NNF_OPS_ZEROS_H
#define NNF_OPS_ZEROS_H

#include "kernels/kernels.h"

typedef struct nnf_zeros {
    uint32_t *marks; /* as kernels.h says */
    ptrdiff_t stride;
    unsigned char *is_marked; /* one a row */
} nnf_zeros;

/* Bytes of the marks of n_rows. */
size_t nnf_zeros_size(ptrdiff_t n_rows, ptrdiff_t n_columns);
/* memory: nnf_zeros_size bytes. */
nnf_zeros nnf_zeros_place(void *memory, ptrdiff_t n_rows, ptrdiff_t n_columns);
/* Marks rows row .. row + shape.rows - 1, which are x, or says that they are not marked. */
void nnf_zeros_find(const nnf_kernels *kernels, const nnf_zeros *zeros, ptrdiff_t row, nnf_shape shape, nnf_rows x);
/* True if rows row .. row + n_rows - 1 are marked. False where zeros is NULL. */
bool nnf_zeros_are_known(const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t n_rows);

#endif
