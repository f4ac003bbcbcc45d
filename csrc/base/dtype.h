/* dtype.h: the element types that memory handed to the core may hold. */
#ifndef NNF_BASE_DTYPE_H
#define NNF_BASE_DTYPE_H

#include <stddef.h>

typedef enum nnf_dtype {
    NNF_F32, /* the two a network computes in come first: they index kernel tables */
    NNF_F64,
    NNF_U8,  /* sources only: pixels */
    NNF_I32, /* targets only: class labels */
} nnf_dtype;

enum { NNF_N_COMPUTE_DTYPES = 2 };

static inline size_t nnf_dtype_size(nnf_dtype dtype)
{
    static const unsigned char size[] = {[NNF_F32] = 4, [NNF_F64] = 8, [NNF_U8] = 1, [NNF_I32] = 4};
    return size[dtype];
}

#endif
