/* loss_references.h: every loss in double, one row at a time. */
#ifndef NNF_TESTS_LOSS_REFERENCES_H
#define NNF_TESTS_LOSS_REFERENCES_H

#include "kernels/kernels.h"

/* Returns the loss of a row of n outputs y with targets t; g becomes the gradient, y what the loss leaves there. */
typedef double (*loss_reference)(nnf_dtype dtype, const double *parameter, ptrdiff_t n, double *y, const double *t, double *g);

typedef struct loss_reference_row {
    const char *name;
    loss_reference f;
} loss_reference_row;

extern const loss_reference_row loss_references[NNF_N_LOSSES];

#endif
