/* rows.h: addresses of reals, for code that does not know their type. */
#ifndef NNF_OPS_ROWS_H
#define NNF_OPS_ROWS_H

#include "kernels/kernels.h"

/* The constness of base, like strchr's, is left to the caller. */
static inline void *nnf_real_at(const nnf_kernels *kernels, const void *base, ptrdiff_t index)
{
    return (char *)(uintptr_t)base + index * (ptrdiff_t)nnf_dtype_size(kernels->dtype);
}

/* The rows from row on, seen from column on. */
static inline nnf_rows nnf_rows_at(const nnf_kernels *kernels, nnf_rows rows, ptrdiff_t row, ptrdiff_t column)
{
    return (nnf_rows){nnf_real_at(kernels, rows.data, row * rows.stride + column), rows.stride};
}

#endif
