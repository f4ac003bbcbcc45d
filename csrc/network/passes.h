/* passes.h: forward and backward through the layers, for rows begin .. end - 1 of a workspace. One thread does the rows of one
 * call; calls for different rows may run at once. */
#ifndef NNF_NETWORK_PASSES_H
#define NNF_NETWORK_PASSES_H

#include "base/matrix.h"
#include "network/workspace.h"
#include "ops/optimizer.h"

typedef struct nnf_pass_mode {
    bool training;  /* dropout is on */
    bool to_logits; /* leave out the last layer's activation */
    uint64_t seed;  /* with epoch and the row's position decides what is dropped */
    uint32_t epoch;
    uint64_t position; /* in the epoch, of row 0 of the workspace */
} nnf_pass_mode;

/* Copies rows order[i] (or first + i) of x, scaled, to input rows i, begin <= i < end. */
void nnf_passes_gather(const nnf_network *network, const nnf_workspace *workspace, const nnf_matrix *x, const uint32_t *order,
                       int64_t first, ptrdiff_t begin, ptrdiff_t end);
/* input -> output of every layer. */
void nnf_passes_forward(const nnf_network *network, const nnf_workspace *workspace, nnf_pass_mode mode, ptrdiff_t begin, ptrdiff_t end);
/* The rows the last layer gave. */
nnf_rows nnf_passes_get_output(const nnf_network *network, const nnf_workspace *workspace, bool training);
/* Where the gradient with respect to those is to be put before going backward. */
nnf_rows nnf_passes_get_output_gradient(const nnf_network *network, const nnf_workspace *workspace);
/* Leaves grad_z of every dense layer from lowest on in its gradient rows; with lowest 0 and want_input, the input gradient too. */
void nnf_passes_backward(const nnf_network *network, const nnf_workspace *workspace, nnf_pass_mode mode, int lowest, bool want_input,
                         ptrdiff_t begin, ptrdiff_t end);
/* The gradient of one task's block over the first n rows. tile: NNF_BLOCK_BYTES. */
void nnf_passes_block_gradient(const nnf_network *network, const nnf_workspace *workspace, bool training, const nnf_task *task, ptrdiff_t n,
                               void *tile);
/* Where the task's block lies in an array laid out like the parameters: bytes. */
size_t nnf_task_offset(const nnf_network *network, const nnf_task *task);
ptrdiff_t nnf_task_size(const nnf_network *network, const nnf_task *task);

/* Updates the task's block with its gradient, which lies as the block does. */
void nnf_task_update(const nnf_network *network, const nnf_task *task, const nnf_rule *rule, const void *gradient);

#endif
