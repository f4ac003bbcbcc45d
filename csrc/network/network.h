/* network.h: layers in order, and one block of memory for their parameters. */
#ifndef NNF_NETWORK_NETWORK_H
#define NNF_NETWORK_NETWORK_H

#include "base/memory.h"
#include "base/status.h"
#include "network/spec.h"
#include "ops/dense.h"
#include "ops/normalization.h"

typedef struct nnf_layer {
    nnf_layer_spec spec;
    ptrdiff_t in_size, out_size;
    nnf_dense dense;                 /* of a dense layer */
    nnf_normalization norm;          /* of a normalization */
    const nnf_panels *panels;        /* of the one or the other: how the layer's columns are shared; NULL: it has no parameters */
    size_t offset[NNF_N_PARAMETERS]; /* bytes into the parameters, of those the layer has */
    ptrdiff_t first_sum;             /* see sums.h */
    size_t copy_offset;              /* bytes into the network's memory: of dense.transposed or norm.inverse */
    bool keep_transposed;            /* dense.transposed is brought up to date with every change */
} nnf_layer;

/* One piece of the work of updating: a block of the parameters of a layer. */
typedef struct nnf_task {
    int layer;
    nnf_parameter which;
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
    size_t parameter_size; /* bytes of all parameters, which lie first in memory */
    ptrdiff_t n_sums;      /* see sums.h */
    int n_tasks;
    nnf_task *tasks;           /* every block of every trained parameter */
    int first_trained;         /* the lowest layer with a trained parameter, n_layers if there is none */
    bool has_batch_statistics; /* a layer takes those of the batch while training: all its rows must be at hand at once */
    double work_per_row;       /* multiply-adds of one row, forward and backward */
    struct nnf_spares *spares; /* of spares.h; what predictions share */
} nnf_network;

/* The spec must be valid. */
nnf_status nnf_network_allocate(const nnf_kernels *kernels, const nnf_network_spec *spec, nnf_network **network);
void nnf_network_release(nnf_network *network);

bool nnf_network_has_parameter(const nnf_network *network, int layer, nnf_parameter which);
/* True if the layer has the parameter and blocks of it are updated. */
bool nnf_network_trains(const nnf_network *network, int layer, nnf_parameter which);
/* Brings the transposed copy of a dense layer up to date with its weights, or inverse deviations with variances. */
void nnf_network_refresh(const nnf_network *network, int layer);
/* Copies between a caller's row-by-row array and a parameter, or an array laid out like the parameters. */
void nnf_network_unpack(const nnf_network *network, int layer, nnf_parameter which, const void *parameters, void *values);
void nnf_network_pack(const nnf_network *network, int layer, nnf_parameter which, const void *values, void *parameters);

/* A member's share [*begin, *end) of the tasks, even in cost. */
void nnf_network_share_tasks(const nnf_network *network, int index, int size, int *begin, int *end);

#endif
