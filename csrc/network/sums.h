/* sums.h: sums over the elements of a parameter, with the same bits however wide panels are and whoever computes a block's part.
 *
 * A parameter has one double for each column of each stretch of NNF_BLOCK_ROWS rows, stretch after stretch; a vector is one stretch.
 * They are added up in 16 lanes, joined by one tree. */
#ifndef NNF_NETWORK_SUMS_H
#define NNF_NETWORK_SUMS_H

#include "network/passes.h"

enum { NNF_SUM_LANES = 16 };

typedef struct nnf_lane_sum {
    double lane[NNF_SUM_LANES];
    ptrdiff_t n; /* how many were added */
} nnf_lane_sum;

void nnf_lane_sum_add(nnf_lane_sum *sum, const double *x, ptrdiff_t n);
double nnf_lane_sum_get(const nnf_lane_sum *sum);

/* Where a parameter's doubles begin among network->n_sums, and how many there are; and where a task's do. */
ptrdiff_t nnf_sums_get_first(const nnf_layer *layer, nnf_parameter which);
ptrdiff_t nnf_sums_count(const nnf_layer *layer, nnf_parameter which);
ptrdiff_t nnf_sums_get_place(const nnf_network *network, const nnf_task *task);
/* The block's rows, without what fills them up to whole vectors, in an array that lies as the task's block does. */
nnf_shape nnf_task_get_shape(const nnf_network *network, const nnf_task *task);
nnf_rows nnf_task_get_rows(const nnf_network *network, const nnf_task *task, const void *block);
/* Writes the sums of such a block's squares, column by column, to the task's place in sums. */
void nnf_task_sum_squares(const nnf_network *network, const nnf_task *task, const void *block, double *sums);

#endif
