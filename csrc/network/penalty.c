/* penalty.c: see penalty.h. */
#include "network/penalty.h"
#include <string.h>

/* NULL if the parameter adds nothing: it is not trained, or nobody asked for it. */
static const nnf_penalty *get_penalty(const nnf_network *network, int l, nnf_parameter which)
{
    const nnf_penalty *penalty = &network->layers[l].spec.penalty[which];
    return nnf_network_trains(network, l, which) && (penalty->l1 != 0 || penalty->l2 != 0) ? penalty : NULL;
}

bool nnf_network_has_penalty(const nnf_network *network)
{
    for (int l = 0; l < network->n_layers; l++)
        for (nnf_parameter which = 0; which < NNF_N_PARAMETERS; which++)
            if (get_penalty(network, l, which))
                return true;
    return false;
}

/* A share of 1 changes no bit. */
static nnf_slope make_slope(const nnf_penalty *penalty, double share, double *sums)
{
    return (nnf_slope){penalty->l1 * share, penalty->l2 * share, sums};
}

static void penalize(const nnf_network *network, const nnf_task *task, const nnf_slope *slope, void *gradient)
{
    const nnf_rows w = nnf_task_get_rows(network, task, network->memory.base + nnf_task_offset(network, task));
    network->kernels->penalize(nnf_task_get_shape(network, task), w, slope, gradient);
}

void nnf_penalty_take(const nnf_network *network, const nnf_task *task, double share, void *gradient, double *sums)
{
    const nnf_penalty *penalty = get_penalty(network, task->layer, task->which);
    if (!penalty)
        return;
    const nnf_slope slope = make_slope(penalty, share, sums + nnf_sums_get_place(network, task));
    penalize(network, task, &slope, gradient);
}

void nnf_penalty_update_by_row(const nnf_passes *passes, const nnf_task *task, const nnf_rule *rule, double share, double *sums)
{
    const nnf_network *network = passes->network;
    const nnf_penalty *penalty = get_penalty(network, task->layer, task->which);
    double column[NNF_BLOCK_COLUMNS];
    if (!penalty) {
        nnf_passes_update_by_row(passes, task, rule, NULL);
        return;
    }
    const nnf_slope slope = make_slope(penalty, share, column);
    nnf_passes_update_by_row(passes, task, rule, &slope);
    memcpy(sums + nnf_sums_get_place(network, task), column, (size_t)nnf_task_get_shape(network, task).columns * sizeof *column);
}

double nnf_penalty_add_up(const nnf_network *network, const double *sums)
{
    double total = 0;
    for (int l = 0; l < network->n_layers; l++)
        for (nnf_parameter which = 0; which < NNF_N_PARAMETERS; which++) {
            const nnf_layer *layer = &network->layers[l];
            nnf_lane_sum sum = {0};
            if (!get_penalty(network, l, which))
                continue;
            nnf_lane_sum_add(&sum, sums + nnf_sums_get_first(layer, which), nnf_sums_count(layer, which));
            total += nnf_lane_sum_get(&sum);
        }
    return total;
}

/* The tasks of a parameter follow each other as its columns do. */
double nnf_penalty_measure(const nnf_network *network)
{
    double total = 0;
    nnf_lane_sum sum = {0};
    for (int t = 0; t < network->n_tasks; t++) {
        const nnf_task *task = &network->tasks[t], *next = t + 1 < network->n_tasks ? task + 1 : NULL;
        const nnf_penalty *penalty = get_penalty(network, task->layer, task->which);
        double column[NNF_BLOCK_COLUMNS];
        if (penalty) {
            const nnf_slope slope = make_slope(penalty, 1, column);
            penalize(network, task, &slope, NULL);
            nnf_lane_sum_add(&sum, column, nnf_task_get_shape(network, task).columns);
        }
        if (penalty && !(next && next->layer == task->layer && next->which == task->which)) {
            total += nnf_lane_sum_get(&sum);
            sum = (nnf_lane_sum){0};
        }
    }
    return total;
}
