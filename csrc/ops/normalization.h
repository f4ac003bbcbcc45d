/* normalization.h: layers that give columns, or rows, mean 0 and deviation 1.
 *
 *   h = (x - mean) * inverse     y = h * gamma + beta     inverse = 1 / sqrt(variance + epsilon)
 *
 *   BATCH   mean and variance of each column: while training those of the batch, else moving ones
 *   LAYER   mean and variance of each row
 *   GIVEN   mean and variance of each column are given, and inverse = 1 / max(sqrt(variance), epsilon); no gamma, no beta
 *
 * The columns of a batch do not depend on each other: whoever has all rows of some columns needs nobody else. */
#ifndef NNF_OPS_NORMALIZATION_H
#define NNF_OPS_NORMALIZATION_H

#include "kernels/kernels.h"
#include "ops/panels.h"

typedef enum nnf_normalization_kind { NNF_NORMALIZE_BATCH, NNF_NORMALIZE_LAYER, NNF_NORMALIZE_GIVEN } nnf_normalization_kind;

/* Arrays have one real a column, padded with zeros to whole vectors. */
typedef struct nnf_normalization {
    nnf_normalization_kind kind;
    nnf_panels panels; /* how columns are shared, and gamma and beta cut into blocks */
    double epsilon, momentum;
    void *gamma, *beta;    /* all 1 and all 0 if the layer has none */
    void *mean, *variance; /* moving, or given */
    void *inverse;         /* of that variance */
} nnf_normalization;

/* What a pass finds out: mean and inverse of each row; or of a batch all of it, for each column. */
typedef struct nnf_statistics {
    void *mean, *inverse, *variance;
    void *sum, *products; /* over the batch of gradient and gradient * h: the gradients of beta and gamma */
} nnf_statistics;

/* Rows of such a layer, and a range of its columns. */
typedef struct nnf_normalization_call {
    ptrdiff_t n_rows;
    nnf_rows x;
    nnf_panel_range range;     /* all panels, where a row is to be normalised */
    nnf_statistics statistics; /* from the first of the rows on; or of the batch; mean NULL: the moving or the given ones */
} nnf_normalization_call;

/* Brings inverse up to date with a range of variance. */
void nnf_normalization_refresh(const nnf_kernels *kernels, const nnf_normalization *norm, nnf_panel_range range);

/* Of rows that are a whole batch: fills mean, variance and inverse; sum and products; and lets moving statistics take in the batch's. */
void nnf_normalization_measure(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call);
void nnf_normalization_sum_up(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                              nnf_rows gradient);
void nnf_normalization_learn(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call);

/* Fills the rows' mean and inverse, too. */
void nnf_normalization_forward(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call, nnf_rows y);
/* Of a batch once it is summed up. Where statistics are moving or given grad_x may be the same rows as gradient. */
void nnf_normalization_backward(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                                nnf_rows gradient, nnf_rows grad_x);
/* Adds to the chains of gamma's gradient, or of beta's, for a range of one panel. tile: its width of reals. */
void nnf_normalization_extend_gradient(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                                       nnf_rows gradient, bool is_gamma, void *tile);

#endif
