/* run.h: what is trained for, and what a run of epochs is told and tells. */
#ifndef NNF_TRAINING_RUN_H
#define NNF_TRAINING_RUN_H

#include "base/matrix.h"
#include "base/poll.h"
#include "kernels/losses.h"
#include "kernels/metrics.h"
#include <stdbool.h>
#include <stdint.h>

enum { NNF_MAX_METRICS = 8 };

/* How the losses of a batch's rows become the one that is made small. A loss that is a sum by name is a sum whatever is said. */
typedef enum nnf_reduction {
    NNF_REDUCTION_MEAN,
    NNF_REDUCTION_SUM,
    NNF_REDUCTION_WEIGHTED_MEAN, /* divided by the sum of the rows' weights; without weights the mean */
} nnf_reduction;

typedef struct nnf_objective {
    nnf_loss loss; /* a _logits loss takes the place of the last layer's activation, which must be its own or linear */
    double loss_parameters[NNF_MAX_LOSS_PARAMETERS]; /* as the loss's row in losses.h names them */
    nnf_reduction reduction;
    double loss_factor, gradient_factor; /* what losses that are told, and gradients, are multiplied by; > 0 */
    bool divides_penalties;              /* by what the sum of the rows' losses is divided by */
    int n_metrics;
    int n_weighted; /* the last of the metrics: their row values are multiplied by the rows' weights */
    nnf_metric metrics[NNF_MAX_METRICS];
    double metric_parameters[NNF_MAX_METRICS];
} nnf_objective;

typedef struct nnf_run {
    int64_t batch_size;
    uint32_t first_epoch, n_epochs; /* epoch numbers key shuffling and dropout */
    int64_t first_batch, n_batches; /* of each epoch; n_batches <= 0: to the end */
    bool shuffle;
    uint64_t seed;
    nnf_poll poll; /* may be NULL */
    void *poll_argument;
    const nnf_matrix *weights;    /* NNF_F64, one column: what the loss of each row of x is multiplied by; or, where the loss is a
                                     mean or a sum over elements, out_size columns: what the loss of each element is. NULL: 1 */
    const nnf_matrix *outputs;    /* unless NULL takes the outputs for each row of x: what the loss was computed of, or probabilities
                                     where it takes logits. dtype, out_size columns */
    const double *learning_rates; /* one for each batch of the run, in order, instead of the optimizer's: a step of several batches has
                                     that of the last; may be NULL */
} nnf_run;

/* Sums of an epoch. */
typedef struct nnf_stats {
    double loss;                    /* sum of row losses, each times its weight */
    double penalty;                 /* sum over rows of the penalty of their batch's parameters */
    double metric[NNF_MAX_METRICS]; /* sums of row values */
    double weight;                  /* sum of the rows' weights */
    int64_t n_rows;
    int64_t n_batches; /* finished ones; where a run ends early also the number of the batch that failed */
    bool is_finished;
} nnf_stats;

#endif
