/* optimizers.h: the list of update rules. A row is the code, the name, the number of state arrays each as
 * large as the parameters, and the names of its hyperparameters in the order the update receives them.
 * To add one: a row here, an update in optimizers.inc.h. */
#ifndef NNF_KERNELS_OPTIMIZERS_H
#define NNF_KERNELS_OPTIMIZERS_H

#define NNF_OPTIMIZER_LIST(ROW)                          \
    ROW(SGD, sgd, 0, "learning_rate")                    \
    ROW(MOMENTUM, momentum, 1, "learning_rate momentum") \
    ROW(NESTEROV, nesterov, 1, "learning_rate momentum") \
    ROW(ADAM, adam, 2, "learning_rate beta_1 beta_2 epsilon")

typedef enum nnf_optimizer_rule {
#define NNF_ROW(code, name, n_slots, hyperparameters) NNF_OPTIMIZER_##code,
    NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_OPTIMIZERS
} nnf_optimizer_rule;

enum { NNF_MAX_SLOTS = 4, NNF_MAX_HYPERPARAMETERS = 8 };

#endif
