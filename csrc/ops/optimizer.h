/* optimizer.h: an update rule with its state: as many arrays, laid out like the parameters, as the rule has slots. */
#ifndef NNF_OPS_OPTIMIZER_H
#define NNF_OPS_OPTIMIZER_H

#include "base/memory.h"
#include "kernels/kernels.h"

typedef struct nnf_rule {
    const nnf_kernels *kernels;
    nnf_optimizer_rule rule;
    double hyperparameter[NNF_MAX_HYPERPARAMETERS]; /* the first is the learning rate */
    double weight_decay;                            /* a step begins with parameters -= learning rate * weight_decay * parameters */
    double factor[NNF_MAX_HYPERPARAMETERS], decay;  /* of the step being taken */
    int64_t step;                                   /* steps taken */
    int n_slots;
    void *slot[NNF_MAX_SLOTS];
    nnf_arena state;
} nnf_rule;

int nnf_rule_count_slots(nnf_optimizer_rule rule);
/* Separated by spaces. */
const char *nnf_rule_get_hyperparameter_names(nnf_optimizer_rule rule);
int nnf_rule_count_hyperparameters(nnf_optimizer_rule rule);

/* parameter_size: bytes of the parameters. False if memory is short. */
bool nnf_rule_create(nnf_rule *rule, const nnf_kernels *kernels, nnf_optimizer_rule kind, size_t parameter_size);
void nnf_rule_free(nnf_rule *rule);
/* Makes ready for the next step, with a learning rate in the first hyperparameter's place; step counts up only once the step is sure to
 * be taken. By one thread. */
void nnf_rule_prepare(nnf_rule *rule, double learning_rate);
/* Updates n reals at byte offset of the parameters. Threads may do different parts. */
void nnf_rule_update(const nnf_rule *rule, void *parameters, size_t offset, ptrdiff_t n, const void *gradient);
/* The same for a block, its gradient the outer product of x and gradient. */
typedef struct nnf_outer_update {
    size_t offset;
    nnf_shape shape; /* columns are whole vectors */
    const void *x, *gradient;
    const nnf_slope *slope; /* added; may be NULL */
} nnf_outer_update;

void nnf_rule_update_outer(const nnf_rule *rule, void *parameters, const nnf_outer_update *outer);
/* The same for the whole of next->b, whose shape it has, by a rule without decay; then next with what has come of it. */
void nnf_rule_update_multiply(const nnf_rule *rule, void *parameters, const nnf_outer_update *outer, const nnf_row_product *next);

#endif
