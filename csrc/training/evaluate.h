/* evaluate.h: loss and metrics over many rows, in chunks shared by a team. Only reads the network. */
#ifndef NNF_TRAINING_EVALUATE_H
#define NNF_TRAINING_EVALUATE_H

#include "base/poll.h"
#include "base/status.h"
#include "training/objective.h"

/* A loss that is not finite is a result here, not a failure. Of the run only weights, outputs and poll count. */
nnf_status nnf_evaluate(const nnf_network *network, const nnf_objective *objective, const nnf_matrix *x, const nnf_matrix *y,
                        const nnf_run *run, nnf_stats *stats);

#endif
