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
    NNF_LAYER_BATCH_NORMALIZATION,
    NNF_LAYER_LAYER_NORMALIZATION,
    NNF_LAYER_NORMALIZATION,
} nnf_layer_kind;

/* Mean and variance are not trained: batch normalization's moving ones, normalization's given ones. */
typedef enum nnf_parameter { NNF_WEIGHTS, NNF_BIAS, NNF_GAMMA, NNF_BETA, NNF_MEAN, NNF_VARIANCE, NNF_N_PARAMETERS } nnf_parameter;

/* What is added to the loss of a batch for a parameter that is trained: l1 sum |w| + l2 sum w^2; both >= 0. */
typedef struct nnf_penalty {
    double l1, l2;
} nnf_penalty;

/* What a parameter that is trained is brought back to after each batch. */
typedef enum nnf_constraint_kind {
    NNF_CONSTRAINT_NONE,
    NNF_CONSTRAINT_NON_NEGATIVE,
    NNF_CONSTRAINT_NORM, /* of each column of weights, or of the bias, goes a share of the way, rate, into [low, high] */
} nnf_constraint_kind;

typedef struct nnf_constraint {
    nnf_constraint_kind kind;
    double low, high, rate;
} nnf_constraint;

typedef struct nnf_layer_spec {
    nnf_layer_kind kind;
    int64_t out_size;                      /* dense; the others keep the size */
    bool use_bias;                         /* dense; beta of a normalization */
    bool train_weights, train_bias;        /* gamma and beta of a normalization; batch normalization whose train_weights is false takes
                                              moving statistics while training, too, and leaves them as they are */
    nnf_activation activation;             /* dense and activation; of others, too, one of the list */
    double parameter;                      /* the activation's */
    double rate;                           /* dropout: [0, 1) */
    double scale, offset;                  /* rescaling */
    bool use_gamma;                        /* batch and layer normalization */
    double momentum;                       /* batch normalization: [0, 1] */
    double epsilon;                        /* normalizations: > 0 */
    nnf_penalty penalty[NNF_N_PARAMETERS]; /* dense */
    nnf_constraint constraint[NNF_N_PARAMETERS];
} nnf_layer_spec;

typedef struct nnf_network_spec {
    nnf_dtype dtype; /* NNF_F32 or NNF_F64 */
    int64_t in_size;
    double in_scale, in_offset; /* inputs are taken as x * in_scale + in_offset */
    int n_layers;
    const nnf_layer_spec *layers;
} nnf_network_spec;

#endif
