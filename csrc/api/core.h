/* core.h: the kernels the process has chosen, and the argument checks that the files of this floor share. */
#ifndef NNF_API_CORE_H
#define NNF_API_CORE_H

#include "base/matrix.h"
#include "kernels/kernels.h"

/* dtype: NNF_F32 or NNF_F64. Valid after nnf_core_start. */
const nnf_kernels *nnf_core_get_kernels(nnf_dtype dtype);

static inline bool nnf_is_compute_dtype(nnf_dtype dtype) { return dtype == NNF_F32 || dtype == NNF_F64; }

/* n_columns columns of a dtype that gathering reads; sparse or not. */
static inline bool nnf_is_source(const nnf_matrix *matrix, int64_t n_columns)
{
    return matrix && matrix->n_rows > 0 && matrix->data && matrix->n_columns == n_columns && matrix->dtype <= NNF_U8 &&
           (!matrix->csr || (matrix->csr->indptr && matrix->csr->indices && matrix->csr->n_stored >= 0));
}

/* Rows of reals of one dtype, their stride a whole number of elements. */
static inline bool nnf_is_real(const nnf_matrix *matrix, nnf_dtype dtype, int64_t n_rows, int64_t n_columns)
{
    return matrix && matrix->data && !matrix->csr && matrix->dtype == dtype && nnf_is_compute_dtype(dtype) && matrix->n_rows == n_rows &&
           matrix->n_columns == n_columns && matrix->row_stride % (int64_t)nnf_dtype_size(dtype) == 0;
}

static inline nnf_rows nnf_matrix_rows(const nnf_matrix *matrix)
{
    return (nnf_rows){matrix->data, (ptrdiff_t)(matrix->row_stride / (int64_t)nnf_dtype_size(matrix->dtype))};
}

#endif
