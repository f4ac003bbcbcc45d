/* constraint.c: see constraint.h. Norms of weights are those of their columns, that of a bias is the whole's. */
#include "network/constraint.h"
#include <math.h>

static const double EPSILON = 1e-7; /* added to norms that divide; Keras' */

/* Of a parameter that is not trained, none. */
static const nnf_constraint *get_constraint(const nnf_network *network, const nnf_task *task)
{
    return &network->layers[task->layer].spec.constraint[task->which];
}

bool nnf_network_has_constraint(const nnf_network *network)
{
    for (int t = 0; t < network->n_tasks; t++)
        if (get_constraint(network, &network->tasks[t])->kind != NNF_CONSTRAINT_NONE)
            return true;
    return false;
}

bool nnf_network_constrains_norms(const nnf_network *network)
{
    for (int t = 0; t < network->n_tasks; t++)
        if (get_constraint(network, &network->tasks[t])->kind == NNF_CONSTRAINT_NORM)
            return true;
    return false;
}

static void *get_weights(const nnf_network *network, const nnf_task *task) { return network->memory.base + nnf_task_offset(network, task); }

void nnf_constraint_take(const nnf_network *network, const nnf_task *task, double *squares)
{
    switch (get_constraint(network, task)->kind) {
    case NNF_CONSTRAINT_NONE:
        break;
    case NNF_CONSTRAINT_NON_NEGATIVE:
        network->kernels->raise_to_zero(nnf_task_size(network, task), get_weights(network, task));
        nnf_task_refresh(network, task);
        break;
    case NNF_CONSTRAINT_NORM:
        nnf_task_sum_squares(network, task, get_weights(network, task), squares);
        break;
    }
}

static double get_factor(const nnf_constraint *constraint, double square)
{
    const double norm = sqrt(square);
    const double low = norm < constraint->low ? constraint->low : norm, wanted = low > constraint->high ? constraint->high : low;
    return (constraint->rate * wanted + (1 - constraint->rate) * norm) / (EPSILON + norm);
}

/* The squares of n columns of weights, stretches ascending; for each of a bias those of the whole. */
static void add_up_columns(const nnf_network *network, const nnf_task *task, const double *squares, ptrdiff_t n, double *total)
{
    const nnf_layer *layer = &network->layers[task->layer];
    const nnf_parameter which = task->which;
    const ptrdiff_t first = nnf_sums_get_first(layer, which), count = nnf_sums_count(layer, which);
    const ptrdiff_t column = task->block.panel * layer->panels->width;
    nnf_lane_sum whole = {0};
    if (which != NNF_WEIGHTS)
        nnf_lane_sum_add(&whole, squares + first, count);
    for (ptrdiff_t j = 0; j < n; j++)
        total[j] = which != NNF_WEIGHTS ? nnf_lane_sum_get(&whole) : 0;
    for (ptrdiff_t row = 0; which == NNF_WEIGHTS && row < count; row += layer->out_size)
        for (ptrdiff_t j = 0; j < n; j++)
            total[j] += squares[first + row + column + j];
}

void nnf_constraint_take_norms(const nnf_network *network, const nnf_task *task, const double *squares)
{
    const nnf_constraint *constraint = get_constraint(network, task);
    const nnf_shape shape = nnf_task_get_shape(network, task);
    double factor[NNF_BLOCK_COLUMNS];
    if (constraint->kind != NNF_CONSTRAINT_NORM)
        return;
    add_up_columns(network, task, squares, shape.columns, factor);
    for (ptrdiff_t j = 0; j < shape.columns; j++)
        factor[j] = get_factor(constraint, factor[j]);
    network->kernels->scale_columns(shape, nnf_task_get_rows(network, task, get_weights(network, task)), factor);
    nnf_task_refresh(network, task);
}
