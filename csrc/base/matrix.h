/* matrix.h: rows in the caller's memory. */
#ifndef NNF_BASE_MATRIX_H
#define NNF_BASE_MATRIX_H

#include "base/dtype.h"
#include <stdint.h>

/* Compressed sparse rows: of row r the elements at k, indptr[r] <= k < indptr[r + 1], are stored; that at k stands in column
 * indices[k]. Nothing is taken for granted of the numbers: a k outside [0, n_stored), or a column that the matrix does not
 * have, is passed over; of two elements for one column the last counts. */
typedef struct nnf_csr {
    const int64_t *indptr;  /* one more than rows */
    const int32_t *indices; /* n_stored */
    int64_t n_stored;
} nnf_csr;

/* The elements of a row lie side by side; or where csr is not NULL, only those that are stored, in data[n_stored]. */
typedef struct nnf_matrix {
    void *data;
    int64_t n_rows, n_columns;
    int64_t row_stride; /* bytes, any sign */
    nnf_dtype dtype;
    const nnf_csr *csr;
} nnf_matrix;

#endif
