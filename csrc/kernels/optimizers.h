/* optimizers.h: the list of update rules. A row is the code, the name, the number of state arrays each as
 * large as the parameters, and the names of its hyperparameters in the order the update receives them: the learning
 * rate, which may differ from step to step, comes first. All state begins with 0.
 * To add one: a row here, an update in optimizers.inc.h. */
#ifndef NNF_KERNELS_OPTIMIZERS_H
#define NNF_KERNELS_OPTIMIZERS_H

#define NNF_OPTIMIZER_LIST(ROW)                                                                       \
    ROW(SGD, sgd, 0, "learning_rate")                                                                 \
    ROW(MOMENTUM, momentum, 1, "learning_rate momentum")                                              \
    ROW(NESTEROV, nesterov, 1, "learning_rate momentum")                                              \
    ROW(ADAM, adam, 2, "learning_rate beta_1 beta_2 epsilon")                                         \
    ROW(AMSGRAD, amsgrad, 3, "learning_rate beta_1 beta_2 epsilon")                                   \
    ROW(NADAM, nadam, 2, "learning_rate beta_1 beta_2 epsilon")                                       \
    ROW(ADAMAX, adamax, 2, "learning_rate beta_1 beta_2 epsilon")                                     \
    ROW(RMSPROP, rmsprop, 1, "learning_rate rho epsilon")                                             \
    ROW(RMSPROP_MOMENTUM, rmsprop_momentum, 2, "learning_rate rho epsilon momentum")                  \
    ROW(RMSPROP_CENTERED, rmsprop_centered, 2, "learning_rate rho epsilon")                           \
    ROW(RMSPROP_CENTERED_MOMENTUM, rmsprop_centered_momentum, 3, "learning_rate rho epsilon momentum") \
    ROW(ADAGRAD, adagrad, 1, "learning_rate initial_accumulator_value epsilon")                       \
    ROW(ADADELTA, adadelta, 2, "learning_rate rho epsilon")                                           \
    ROW(LION, lion, 1, "learning_rate beta_1 beta_2")                                                 \
    ROW(RPROP, rprop, 2, "learning_rate eta_minus eta_plus step_size_min step_size_max")

typedef enum nnf_optimizer_rule {
#define NNF_ROW(code, name, n_slots, hyperparameters) NNF_OPTIMIZER_##code,
    NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
        NNF_N_OPTIMIZERS
} nnf_optimizer_rule;

enum { NNF_MAX_SLOTS = 4, NNF_MAX_HYPERPARAMETERS = 8 };

#endif
