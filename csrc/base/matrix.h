/* matrix.h: rows in the caller's memory. */
#ifndef NNF_BASE_MATRIX_H
#define NNF_BASE_MATRIX_H

#include "base/dtype.h"
#include <stdint.h>

/* The elements of a row lie side by side. */
typedef struct nnf_matrix {
    void *data;
    int64_t n_rows, n_columns;
    int64_t row_stride; /* bytes, any sign */
    nnf_dtype dtype;
} nnf_matrix;

#endif
