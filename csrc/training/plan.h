/* plan.h: who of a team does what in a batch. It follows from shapes and the team's size alone, but for whole shards, which go to
 * whoever is free; and no bit of a result follows from it. */
#ifndef NNF_TRAINING_PLAN_H
#define NNF_TRAINING_PLAN_H

#include "network/network.h"

typedef struct nnf_plan {
    bool *by_columns; /* one a layer: members take panels of it, for all rows; else rows */
    int *owner;       /* one a task: the member that updates the block */
} nnf_plan;

/* False if memory is short. */
bool nnf_plan_reserve(nnf_plan *plan, const nnf_network *network);
void nnf_plan_free(nnf_plan *plan);

/* True if members are to take whole shards of a batch. */
bool nnf_plan_is_by_shards(const nnf_network *network, int64_t batch_size);
/* Rows of each of these shards: the constant, or in a build that may reorder sums such that every member has one. */
static inline ptrdiff_t nnf_plan_get_shard_rows(int64_t batch_size, int size)
{
    return NNF_MAY_REORDER ? (ptrdiff_t)((batch_size + size - 1) / size) : NNF_SHARD_ROWS;
}
/* How many there are in a batch, and how many of these a team takes between two meetings. */
ptrdiff_t nnf_plan_count_shards(int64_t batch_size, int size);
ptrdiff_t nnf_plan_choose_round(const nnf_network *network, int64_t batch_size, int size);
/* The most that a team of that size, or a smaller one, takes. */
ptrdiff_t nnf_plan_limit_round(const nnf_network *network, int64_t batch_size, int size);
/* Rows of a batch that go through the layers together: a shard, or all where a layer takes the statistics of the batch. */
ptrdiff_t nnf_plan_choose_rows(const nnf_network *network, int64_t batch_size);
/* For n_rows that go together and a team of size. Allocates nothing. */
void nnf_plan_make(nnf_plan *plan, const nnf_network *network, ptrdiff_t n_rows, int size);

#endif
