/* step_options.h: what a step of the optimizer does beside its rule. */
#ifndef NNF_NETWORK_STEP_OPTIONS_H
#define NNF_NETWORK_STEP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct nnf_step_options {
    double clip_value;          /* bound of each element of a gradient; 0: none, here and below */
    double clip_norm;           /* of the norm of each parameter's gradient */
    double clip_global_norm;    /* of the norm of all gradients together; at most one of the three */
    int64_t n_batches;          /* whose mean gradient makes one step, >= 1 */
    bool use_average;           /* keep average = momentum average + (1 - momentum) w, after every batch */
    double average_momentum;    /* [0, 1] */
    int64_t overwrite_interval; /* steps after which the average takes the place of the parameters; 0: never */
} nnf_step_options;

#endif
