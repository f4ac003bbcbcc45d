/* sums.c: see sums.h. */
#include "network/sums.h"

void nnf_lane_sum_add(nnf_lane_sum *sum, const double *x, ptrdiff_t n)
{
    nnf_lane_sum own = *sum; /* no x can be a part of it: its lanes stay in registers */
    ptrdiff_t i = 0;
    for (; i < n && (own.n + i) % NNF_SUM_LANES != 0; i++)
        own.lane[(own.n + i) % NNF_SUM_LANES] += x[i];
    for (; i + NNF_SUM_LANES <= n; i += NNF_SUM_LANES)
        for (int l = 0; l < NNF_SUM_LANES; l++)
            own.lane[l] += x[i + l];
    for (int l = 0; i < n; i++, l++)
        own.lane[l] += x[i];
    own.n += n;
    *sum = own;
}

double nnf_lane_sum_get(const nnf_lane_sum *sum)
{
    nnf_lane_sum joined = *sum;
    for (int half = NNF_SUM_LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            joined.lane[l] += joined.lane[l + half];
    return joined.lane[0];
}

ptrdiff_t nnf_sums_count(const nnf_layer *layer, nnf_parameter which)
{
    const ptrdiff_t n_stretches = which == NNF_WEIGHTS ? (layer->in_size + NNF_BLOCK_ROWS - 1) / NNF_BLOCK_ROWS : 1;
    return n_stretches * layer->out_size;
}

ptrdiff_t nnf_sums_get_first(const nnf_layer *layer, nnf_parameter which)
{
    const bool is_second = which == NNF_BIAS || which == NNF_BETA;
    return layer->first_sum + (is_second ? nnf_sums_count(layer, which == NNF_BIAS ? NNF_WEIGHTS : NNF_GAMMA) : 0);
}

ptrdiff_t nnf_sums_get_place(const nnf_network *network, const nnf_task *task)
{
    const nnf_layer *layer = &network->layers[task->layer];
    const nnf_block *block = &task->block;
    return nnf_sums_get_first(layer, task->which) + block->row / NNF_BLOCK_ROWS * layer->out_size + block->panel * layer->panels->width;
}

nnf_shape nnf_task_get_shape(const nnf_network *network, const nnf_task *task)
{
    const nnf_panels *panels = network->layers[task->layer].panels;
    return (nnf_shape){task->block.n_rows == 0 ? 1 : task->block.n_rows, nnf_panels_columns(panels, task->block.panel)};
}

nnf_rows nnf_task_get_rows(const nnf_network *network, const nnf_task *task, const void *block)
{
    return (nnf_rows){(void *)(uintptr_t)block, nnf_panels_width(network->layers[task->layer].panels, task->block.panel)};
}

void nnf_task_sum_squares(const nnf_network *network, const nnf_task *task, const void *block, double *sums)
{
    const nnf_slope squares = {.l2 = 1, .penalty = sums + nnf_sums_get_place(network, task)};
    network->kernels->penalize(nnf_task_get_shape(network, task), nnf_task_get_rows(network, task, block), &squares, NULL);
}
