/* objective.h: from outputs and targets to a loss, its gradient, and sums of row values. */
#ifndef NNF_TRAINING_OBJECTIVE_H
#define NNF_TRAINING_OBJECTIVE_H

#include "network/passes.h"
#include "training/run.h"

/* Row values of a batch: value[0][i] is the loss of row i, value[1 + m][i] its m-th metric, value[1 + n_metrics][i] its weight. */
typedef struct nnf_row_values {
    double *value;
    ptrdiff_t n_rows;   /* room */
    nnf_source weights; /* matrix NULL: all are 1, and are not written */
} nnf_row_values;

/* Arrays of row values for an objective. */
static inline int nnf_objective_count_values(const nnf_objective *objective) { return 2 + objective->n_metrics; }
/* Room for the weight of row 0. */
static inline double *nnf_row_values_get_weights(nnf_row_values values, int n_metrics)
{
    return values.value + (1 + n_metrics) * values.n_rows;
}

/* True if the loss joins with the last layer's activation, which is then to be left out of the forward pass. */
bool nnf_objective_takes_logits(const nnf_objective *objective);

/* Rows begin .. end - 1: row values, and unless gradient_scale is 0 the gradient of (gradient_scale * sum of row losses) where
 * going backward starts; losses count by weight where there are weights. Outputs become probabilities if they were logits.
 * False if a row's loss is not finite. */
bool nnf_objective_measure(const nnf_objective *objective, const nnf_passes *passes, double gradient_scale, nnf_row_values values,
                           ptrdiff_t begin, ptrdiff_t end);

/* Adds the sums over rows 0 .. n - 1, each by the same tree for the same n, to stats. */
void nnf_stats_add_rows(nnf_stats *stats, nnf_row_values values, int n_metrics, ptrdiff_t n);
void nnf_stats_add(nnf_stats *stats, const nnf_stats *part, int n_metrics);

/* What the sum of a batch's row losses is multiplied by before it is differentiated, and its penalty. weight: the sum of its rows'
 * weights. */
double nnf_objective_get_scale(const nnf_objective *objective, int64_t batch_size, double weight);
double nnf_objective_get_penalty_share(const nnf_objective *objective, int64_t batch_size, double weight);

#endif
