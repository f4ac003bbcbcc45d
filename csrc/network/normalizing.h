/* normalizing.h: the normalization layers of passes.h. */
#ifndef NNF_NETWORK_NORMALIZING_H
#define NNF_NETWORK_NORMALIZING_H

#include "network/passes.h"

/* True for batch normalization that takes the statistics of the rows it is given: a part of it must have all rows of the batch, and
 * going back its sums must be complete in a part's columns before these descend. */
bool nnf_normalizing_takes_batch(const nnf_passes *passes, int layer);

/* What nnf_passes_layer_forward, _derive and _descend do for such a layer; below: rows of the gradient of its input. */
void nnf_normalizing_forward(const nnf_passes *passes, int layer, const nnf_part *part);
void nnf_normalizing_derive(const nnf_passes *passes, int layer, const nnf_part *part);
void nnf_normalizing_descend(const nnf_passes *passes, int layer, const nnf_part *part, nnf_rows below);

/* What nnf_passes_block_gradient and _extend_gradient do; the latter not for a layer that takes a batch. */
void nnf_normalizing_block_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t n, void *tile);
void nnf_normalizing_extend_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t begin, ptrdiff_t end, void *tile,
                                     bool is_continued);

/* Lets moving statistics take in the batch's in a part's columns, of all layers that take a batch. */
void nnf_normalizing_learn(const nnf_passes *passes, const nnf_part *part);

#endif
