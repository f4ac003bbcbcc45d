/* losses.h: the list of losses. A row is the code and the name. A loss whose name ends in _logits takes
 * pre-activations and applies its activation itself, in the stable joint form. Class labels have become one-hot
 * rows before a loss sees them, so there is no sparse variant here.
 * To add one: a row here, a function in losses.inc.h. */
#ifndef NNF_KERNELS_LOSSES_H
#define NNF_KERNELS_LOSSES_H

#define NNF_LOSS_LIST(ROW)                                      \
    ROW(MEAN_SQUARED_ERROR, mean_squared_error)                 \
    ROW(SUM_SQUARED_ERROR, sum_squared_error)                   \
    ROW(BINARY_CROSSENTROPY, binary_crossentropy)               \
    ROW(BINARY_CROSSENTROPY_LOGITS, binary_crossentropy_logits) \
    ROW(CATEGORICAL_CROSSENTROPY, categorical_crossentropy)     \
    ROW(CATEGORICAL_CROSSENTROPY_LOGITS, categorical_crossentropy_logits)

typedef enum nnf_loss {
#define NNF_ROW(code, name) NNF_LOSS_##code,
    NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_LOSSES
} nnf_loss;

#endif
