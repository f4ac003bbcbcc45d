/* network.h: layers in order, and one block of memory for their parameters. */
#ifndef NNF_NETWORK_NETWORK_H
#define NNF_NETWORK_NETWORK_H

#include "base/memory.h"
#include "base/status.h"
#include "network/spec.h"
#include "ops/dense.h"

typedef struct nnf_layer {
    nnf_layer_spec spec;
    ptrdiff_t in_size, out_size;
    nnf_dense dense;                    /* of a dense layer */
    size_t weights_offset, bias_offset; /* bytes into the parameters */
    ptrdiff_t first_sum;                /* see sums.h */
    size_t transposed_offset;           /* bytes into the network's memory */
    bool keep_transposed;               /* dense.transposed is brought up to date with every change */
} nnf_layer;

/* One piece of the work of updating: a block of the parameters of a layer. */
typedef struct nnf_task {
    int layer;
    nnf_block block;
    double cost; /* proportional to the time it takes */
} nnf_task;

struct nnf_spares;

typedef struct nnf_network {
    const nnf_kernels *kernels;
    ptrdiff_t in_size, out_size;
    double in_scale, in_offset;
    int n_layers;
    nnf_layer *layers;
    nnf_arena memory;
    size_t parameter_size; /* bytes of all weights and biases, which lie first in memory */
    ptrdiff_t n_sums;      /* see sums.h */
    int n_tasks;
    nnf_task *tasks;           /* every block of every trained parameter */
    int first_trained;         /* the lowest layer with a trained parameter, n_layers if there is none */
    double work_per_row;       /* multiply-adds of one row, forward and backward */
    struct nnf_spares *spares; /* of spares.h; what predictions share */
} nnf_network;

/* The spec must be valid. */
nnf_status nnf_network_allocate(const nnf_kernels *kernels, const nnf_network_spec *spec, nnf_network **network);
void nnf_network_release(nnf_network *network);

/* Brings the transposed copy of a dense layer up to date with its weights. */
void nnf_network_refresh(const nnf_network *network, int layer);
/* Copies between a caller's row-by-row array and a parameter, or an array laid out like the parameters. */
void nnf_network_unpack(const nnf_network *network, int layer, nnf_parameter which, const void *parameters, void *values);
void nnf_network_pack(const nnf_network *network, int layer, nnf_parameter which, const void *values, void *parameters);

/* A member's share [*begin, *end) of the tasks, even in cost. */
void nnf_network_share_tasks(const nnf_network *network, int index, int size, int *begin, int *end);

#endif
