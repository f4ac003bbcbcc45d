/* trainer.h: whole epochs. One team lives for a whole run; a batch is two phases with a meeting after each:
 *
 *   1  each member carries rows of its own, or its columns of all rows, through the layers, the loss and back
 *   2  each member takes blocks of parameters of its own: gradient over all rows, then the update, in cache
 *
 * plan.h says how they are shared. */
#ifndef NNF_TRAINING_TRAINER_H
#define NNF_TRAINING_TRAINER_H

#include "network/step.h"
#include "training/batches.h"
#include "training/objective.h"
#include "training/plan.h"

typedef struct nnf_trainer {
    nnf_network *network;
    nnf_step *step; /* NULL: only evaluates */
    nnf_objective objective;
    nnf_workspace workspace;
    nnf_row_values values;
    nnf_arena gradients; /* for batches of several shards: their sum, laid out like the parameters, and each one's own */
    nnf_order order;
    double *batch_weight;      /* where losses are divided by sums of weights: that of each batch of the run's part of the epoch */
    nnf_plan plan, plan_alone; /* of the team, and of member 0 */
    int bad_layer; /* of a run that ended with NOT_FINITE: the lowest that gave such a value for a row of the batch's first bad shard
                      whose loss is one, -1 if the scaled input held it, n_layers if only the loss did */
} nnf_trainer;

void nnf_trainer_release(nnf_trainer *trainer);
/* Arguments must be valid. */
nnf_status nnf_train(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats);

#endif
