/* passes.h: forward and backward through the layers. One thread does one call; calls for different parts may run at once. */
#ifndef NNF_NETWORK_PASSES_H
#define NNF_NETWORK_PASSES_H

#include "base/matrix.h"
#include "network/workspace.h"
#include "ops/optimizer.h"

typedef struct nnf_pass_mode {
    bool training;  /* dropout is on, and batch normalization takes the statistics of the batch */
    bool to_logits; /* leave out the last layer's activation */
    uint64_t seed;  /* with epoch and the row's position decides what is dropped */
    uint32_t epoch;
    uint64_t position; /* in the epoch, of row 0 of the workspace */
} nnf_pass_mode;

/* What all calls of a pass share. */
typedef struct nnf_passes {
    const nnf_network *network;
    const nnf_workspace *workspace;
    nnf_pass_mode mode;
    nnf_rows in_place; /* unless data is NULL the input's rows, instead of those of the workspace */
    bool is_resumed;   /* the input is read again in another call: it must be copied */
    bool is_begun;     /* of one row: z of the first layer is there already, and nobody asks for zeros of the input */
} nnf_passes;

/* Rows begin .. end - 1, and of the columns of each layer the index-th of size shares, which are whole panels. */
typedef struct nnf_part {
    ptrdiff_t begin, end;
    int index, size;
} nnf_part;

/* Those rows, all columns. */
nnf_part nnf_part_of_rows(ptrdiff_t begin, ptrdiff_t end);

/* Rows of the data: the one for row i of a workspace has number first + i, or order[first + i] where there is an order. */
typedef struct nnf_source {
    const nnf_matrix *matrix;
    const uint32_t *order;
    int64_t first;
} nnf_source;

/* Makes the source's rows i, scaled, the input rows i, begin <= i < end: by copying them, or as they lie if that will do. */
void nnf_passes_gather(nnf_passes *passes, const nnf_source *source, ptrdiff_t begin, ptrdiff_t end);

/* ---- all layers, for rows begin .. end - 1, which are all if a layer takes the statistics of the batch ---- */

/* input -> output of every layer. */
void nnf_passes_forward(const nnf_passes *passes, ptrdiff_t begin, ptrdiff_t end);
/* What a layer reads; for layer n_layers, what the network gives. */
nnf_rows nnf_passes_get_input(const nnf_passes *passes, int layer);
/* The rows the last layer gave. */
nnf_rows nnf_passes_get_output(const nnf_passes *passes);
/* The lowest layer with an output that is not finite, -1 if the input is not, n_layers if all are. */
int nnf_passes_find_not_finite(const nnf_passes *passes, ptrdiff_t begin, ptrdiff_t end);
/* Where the gradient with respect to those is to be put before going backward. */
nnf_rows nnf_passes_get_output_gradient(const nnf_passes *passes);
/* Leaves grad_z of every dense layer from lowest on in its gradient rows, grad_y of every normalization; with lowest 0 and want_input,
 * the input gradient too. */
void nnf_passes_backward(const nnf_passes *passes, int lowest, bool want_input, ptrdiff_t begin, ptrdiff_t end);

/* ---- one layer: what the above is made of ---- */

/* False for dropout outside training, which has no rows of its own. */
bool nnf_passes_has_layer(const nnf_passes *passes, int layer);
/* The layer's output from its input. */
void nnf_passes_layer_forward(const nnf_passes *passes, int layer, const nnf_part *part);
/* The gradient of a dense layer's output becomes that of z, of a layer's without trained parameters that of its input; in place. */
void nnf_passes_layer_derive(const nnf_passes *passes, int layer, const nnf_part *part);
/* The gradient of a dense layer's z, or of batch or layer normalization's y, goes on to that of its input; the part's columns are the
 * input's. */
void nnf_passes_layer_descend(const nnf_passes *passes, int layer, const nnf_part *part);

/* ---- blocks of parameters ---- */

/* The gradient of one task's block over rows 0 .. n - 1. tile: NNF_BLOCK_BYTES. */
void nnf_passes_block_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t n, void *tile);
/* Adds rows begin .. end - 1 of a shard to the chains in tile, or begins these. */
void nnf_passes_extend_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t begin, ptrdiff_t end, void *tile,
                                bool is_continued);
/* Where the task's block lies in an array laid out like the parameters: bytes. */
size_t nnf_task_offset(const nnf_network *network, const nnf_task *task);
ptrdiff_t nnf_task_size(const nnf_network *network, const nnf_task *task);
/* Updates the task's block with its gradient, which lies as the block does. */
void nnf_task_update(const nnf_network *network, const nnf_task *task, const nnf_rule *rule, const void *gradient);
/* Brings the layer's transposed copy, where it is kept, up to date with the block. */
void nnf_task_refresh(const nnf_network *network, const nnf_task *task);
/* Updates it with the gradient of row 0 alone, which is never written. slope: added; may be NULL; room for whole vectors. */
void nnf_passes_update_by_row(const nnf_passes *passes, const nnf_task *task, const nnf_rule *rule, const nnf_slope *slope);
/* Does so with all weights of the first layer, which is dense, and begins the next row's passes with them: its input is there, and
 * the layer's other parameters are updated. The rule has no decay. */
void nnf_passes_update_and_begin(const nnf_passes *passes, const nnf_rule *rule, const nnf_passes *next);

#endif
