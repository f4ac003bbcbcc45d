/* activations.h: the list of activations. A row is the code, the name users write, and what the backward
 * kernel reads beside the gradient:
 *   OUTPUT  the derivative follows from y alone, so the pre-activation need not be kept
 *   INPUT   it needs the pre-activation x
 * To add one: a row here, a pair of functions in activations.inc.h. */
#ifndef NNF_KERNELS_ACTIVATIONS_H
#define NNF_KERNELS_ACTIVATIONS_H

#include <stdbool.h>

#define NNF_ELEMENTWISE_ACTIVATION_LIST(ROW) \
    ROW(LINEAR, linear, OUTPUT)              \
    ROW(SIGMOID, sigmoid, OUTPUT)            \
    ROW(TANH, tanh, OUTPUT)                  \
    ROW(RELU, relu, OUTPUT)                  \
    ROW(LEAKY_RELU, leaky_relu, OUTPUT)      \
    ROW(ELU, elu, OUTPUT)                    \
    ROW(GELU, gelu, INPUT)                   \
    ROW(SOFTPLUS, softplus, OUTPUT)          \
    ROW(SILU, silu, INPUT)                   \
    ROW(BINARY_STEP, binary_step, OUTPUT)    \
    ROW(SIGN, sign, OUTPUT)                  \
    ROW(RELU6, relu6, OUTPUT)                \
    ROW(SELU, selu, OUTPUT)                  \
    ROW(CELU, celu, OUTPUT)                  \
    ROW(GELU_TANH, gelu_tanh, INPUT)         \
    ROW(SOFTSIGN, softsign, OUTPUT)          \
    ROW(MISH, mish, INPUT)                   \
    ROW(HARD_SIGMOID, hard_sigmoid, OUTPUT)  \
    ROW(HARD_TANH, hard_tanh, OUTPUT)        \
    ROW(HARD_SWISH, hard_swish, INPUT)       \
    ROW(EXPONENTIAL, exponential, OUTPUT)    \
    ROW(BINARY_STEP_STRAIGHT_THROUGH, binary_step_straight_through, INPUT) \
    ROW(SIGN_STRAIGHT_THROUGH, sign_straight_through, INPUT)

/* Those that look at a whole row; their pairs are in rows.inc.h. */
#define NNF_ROW_ACTIVATION_LIST(ROW) \
    ROW(SOFTMAX, softmax, OUTPUT)    \
    ROW(LOG_SOFTMAX, log_softmax, OUTPUT)

#define NNF_ACTIVATION_LIST(ROW) NNF_ELEMENTWISE_ACTIVATION_LIST(ROW) NNF_ROW_ACTIVATION_LIST(ROW)

typedef enum nnf_activation {
#define NNF_ROW(code, name, needs) NNF_ACTIVATION_##code,
    NNF_ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_ACTIVATIONS
} nnf_activation;

/* True if the backward kernel reads x, false if it reads y. */
static inline bool nnf_activation_needs_input(nnf_activation activation)
{
    enum { OUTPUT, INPUT };
    static const unsigned char needs[] = {
#define NNF_ROW(code, name, what) what,
        NNF_ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return needs[activation] == INPUT;
}

/* True if an element of y depends on the whole row of x: rows must not be cut. */
static inline bool nnf_activation_is_by_row(nnf_activation activation)
{
    static const bool by_row[NNF_N_ACTIVATIONS] = {
#define NNF_ROW(code, name, needs) [NNF_ACTIVATION_##code] = true,
        NNF_ROW_ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return by_row[activation];
}

#endif
