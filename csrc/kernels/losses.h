/* losses.h: the list of losses. A row is the code, the name, the activation that the loss applies itself, in the stable joint
 * form (LINEAR: none), what a row's loss is of those of its elements alone (nnf_loss_elements), and the names of its parameters
 * in the order the loss receives them. A loss whose name ends in _logits takes pre-activations. Class labels have become one-hot
 * rows before a loss sees them, so there is no sparse variant here.
 * To add one: a row here, a function in losses.inc.h or beside it. */
#ifndef NNF_KERNELS_LOSSES_H
#define NNF_KERNELS_LOSSES_H

#include "kernels/activations.h"

#define NNF_LOSS_LIST(ROW)                                                                                                          \
    ROW(MEAN_SQUARED_ERROR, mean_squared_error, LINEAR, MEAN, "")                                                                   \
    ROW(SUM_SQUARED_ERROR, sum_squared_error, LINEAR, SUM, "")                                                                      \
    ROW(MEAN_ABSOLUTE_ERROR, mean_absolute_error, LINEAR, MEAN, "")                                                                 \
    ROW(MEAN_ABSOLUTE_PERCENTAGE_ERROR, mean_absolute_percentage_error, LINEAR, MEAN, "")                                           \
    ROW(MEAN_SQUARED_LOGARITHMIC_ERROR, mean_squared_logarithmic_error, LINEAR, MEAN, "")                                           \
    ROW(HUBER, huber, LINEAR, MEAN, "delta")                                                                                        \
    ROW(LOG_COSH, log_cosh, LINEAR, MEAN, "")                                                                                       \
    ROW(QUANTILE, quantile, LINEAR, MEAN, "quantile")                                                                               \
    ROW(POISSON, poisson, LINEAR, MEAN, "")                                                                                         \
    ROW(COSINE_SIMILARITY, cosine_similarity, LINEAR, NONE, "")                                                                     \
    ROW(HINGE, hinge, LINEAR, MEAN, "")                                                                                             \
    ROW(SQUARED_HINGE, squared_hinge, LINEAR, MEAN, "")                                                                             \
    ROW(CATEGORICAL_HINGE, categorical_hinge, LINEAR, NONE, "")                                                                     \
    ROW(KL_DIVERGENCE, kl_divergence, LINEAR, SUM, "")                                                                              \
    ROW(BINARY_CROSSENTROPY, binary_crossentropy, LINEAR, MEAN, "label_smoothing pos_weight")                                       \
    ROW(BINARY_CROSSENTROPY_LOGITS, binary_crossentropy_logits, SIGMOID, MEAN, "label_smoothing pos_weight")                        \
    ROW(CATEGORICAL_CROSSENTROPY, categorical_crossentropy, LINEAR, NONE, "label_smoothing")                                        \
    ROW(CATEGORICAL_CROSSENTROPY_LOGITS, categorical_crossentropy_logits, SOFTMAX, NONE, "label_smoothing")                         \
    ROW(BINARY_FOCAL_CROSSENTROPY, binary_focal_crossentropy, LINEAR, MEAN,                                                         \
        "apply_class_balancing alpha gamma label_smoothing")                                                                        \
    ROW(BINARY_FOCAL_CROSSENTROPY_LOGITS, binary_focal_crossentropy_logits, SIGMOID, MEAN,                                          \
        "apply_class_balancing alpha gamma label_smoothing")                                                                        \
    ROW(CATEGORICAL_FOCAL_CROSSENTROPY, categorical_focal_crossentropy, LINEAR, NONE, "alpha gamma label_smoothing")                \
    ROW(CATEGORICAL_FOCAL_CROSSENTROPY_LOGITS, categorical_focal_crossentropy_logits, SOFTMAX, NONE, "alpha gamma label_smoothing")

typedef enum nnf_loss {
#define NNF_ROW(code, name, joint, elements, parameters) NNF_LOSS_##code,
    NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_LOSSES
} nnf_loss;

enum { NNF_MAX_LOSS_PARAMETERS = 4 };

/* The activation that the loss applies itself, NNF_ACTIVATION_LINEAR if it takes outputs as they are. */
static inline nnf_activation nnf_loss_get_activation(nnf_loss loss)
{
    static const unsigned char joint_activation[] = {
#define NNF_ROW(code, name, joint, elements, parameters) NNF_ACTIVATION_##joint,
        NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return (nnf_activation)joint_activation[loss];
}

/* The loss of a row from those of its elements, each taken as a row of one column; NONE: it cannot be told from them. */
typedef enum nnf_loss_elements { NNF_LOSS_ELEMENTS_NONE, NNF_LOSS_ELEMENTS_MEAN, NNF_LOSS_ELEMENTS_SUM } nnf_loss_elements;

static inline nnf_loss_elements nnf_loss_get_elements(nnf_loss loss)
{
    static const unsigned char kinds[] = {
#define NNF_ROW(code, name, joint, elements, parameters) NNF_LOSS_ELEMENTS_##elements,
        NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return (nnf_loss_elements)kinds[loss];
}

#endif
