/* spec.h: a network in words, as the caller describes it. */
#ifndef NNF_NETWORK_SPEC_H
#define NNF_NETWORK_SPEC_H

#include "base/dtype.h"
#include "kernels/activations.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum nnf_layer_kind {
    NNF_LAYER_DENSE,
    NNF_LAYER_ACTIVATION,
    NNF_LAYER_DROPOUT,
    NNF_LAYER_RESCALING,
} nnf_layer_kind;

typedef struct nnf_layer_spec {
    nnf_layer_kind kind;
    int64_t out_size; /* dense; the others keep the size */
    bool use_bias;    /* dense */
    bool train_weights, train_bias;
    nnf_activation activation; /* dense and activation */
    double parameter;          /* the activation's */
    double rate;               /* dropout: [0, 1) */
    double scale, offset;      /* rescaling */
} nnf_layer_spec;

typedef struct nnf_network_spec {
    nnf_dtype dtype; /* NNF_F32 or NNF_F64 */
    int64_t in_size;
    double in_scale, in_offset; /* inputs are taken as x * in_scale + in_offset */
    int n_layers;
    const nnf_layer_spec *layers;
} nnf_network_spec;

typedef enum nnf_parameter { NNF_WEIGHTS, NNF_BIAS } nnf_parameter;

#endif
