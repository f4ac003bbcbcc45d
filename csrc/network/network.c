/* network.c: see network.h. */
#include "network/network.h"
#include "network/spares.h"
#include "network/sums.h"
#include "ops/rows.h"
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_dense(const nnf_layer *layer) { return layer->spec.kind == NNF_LAYER_DENSE; }

static bool is_normalization(const nnf_layer *layer)
{
    return layer->spec.kind == NNF_LAYER_BATCH_NORMALIZATION || layer->spec.kind == NNF_LAYER_LAYER_NORMALIZATION ||
           layer->spec.kind == NNF_LAYER_NORMALIZATION;
}

/* ---- memory: all parameters first, then what is made from them ---- */

static void plan_dense(nnf_network *network, nnf_layer *layer)
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
    layer->panels = &layer->dense.panels;
    layer->offset[NNF_WEIGHTS] = nnf_arena_plan(&network->memory, nnf_panels_size(kernels, &layer->dense.panels));
    layer->offset[NNF_BIAS] = nnf_arena_plan(&network->memory, nnf_panels_size(kernels, &bias));
    layer->first_sum = network->n_sums;
    network->n_sums += nnf_sums_count(layer, NNF_WEIGHTS) + nnf_sums_count(layer, NNF_BIAS);
}

static void plan_normalization(nnf_network *network, nnf_layer *layer)
{
    const nnf_layer_kind kind = layer->spec.kind;
    layer->norm = (nnf_normalization){
        .kind = kind == NNF_LAYER_BATCH_NORMALIZATION   ? NNF_NORMALIZE_BATCH
                : kind == NNF_LAYER_LAYER_NORMALIZATION ? NNF_NORMALIZE_LAYER
                                                        : NNF_NORMALIZE_GIVEN,
        .panels = nnf_panels_plan(network->kernels, 1, layer->out_size),
        .epsilon = layer->spec.epsilon,
        .momentum = layer->spec.momentum,
    };
    layer->panels = &layer->norm.panels;
    for (int which = NNF_GAMMA; which <= NNF_VARIANCE; which++)
        layer->offset[which] = nnf_arena_plan(&network->memory, nnf_panels_size(network->kernels, &layer->norm.panels));
    layer->first_sum = network->n_sums;
    network->n_sums += nnf_sums_count(layer, NNF_GAMMA) + nnf_sums_count(layer, NNF_BETA);
}

/* Gradients pass through every dense layer but the lowest with parameters; that one's transposed copy serves only input gradients. */
static void mark_kept_copies(nnf_network *network)
{
    bool below = false;
    for (int l = 0; l < network->n_layers; l++) {
        network->layers[l].keep_transposed = below;
        below = below || nnf_network_has_parameter(network, l, NNF_WEIGHTS) || nnf_network_has_parameter(network, l, NNF_GAMMA) ||
                nnf_network_has_parameter(network, l, NNF_BETA);
    }
}

/* Ends where no memory could hold the parameters: numbers that are counted beside their bytes then fit too. */
static void plan_parameters(nnf_network *network)
{
    for (int l = 0; l < network->n_layers && network->memory.size <= PTRDIFF_MAX; l++) {
        if (is_dense(&network->layers[l]))
            plan_dense(network, &network->layers[l]);
        if (is_normalization(&network->layers[l]))
            plan_normalization(network, &network->layers[l]);
    }
    network->parameter_size = network->memory.size;
}

static void plan_copies(nnf_network *network)
{
    for (int l = 0; l < network->n_layers; l++) {
        nnf_layer *layer = &network->layers[l];
        if (layer->panels)
            layer->copy_offset =
                nnf_arena_plan(&network->memory,
                               nnf_panels_size(network->kernels, is_dense(layer) ? &layer->dense.transposed_panels : &layer->norm.panels));
    }
}

static void place_dense(nnf_layer *layer, unsigned char *base)
{
    layer->dense.weights = base + layer->offset[NNF_WEIGHTS];
    layer->dense.bias = base + layer->offset[NNF_BIAS];
    layer->dense.transposed = base + layer->copy_offset;
}

static void place_normalization(const nnf_kernels *kernels, nnf_layer *layer, unsigned char *base)
{
    nnf_normalization *norm = &layer->norm;
    norm->gamma = base + layer->offset[NNF_GAMMA];
    norm->beta = base + layer->offset[NNF_BETA];
    norm->mean = base + layer->offset[NNF_MEAN];
    norm->variance = base + layer->offset[NNF_VARIANCE];
    norm->inverse = base + layer->copy_offset;
    const bool has_gamma = layer->spec.use_gamma && norm->kind != NNF_NORMALIZE_GIVEN;
    for (ptrdiff_t j = 0; !has_gamma && j < layer->out_size; j++)
        memcpy(nnf_real_at(kernels, norm->gamma, j), kernels->one, nnf_dtype_size(kernels->dtype));
    nnf_normalization_refresh(kernels, norm, (nnf_panel_range){0, norm->panels.count});
}

static bool allocate_parameters(nnf_network *network)
{
    plan_parameters(network);
    plan_copies(network);
    if (!nnf_arena_create(&network->memory))
        return false;
    for (int l = 0; l < network->n_layers; l++) {
        if (is_dense(&network->layers[l]))
            place_dense(&network->layers[l], network->memory.base);
        if (is_normalization(&network->layers[l]))
            place_normalization(network->kernels, &network->layers[l], network->memory.base);
    }
    return true;
}

/* ---- tasks ---- */

/* Writes the tasks of a vector to tasks, unless it is NULL; returns how many there are. */
static ptrdiff_t list_vector_tasks(const nnf_layer *layer, int index, nnf_parameter which, nnf_task *tasks)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t panel = 0; panel < layer->panels->count; panel++, count++)
        if (tasks)
            tasks[count] = (nnf_task){index, which, {panel, 0, 0}, (double)nnf_panels_width(layer->panels, panel)};
    return count;
}

/* The same of weights. Blocks that read the same columns of the layer's input stand together, so that a member reads a part of them
 * only: half of it was written by others. */
static ptrdiff_t list_weight_tasks(const nnf_layer *layer, int index, nnf_task *tasks)
{
    const nnf_panels *panels = layer->panels;
    ptrdiff_t count = 0;
    for (ptrdiff_t row = 0; row < panels->rows; row += NNF_BLOCK_ROWS)
        for (ptrdiff_t panel = 0; panel < panels->count; panel++, count++) {
            const ptrdiff_t n_rows = panels->rows - row < NNF_BLOCK_ROWS ? panels->rows - row : NNF_BLOCK_ROWS;
            if (tasks)
                tasks[count] = (nnf_task){index, NNF_WEIGHTS, {panel, row, n_rows}, (double)(n_rows * nnf_panels_width(panels, panel))};
        }
    return count;
}

bool nnf_network_trains(const nnf_network *network, int layer, nnf_parameter which)
{
    const nnf_layer_spec *spec = &network->layers[layer].spec;
    const bool is_matrix = which == NNF_WEIGHTS || which == NNF_GAMMA;
    return nnf_network_has_parameter(network, layer, which) && (is_matrix ? spec->train_weights : spec->train_bias);
}

static ptrdiff_t list_tasks(const nnf_network *network, nnf_task *tasks)
{
    ptrdiff_t count = 0;
    for (int l = 0; l < network->n_layers; l++)
        for (nnf_parameter which = NNF_WEIGHTS; which <= NNF_BETA; which++)
            if (nnf_network_trains(network, l, which)) {
                nnf_task *end = tasks ? tasks + count : NULL;
                count += which == NNF_WEIGHTS ? list_weight_tasks(&network->layers[l], l, end)
                                              : list_vector_tasks(&network->layers[l], l, which, end);
            }
    return count;
}

static bool allocate_tasks(nnf_network *network)
{
    const ptrdiff_t n_tasks = list_tasks(network, NULL);
    network->tasks = n_tasks < INT_MAX ? calloc((size_t)n_tasks + 1, sizeof *network->tasks) : NULL;
    if (!network->tasks)
        return false;
    network->n_tasks = (int)n_tasks;
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

/* A dense layer's products; what a normalization does with an element, counted in such. */
static void measure_work(nnf_network *network)
{
    static const double NORMALIZATION_WORK = 20;
    for (int l = 0; l < network->n_layers; l++) {
        const nnf_layer *layer = &network->layers[l];
        if (is_dense(layer))
            network->work_per_row += 3.0 * (double)layer->in_size * (double)layer->out_size;
        if (is_normalization(layer))
            network->work_per_row += NORMALIZATION_WORK * (double)layer->out_size;
    }
}

static void copy_layers(nnf_network *network, const nnf_network_spec *spec)
{
    ptrdiff_t size = spec->in_size;
    for (int l = 0; l < spec->n_layers; l++) {
        nnf_layer *layer = &network->layers[l];
        layer->spec = spec->layers[l];
        layer->in_size = size;
        layer->out_size = size = is_dense(layer) ? (ptrdiff_t)layer->spec.out_size : size;
        network->has_batch_statistics |= layer->spec.kind == NNF_LAYER_BATCH_NORMALIZATION && layer->spec.train_weights;
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

bool nnf_network_has_parameter(const nnf_network *network, int index, nnf_parameter which)
{
    if (index < 0 || index >= network->n_layers)
        return false;
    const nnf_layer_spec *spec = &network->layers[index].spec;
    switch (spec->kind) {
    case NNF_LAYER_DENSE:
        return which == NNF_WEIGHTS || (which == NNF_BIAS && spec->use_bias);
    case NNF_LAYER_BATCH_NORMALIZATION:
    case NNF_LAYER_LAYER_NORMALIZATION:
        if (which == NNF_GAMMA || which == NNF_BETA)
            return which == NNF_GAMMA ? spec->use_gamma : spec->use_bias;
        return spec->kind == NNF_LAYER_BATCH_NORMALIZATION && (which == NNF_MEAN || which == NNF_VARIANCE);
    case NNF_LAYER_NORMALIZATION:
        return which == NNF_MEAN || which == NNF_VARIANCE;
    default:
        return false;
    }
}

void nnf_network_refresh(const nnf_network *network, int index)
{
    const nnf_layer *layer = &network->layers[index];
    if (is_normalization(layer))
        nnf_normalization_refresh(network->kernels, &layer->norm, (nnf_panel_range){0, layer->panels->count});
    for (ptrdiff_t panel = 0; is_dense(layer) && panel < layer->panels->count; panel++)
        nnf_dense_refresh(network->kernels, &layer->dense, (nnf_block){panel, 0, layer->panels->rows});
}

void nnf_network_unpack(const nnf_network *network, int index, nnf_parameter which, const void *parameters, void *values)
{
    const nnf_layer *layer = &network->layers[index];
    const char *from = (const char *)parameters + layer->offset[which];
    if (which == NNF_WEIGHTS)
        nnf_panels_unpack(network->kernels, layer->panels, from, values);
    else
        memcpy(values, from, (size_t)layer->out_size * nnf_dtype_size(network->kernels->dtype));
}

void nnf_network_pack(const nnf_network *network, int index, nnf_parameter which, const void *values, void *parameters)
{
    const nnf_layer *layer = &network->layers[index];
    char *to = (char *)parameters + layer->offset[which];
    if (which == NNF_WEIGHTS)
        nnf_panels_pack(network->kernels, layer->panels, values, to);
    else
        memcpy(to, values, (size_t)layer->out_size * nnf_dtype_size(network->kernels->dtype));
}
