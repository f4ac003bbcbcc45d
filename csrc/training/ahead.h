/* ahead.h: batches of one row each, one behind the other by one member. The first layer's weights are updated with the one row and
 * multiplied with the next in a single pass over them. Between batches all parameters are up to date; what has been begun of the
 * next batch may be left unused. */
#ifndef NNF_TRAINING_AHEAD_H
#define NNF_TRAINING_AHEAD_H

#include "training/job.h"

/* True if the batch's update can begin the next batch. */
bool nnf_ahead_is_possible(const nnf_job *job, const nnf_member *member, const nnf_batch *batch);
/* If the batch before has begun these passes, and no team has come together since, they become those. */
void nnf_ahead_take_up(const nnf_job *job, const nnf_member *member, nnf_passes *passes);
/* Asks for the rows that the next batch reads. */
void nnf_ahead_ask(const nnf_job *job, const nnf_batch *batch);
/* When all other parameters are updated: the weights of the first layer, and the next batch's begin. */
void nnf_ahead_run(nnf_job *job, const nnf_batch *batch, const nnf_passes *passes);

#endif
