/* batches.h: in which order samples come, and their targets. */
#ifndef NNF_TRAINING_BATCHES_H
#define NNF_TRAINING_BATCHES_H

#include "base/matrix.h"
#include "network/passes.h"

/* The order of samples in one epoch; made again only when seed or epoch change. */
typedef struct nnf_order {
    uint32_t *sample; /* NULL where samples come as they lie */
    int64_t n;
    bool is_made;
    uint64_t seed;
    uint32_t epoch;
} nnf_order;

/* Makes room for n samples, or none if they are not shuffled. False if memory is short. */
bool nnf_order_reserve(nnf_order *order, int64_t n, bool shuffle);
/* Allocates nothing. */
void nnf_order_shuffle(nnf_order *order, uint64_t seed, uint32_t epoch);
void nnf_order_free(nnf_order *order);

/* Copies the source's targets i to target rows i, begin <= i < end: class labels become one-hot rows. False if a label is out of
 * range. */
bool nnf_batches_gather_targets(const nnf_passes *passes, const nnf_source *source, ptrdiff_t begin, ptrdiff_t end);
/* The row for row i of a workspace. */
unsigned char *nnf_source_get_row(const nnf_source *source, ptrdiff_t i);
/* Asks for that row, which may lie anywhere in memory, to be in cache when it is read; does nothing for a sparse matrix. */
void nnf_source_ask_for_row(const nnf_source *source, ptrdiff_t i);
/* Copies the source's weights i to weight[i], begin <= i < end; of several columns their mean. */
void nnf_batches_gather_weights(const nnf_source *source, ptrdiff_t begin, ptrdiff_t end, double *weight);
/* The sum of the same, in ascending order. */
double nnf_batches_sum_weights(const nnf_source *source, ptrdiff_t begin, ptrdiff_t end);
/* Copies the outputs of rows i to the rows of the matrix that a source would have read. */
void nnf_batches_scatter_outputs(const nnf_passes *passes, const nnf_source *destination, ptrdiff_t begin, ptrdiff_t end);

#endif
