/* trainer.h: whole epochs. One team lives for a whole run; a batch is two phases with a meeting after each:
 *
 *   1  each member carries rows of its own through gathering, all layers, the loss and back
 *   2  each member takes blocks of parameters of its own: gradient over all rows, then the update, in cache
 *
 * A batch of more than NNF_SHARD_ROWS rows repeats both for each shard, adding the blocks' gradients up in order. */
#ifndef NNF_TRAINING_TRAINER_H
#define NNF_TRAINING_TRAINER_H

#include "ops/optimizer.h"
#include "training/batches.h"
#include "training/objective.h"

typedef struct nnf_trainer {
    nnf_network *network;
    nnf_rule *rule; /* NULL: only evaluates */
    nnf_objective objective;
    nnf_workspace workspace;
    nnf_row_values values;
    nnf_arena gradients; /* laid out like the parameters; for batches of several shards */
    nnf_order order;
    ptrdiff_t n_carried; /* rows of the workspace that the last batch used */
} nnf_trainer;

void nnf_trainer_release(nnf_trainer *trainer);
/* Arguments must be valid. */
nnf_status nnf_train(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats);
/* After NOT_FINITE: the lowest layer that gave a value that is not finite, -1 if the scaled input held one already, n_layers if only
 * the loss did. */
int nnf_trainer_find_bad_layer(const nnf_trainer *trainer);

#endif
