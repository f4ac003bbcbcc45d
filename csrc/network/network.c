/* network.c: see network.h. */
#include "network/network.h"
#include "network/spares.h"
#include "ops/rows.h"
#include <stdlib.h>
#include <string.h>

static bool is_dense(const nnf_layer *layer) { return layer->spec.kind == NNF_LAYER_DENSE; }

/* ---- memory: all parameters first, then the transposed copies ---- */

static void plan_layer(nnf_network *network, nnf_layer *layer)
{
    const nnf_kernels *kernels = network->kernels;
    layer->dense = (nnf_dense){
        .panels = nnf_panels_plan(kernels, layer->in_size, layer->out_size),
        .transposed_panels = nnf_panels_plan(kernels, layer->out_size, layer->in_size),
        .activation = layer->spec.activation,
        .parameter = layer->spec.parameter,
        .keep_input = nnf_activation_needs_input(layer->spec.activation),
    };
    const nnf_panels bias = nnf_panels_plan(kernels, 1, layer->out_size);
    layer->weights_offset = nnf_arena_plan(&network->memory, nnf_panels_size(kernels, &layer->dense.panels));
    layer->bias_offset = nnf_arena_plan(&network->memory, nnf_panels_size(kernels, &bias));
    layer->first_sum = network->n_sums;
    network->n_sums += ((layer->in_size + NNF_BLOCK_ROWS - 1) / NNF_BLOCK_ROWS + 1) * layer->out_size;
}

/* Gradients pass through every dense layer but the lowest; that one's transposed copy serves only input gradients. */
static void mark_kept_copies(nnf_network *network)
{
    bool below = false;
    for (int l = 0; l < network->n_layers; l++) {
        network->layers[l].keep_transposed = below;
        below = below || is_dense(&network->layers[l]);
    }
}

static bool allocate_parameters(nnf_network *network)
{
    for (int l = 0; l < network->n_layers; l++)
        if (is_dense(&network->layers[l]))
            plan_layer(network, &network->layers[l]);
    network->parameter_size = network->memory.size;
    for (int l = 0; l < network->n_layers; l++)
        if (is_dense(&network->layers[l]))
            network->layers[l].transposed_offset =
                nnf_arena_plan(&network->memory, nnf_panels_size(network->kernels, &network->layers[l].dense.transposed_panels));
    if (!nnf_arena_create(&network->memory))
        return false;
    for (int l = 0; l < network->n_layers; l++)
        if (is_dense(&network->layers[l])) {
            nnf_layer *layer = &network->layers[l];
            layer->dense.weights = network->memory.base + layer->weights_offset;
            layer->dense.bias = network->memory.base + layer->bias_offset;
            layer->dense.transposed = network->memory.base + layer->transposed_offset;
        }
    return true;
}

/* ---- tasks ---- */

/* Writes the layer's tasks to tasks, unless it is NULL; returns how many there are. Blocks that read the same columns of the layer's
 * input stand together, so that a member reads a part of them only: half of it was written by others. */
static int list_layer_tasks(const nnf_layer *layer, int index, nnf_task *tasks)
{
    const nnf_panels *panels = &layer->dense.panels;
    int count = 0;
    for (ptrdiff_t row = 0; layer->spec.train_weights && row < panels->rows; row += NNF_BLOCK_ROWS)
        for (ptrdiff_t panel = 0; panel < panels->count; panel++, count++) {
            const ptrdiff_t n_rows = panels->rows - row < NNF_BLOCK_ROWS ? panels->rows - row : NNF_BLOCK_ROWS;
            if (tasks)
                tasks[count] = (nnf_task){index, {panel, row, n_rows}, (double)(n_rows * nnf_panels_width(panels, panel))};
        }
    for (ptrdiff_t panel = 0; layer->spec.use_bias && layer->spec.train_bias && panel < panels->count; panel++, count++)
        if (tasks)
            tasks[count] = (nnf_task){index, {panel, 0, 0}, (double)nnf_panels_width(panels, panel)};
    return count;
}

static int list_tasks(const nnf_network *network, nnf_task *tasks)
{
    int count = 0;
    for (int l = 0; l < network->n_layers; l++)
        if (is_dense(&network->layers[l]))
            count += list_layer_tasks(&network->layers[l], l, tasks ? tasks + count : NULL);
    return count;
}

static bool allocate_tasks(nnf_network *network)
{
    network->n_tasks = list_tasks(network, NULL);
    network->tasks = calloc((size_t)network->n_tasks + 1, sizeof *network->tasks);
    if (!network->tasks)
        return false;
    list_tasks(network, network->tasks);
    network->first_trained = network->n_tasks > 0 ? network->tasks[0].layer : network->n_layers;
    return true;
}

void nnf_network_share_tasks(const nnf_network *network, int index, int size, int *begin, int *end)
{
    double total = 0, done = 0;
    for (int t = 0; t < network->n_tasks; t++)
        total += network->tasks[t].cost;
    *begin = *end = 0;
    for (int t = 0; t < network->n_tasks; t++) {
        /* A task belongs to the member in whose share its middle lies. */
        const double owner = (done + network->tasks[t].cost / 2) * size / total;
        *begin += owner < index;
        *end += owner < index + 1;
        done += network->tasks[t].cost;
    }
}

/* ---- whole networks ---- */

static void measure_work(nnf_network *network)
{
    for (int l = 0; l < network->n_layers; l++)
        if (is_dense(&network->layers[l]))
            network->work_per_row += 3.0 * (double)network->layers[l].in_size * (double)network->layers[l].out_size;
}

static void copy_layers(nnf_network *network, const nnf_network_spec *spec)
{
    ptrdiff_t size = spec->in_size;
    for (int l = 0; l < spec->n_layers; l++) {
        nnf_layer *layer = &network->layers[l];
        layer->spec = spec->layers[l];
        layer->in_size = size;
        layer->out_size = size = is_dense(layer) ? (ptrdiff_t)layer->spec.out_size : size;
    }
    network->out_size = size;
    mark_kept_copies(network);
}

nnf_status nnf_network_allocate(const nnf_kernels *kernels, const nnf_network_spec *spec, nnf_network **result)
{
    nnf_network *network = calloc(1, sizeof *network);
    if (!network)
        return NNF_STATUS_OUT_OF_MEMORY;
    *network = (nnf_network){
        .kernels = kernels,
        .in_size = spec->in_size,
        .in_scale = spec->in_scale,
        .in_offset = spec->in_offset,
        .n_layers = spec->n_layers,
        .layers = calloc((size_t)spec->n_layers, sizeof *network->layers),
        .spares = nnf_spares_create(),
    };
    if (network->layers)
        copy_layers(network, spec);
    if (!network->layers || !network->spares || !allocate_parameters(network) || !allocate_tasks(network)) {
        nnf_network_release(network);
        return NNF_STATUS_OUT_OF_MEMORY;
    }
    measure_work(network);
    *result = network;
    return NNF_STATUS_OK;
}

void nnf_network_release(nnf_network *network)
{
    if (!network)
        return;
    nnf_spares_free(network->spares);
    nnf_arena_free(&network->memory);
    free(network->tasks);
    free(network->layers);
    free(network);
}

/* ---- parameters in and out ---- */

void nnf_network_refresh(const nnf_network *network, int index)
{
    const nnf_dense *dense = &network->layers[index].dense;
    for (ptrdiff_t panel = 0; panel < dense->panels.count; panel++)
        nnf_dense_refresh(network->kernels, dense, (nnf_block){panel, 0, dense->panels.rows});
}

void nnf_network_unpack(const nnf_network *network, int index, nnf_parameter which, const void *parameters, void *values)
{
    const nnf_layer *layer = &network->layers[index];
    if (which == NNF_WEIGHTS)
        nnf_panels_unpack(network->kernels, &layer->dense.panels, (const char *)parameters + layer->weights_offset, values);
    else
        memcpy(values, (const char *)parameters + layer->bias_offset, (size_t)layer->out_size * nnf_dtype_size(network->kernels->dtype));
}

void nnf_network_pack(const nnf_network *network, int index, nnf_parameter which, const void *values, void *parameters)
{
    const nnf_layer *layer = &network->layers[index];
    if (which == NNF_WEIGHTS)
        nnf_panels_pack(network->kernels, &layer->dense.panels, values, (char *)parameters + layer->weights_offset);
    else
        memcpy((char *)parameters + layer->bias_offset, values, (size_t)layer->out_size * nnf_dtype_size(network->kernels->dtype));
}
