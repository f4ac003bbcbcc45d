/* workspace.h: every buffer a pass over some rows needs. Row i of all of them belongs to row i of the pass, so threads that
 * have rows of their own share nothing. */
#ifndef NNF_NETWORK_WORKSPACE_H
#define NNF_NETWORK_WORKSPACE_H

#include "network/network.h"

/* The buffers of one layer. Strides have room for whole vectors. */
typedef struct nnf_layer_rows {
    nnf_rows pre; /* pre-activations; the same as output where they are not kept */
    nnf_rows output;
    nnf_rows gradient;         /* with respect to output; layers without trained parameters share that of the layer below */
    nnf_rows factor;           /* of dropout in training: what going forward multiplied by */
    nnf_statistics statistics; /* of batch and layer normalization */
} nnf_layer_rows;

typedef struct nnf_workspace {
    ptrdiff_t n_rows; /* room */
    bool has_gradients;
    nnf_rows input, target;
    nnf_zeros zeros;         /* of input */
    nnf_rows input_gradient; /* with respect to the scaled input */
    nnf_layer_rows *layers;
    nnf_arena memory;
} nnf_workspace;

/* Makes room for n_rows, keeping what there is if it is enough. False if memory is short: the workspace is then as before. */
bool nnf_workspace_reserve(nnf_workspace *workspace, const nnf_network *network, ptrdiff_t n_rows, bool with_gradients);
/* Safe on a zeroed workspace. */
void nnf_workspace_free(nnf_workspace *workspace);

#endif
