/* optimizer.c: see optimizer.h. */
#include "ops/optimizer.h"
#include <string.h>

int nnf_rule_count_slots(nnf_optimizer_rule rule)
{
    static const int n_slots[] = {
#define NNF_ROW(code, name, n_slots, hyperparameters) n_slots,
        NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return n_slots[rule];
}

const char *nnf_rule_get_hyperparameter_names(nnf_optimizer_rule rule)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, n_slots, hyperparameters) hyperparameters,
        NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[rule];
}

int nnf_rule_count_hyperparameters(nnf_optimizer_rule rule)
{
    int count = 1;
    for (const char *c = nnf_rule_get_hyperparameter_names(rule); *c; c++)
        count += *c == ' ';
    return count;
}

bool nnf_rule_create(nnf_rule *rule, const nnf_kernels *kernels, nnf_optimizer_rule kind, size_t parameter_size)
{
    *rule = (nnf_rule){.kernels = kernels, .rule = kind, .n_slots = nnf_rule_count_slots(kind)};
    size_t offset[NNF_MAX_SLOTS];
    for (int s = 0; s < rule->n_slots; s++)
        offset[s] = nnf_arena_plan(&rule->state, parameter_size);
    if (rule->n_slots > 0 && !nnf_arena_create(&rule->state))
        return false;
    for (int s = 0; s < rule->n_slots; s++)
        rule->slot[s] = rule->state.base + offset[s];
    return true;
}

void nnf_rule_free(nnf_rule *rule) { nnf_arena_free(&rule->state); }

void nnf_rule_prepare(nnf_rule *rule, double learning_rate)
{
    double hyperparameter[NNF_MAX_HYPERPARAMETERS];
    memcpy(hyperparameter, rule->hyperparameter, sizeof hyperparameter);
    hyperparameter[0] = learning_rate;
    rule->decay = learning_rate * rule->weight_decay;
    rule->kernels->prepare[rule->rule](hyperparameter, rule->step + 1, rule->factor);
}

/* Filled in where it lies: a struct that is returned is copied in wide pieces, which wait for the narrow stores before them. */
static void fill_update(nnf_update *update, const nnf_rule *rule, void *parameters, size_t offset)
{
    update->parameter = (char *)parameters + offset;
    update->factor = rule->factor;
    update->decay = rule->decay;
    for (int s = 0; s < rule->n_slots; s++)
        update->slot[s] = (char *)rule->slot[s] + offset;
}

void nnf_rule_update(const nnf_rule *rule, void *parameters, size_t offset, ptrdiff_t n, const void *gradient)
{
    nnf_update update = {.n = n, .gradient = gradient};
    fill_update(&update, rule, parameters, offset);
    rule->kernels->update[rule->rule](&update);
}

void nnf_rule_update_outer(const nnf_rule *rule, void *parameters, const nnf_outer_update *outer)
{
    nnf_update update = {.n = outer->shape.columns, .gradient = outer->gradient, .slope = outer->slope};
    fill_update(&update, rule, parameters, outer->offset);
    rule->kernels->update_outer[rule->rule](&update, outer->shape.rows, outer->x);
}

void nnf_rule_update_multiply(const nnf_rule *rule, void *parameters, const nnf_outer_update *outer, const nnf_row_product *next)
{
    nnf_update update = {.gradient = outer->gradient};
    fill_update(&update, rule, parameters, outer->offset);
    rule->kernels->update_multiply[rule->rule](&update, outer->x, next);
}
