/* lists.c: the kernel lists by name, so that Python repeats none of them. */
#include "nnfast.h"
#include "ops/optimizer.h"

const char *nnf_activation_get_name(int activation)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, needs) #name,
        NNF_ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[activation];
}

const char *nnf_loss_get_name(int loss)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, joint, elements, parameters) #name,
        NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[loss];
}

const char *nnf_loss_get_parameter_names(int loss)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, joint, elements, parameters) parameters,
        NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[loss];
}

bool nnf_loss_has_elements(int loss) { return nnf_loss_get_elements((nnf_loss)loss) != NNF_LOSS_ELEMENTS_NONE; }

const char *nnf_metric_get_name(int metric)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, parameter) #name,
        NNF_METRIC_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[metric];
}

double nnf_metric_get_parameter(int metric)
{
    static const double parameters[] = {
#define NNF_ROW(code, name, parameter) parameter,
        NNF_METRIC_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return parameters[metric];
}

const char *nnf_optimizer_get_name(int rule)
{
    static const char *const names[] = {
#define NNF_ROW(code, name, n_slots, hyperparameters) #name,
        NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
    };
    return names[rule];
}

const char *nnf_optimizer_get_hyperparameter_names(int rule) { return nnf_rule_get_hyperparameter_names((nnf_optimizer_rule)rule); }

int nnf_optimizer_count_slots(int rule) { return nnf_rule_count_slots((nnf_optimizer_rule)rule); }
