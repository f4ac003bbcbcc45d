/* passes.c: see passes.h. */
#include "network/passes.h"
#include "network/normalizing.h"
#include "ops/rows.h"

/* ---- where things lie ---- */

nnf_part nnf_part_of_rows(ptrdiff_t begin, ptrdiff_t end) { return (nnf_part){begin, end, 0, 1}; }

bool nnf_passes_has_layer(const nnf_passes *passes, int layer)
{
    return passes->network->layers[layer].spec.kind != NNF_LAYER_DROPOUT || passes->mode.training;
}

/* The layer whose output layer l reads, or -1: the input. */
static int get_source(const nnf_passes *passes, int l)
{
    do
        l--;
    while (l >= 0 && !nnf_passes_has_layer(passes, l));
    return l;
}

nnf_rows nnf_passes_get_input(const nnf_passes *passes, int l)
{
    const int source = get_source(passes, l);
    if (source >= 0)
        return passes->workspace->layers[source].output;
    if (passes->in_place.data)
        return passes->in_place;
    return passes->workspace->input;
}

static nnf_inputs get_inputs(const nnf_passes *passes, int l, ptrdiff_t begin, ptrdiff_t end)
{
    const bool has_zeros = get_source(passes, l) < 0 && !passes->is_begun;
    return (nnf_inputs){
        .n_rows = end - begin,
        .x = nnf_rows_at(passes->network->kernels, nnf_passes_get_input(passes, l), begin, 0),
        .zeros = has_zeros ? &passes->workspace->zeros : NULL,
        .row = begin,
        .is_streamed = get_source(passes, l) < 0 && passes->in_place.data,
    };
}

nnf_rows nnf_passes_get_output(const nnf_passes *passes) { return nnf_passes_get_input(passes, passes->network->n_layers); }

nnf_rows nnf_passes_get_output_gradient(const nnf_passes *passes)
{
    return passes->workspace->layers[passes->network->n_layers - 1].gradient;
}

static nnf_panel_range get_range(const nnf_panels *panels, const nnf_part *part)
{
    return nnf_panels_share(panels, part->index, part->size);
}

/* False where the loss takes the place of the last layer's activation. */
static bool is_activated(const nnf_passes *passes, int l) { return !(passes->mode.to_logits && l == passes->network->n_layers - 1); }

/* Of a dense layer: without its activation it gives z itself. */
static nnf_rows get_z(const nnf_passes *passes, int l)
{
    const nnf_layer_rows *rows = &passes->workspace->layers[l];
    return is_activated(passes, l) ? rows->pre : rows->output;
}

/* ---- forward ---- */

/* Rows one after the other that need no conversion are read where they lie: the data of a huge batch pass through the cache once.
 * Only a dense layer makes nothing of what a copy changes: denormals and -0 become 0. */
static bool can_stay(const nnf_passes *passes, const nnf_source *source)
{
    const nnf_network *network = passes->network;
    const nnf_matrix *matrix = source->matrix;
    return !passes->is_resumed && !source->order && !matrix->csr && network->layers[0].spec.kind == NNF_LAYER_DENSE &&
           matrix->dtype == network->kernels->dtype && network->in_scale == 1 && network->in_offset == 0 &&
           matrix->row_stride % (int64_t)nnf_dtype_size(matrix->dtype) == 0;
}

static void stay(nnf_passes *passes, const nnf_source *source)
{
    const nnf_matrix *matrix = source->matrix;
    passes->in_place.data = (char *)matrix->data + source->first * matrix->row_stride;
    passes->in_place.stride = (ptrdiff_t)matrix->row_stride / (ptrdiff_t)nnf_dtype_size(matrix->dtype);
}

static void copy(const nnf_passes *passes, const nnf_source *source, nnf_shape shape, ptrdiff_t begin, nnf_rows input)
{
    const nnf_network *network = passes->network;
    const nnf_kernels *kernels = network->kernels;
    const nnf_matrix *matrix = source->matrix;
    (matrix->csr ? kernels->gather_csr : kernels->gather)[matrix->dtype](&(nnf_gather){
        .shape = shape,
        .source = matrix->data,
        .source_stride = (ptrdiff_t)matrix->row_stride,
        .csr = matrix->csr,
        .order = source->order ? source->order + source->first + begin : NULL,
        .first = source->first + begin,
        .destination = input,
        .scale = network->in_scale,
        .offset = network->in_offset,
    });
}

void nnf_passes_gather(nnf_passes *passes, const nnf_source *source, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_shape shape = {end - begin, passes->network->in_size};
    const bool stays = can_stay(passes, source);
    if (stays)
        stay(passes, source);
    const nnf_rows input = nnf_rows_at(kernels, nnf_passes_get_input(passes, 0), begin, 0);
    if (!stays)
        copy(passes, source, shape, begin, input);
    if (!passes->is_begun)
        nnf_zeros_find(kernels, &passes->workspace->zeros, begin, shape, input);
}

static nnf_rows get_factor(const nnf_passes *passes, int l, ptrdiff_t begin)
{
    return nnf_rows_at(passes->network->kernels, passes->workspace->layers[l].factor, begin, 0);
}

static void dropout_forward(const nnf_passes *passes, int l, nnf_shape shape, nnf_rows x, nnf_rows y, ptrdiff_t begin)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_pass_mode *mode = &passes->mode;
    const nnf_random_stream stream = {mode->seed, NNF_RANDOM_DROPOUT | (uint32_t)l << 8, mode->epoch};
    const uint64_t first = (mode->position + (uint64_t)begin) * (uint64_t)shape.columns;
    const nnf_rows factor = get_factor(passes, l, begin);
    kernels->draw_dropout(shape, passes->network->layers[l].spec.rate, stream, first, factor);
    kernels->apply_dropout(shape, factor, x, y);
}

static void dense_forward(const nnf_passes *passes, int l, const nnf_part *part, nnf_rows y)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_dense *dense = &passes->network->layers[l].dense;
    nnf_dense_forward(kernels, dense,
                      &(nnf_dense_forward_call){
                          .inputs = get_inputs(passes, l, part->begin, part->end),
                          .z = nnf_rows_at(kernels, get_z(passes, l), part->begin, 0),
                          .y = y,
                          .activate = is_activated(passes, l),
                          .is_begun = passes->is_begun && l == 0,
                          .range = get_range(&dense->panels, part),
                      });
}

void nnf_passes_layer_forward(const nnf_passes *passes, int l, const nnf_part *part)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_layer *layer = &passes->network->layers[l];
    const nnf_layer_spec *spec = &layer->spec;
    const nnf_shape shape = {part->end - part->begin, layer->out_size};
    const nnf_rows x = nnf_rows_at(kernels, nnf_passes_get_input(passes, l), part->begin, 0);
    const nnf_rows y = nnf_rows_at(kernels, passes->workspace->layers[l].output, part->begin, 0);
    switch (spec->kind) {
    case NNF_LAYER_DENSE:
        dense_forward(passes, l, part, y);
        break;
    case NNF_LAYER_ACTIVATION:
        kernels->activation_forward[is_activated(passes, l) ? spec->activation : NNF_ACTIVATION_LINEAR](shape, x, y, spec->parameter);
        break;
    case NNF_LAYER_DROPOUT:
        dropout_forward(passes, l, shape, x, y, part->begin);
        break;
    case NNF_LAYER_RESCALING:
        kernels->rescale(shape, x, y, spec->scale, spec->offset);
        break;
    case NNF_LAYER_BATCH_NORMALIZATION:
    case NNF_LAYER_LAYER_NORMALIZATION:
    case NNF_LAYER_NORMALIZATION:
        nnf_normalizing_forward(passes, l, part);
        break;
    }
}

void nnf_passes_forward(const nnf_passes *passes, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_part part = nnf_part_of_rows(begin, end);
    for (int l = 0; l < passes->network->n_layers; l++)
        if (nnf_passes_has_layer(passes, l))
            nnf_passes_layer_forward(passes, l, &part);
}

static bool is_finite(const nnf_passes *passes, nnf_rows rows, ptrdiff_t begin, nnf_shape shape)
{
    const nnf_kernels *kernels = passes->network->kernels;
    return kernels->find_not_finite(shape, nnf_rows_at(kernels, rows, begin, 0)) < 0;
}

int nnf_passes_find_not_finite(const nnf_passes *passes, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_network *network = passes->network;
    if (!is_finite(passes, nnf_passes_get_input(passes, 0), begin, (nnf_shape){end - begin, network->in_size}))
        return -1;
    for (int l = 0; l < network->n_layers; l++)
        if (nnf_passes_has_layer(passes, l) &&
            !is_finite(passes, passes->workspace->layers[l].output, begin, (nnf_shape){end - begin, network->layers[l].out_size}))
            return l;
    return network->n_layers;
}

/* ---- backward ---- */

/* What the derivative of an activation is computed from: its input, or its output. */
static nnf_rows get_saved(const nnf_passes *passes, int l)
{
    const nnf_layer *layer = &passes->network->layers[l];
    const nnf_layer_rows *rows = &passes->workspace->layers[l];
    if (layer->spec.kind == NNF_LAYER_DENSE)
        return layer->dense.keep_input ? rows->pre : rows->output;
    return nnf_activation_needs_input(layer->spec.activation) ? nnf_passes_get_input(passes, l) : rows->output;
}

void nnf_passes_layer_derive(const nnf_passes *passes, int l, const nnf_part *part)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_layer *layer = &passes->network->layers[l];
    const nnf_layer_spec *spec = &layer->spec;
    const nnf_shape shape = {part->end - part->begin, layer->out_size};
    const nnf_rows gradient = nnf_rows_at(kernels, passes->workspace->layers[l].gradient, part->begin, 0);
    const nnf_rows saved = nnf_rows_at(kernels, get_saved(passes, l), part->begin, 0);
    switch (spec->kind) {
    case NNF_LAYER_DENSE:
        if (is_activated(passes, l))
            nnf_dense_backward(kernels, &layer->dense, shape.rows, saved, gradient, get_range(&layer->dense.panels, part));
        break;
    case NNF_LAYER_ACTIVATION:
        if (is_activated(passes, l))
            kernels->activation_backward[spec->activation](shape, saved, gradient, spec->parameter);
        break;
    case NNF_LAYER_DROPOUT:
        if (passes->mode.training)
            kernels->apply_dropout(shape, get_factor(passes, l, part->begin), gradient, gradient);
        break;
    case NNF_LAYER_RESCALING:
        kernels->rescale(shape, gradient, gradient, spec->scale, 0);
        break;
    case NNF_LAYER_BATCH_NORMALIZATION:
    case NNF_LAYER_LAYER_NORMALIZATION:
    case NNF_LAYER_NORMALIZATION:
        nnf_normalizing_derive(passes, l, part);
        break;
    }
}

void nnf_passes_layer_descend(const nnf_passes *passes, int l, const nnf_part *part)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_workspace *workspace = passes->workspace;
    const nnf_dense *dense = &passes->network->layers[l].dense;
    const nnf_rows below = l > 0 ? workspace->layers[l - 1].gradient : workspace->input_gradient;
    switch (passes->network->layers[l].spec.kind) {
    case NNF_LAYER_DENSE:
        nnf_dense_input_gradient(kernels, dense, part->end - part->begin,
                                 nnf_rows_at(kernels, workspace->layers[l].gradient, part->begin, 0),
                                 nnf_rows_at(kernels, below, part->begin, 0), get_range(&dense->transposed_panels, part));
        break;
    case NNF_LAYER_BATCH_NORMALIZATION:
    case NNF_LAYER_LAYER_NORMALIZATION:
        nnf_normalizing_descend(passes, l, part, below);
        break;
    default: /* its gradient's rows are those of the layer below */
        break;
    }
}

void nnf_passes_backward(const nnf_passes *passes, int lowest, bool want_input, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_part part = nnf_part_of_rows(begin, end);
    for (int l = passes->network->n_layers - 1; l >= lowest; l--) {
        nnf_passes_layer_derive(passes, l, &part);
        if (l > lowest || want_input)
            nnf_passes_layer_descend(passes, l, &part);
    }
}

/* ---- blocks of parameters ---- */

static bool is_dense(const nnf_task *task) { return task->which == NNF_WEIGHTS || task->which == NNF_BIAS; }

static nnf_dense_gradient_call get_gradient_call(const nnf_passes *passes, int l, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_rows grad_z = nnf_rows_at(passes->network->kernels, passes->workspace->layers[l].gradient, begin, 0);
    return (nnf_dense_gradient_call){get_inputs(passes, l, begin, end), grad_z};
}

void nnf_passes_block_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t n, void *tile)
{
    const nnf_dense_gradient_call call = get_gradient_call(passes, task->layer, 0, n);
    if (is_dense(task))
        nnf_dense_block_gradient(passes->network->kernels, &passes->network->layers[task->layer].dense, task->block, &call, tile);
    else
        nnf_normalizing_block_gradient(passes, task, n, tile);
}

void nnf_passes_extend_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t begin, ptrdiff_t end, void *tile,
                                bool is_continued)
{
    const nnf_network *network = passes->network;
    const nnf_dense_gradient_call call = get_gradient_call(passes, task->layer, begin, end);
    if (is_dense(task))
        nnf_dense_extend_gradient(network->kernels, &network->layers[task->layer].dense, task->block, &call, tile, is_continued);
    else
        nnf_normalizing_extend_gradient(passes, task, begin, end, tile, is_continued);
}

size_t nnf_task_offset(const nnf_network *network, const nnf_task *task)
{
    const nnf_layer *layer = &network->layers[task->layer];
    return layer->offset[task->which] + (size_t)nnf_block_offset(layer->panels, task->block) * nnf_dtype_size(network->kernels->dtype);
}

ptrdiff_t nnf_task_size(const nnf_network *network, const nnf_task *task)
{
    return nnf_block_size(network->layers[task->layer].panels, task->block);
}

void nnf_task_refresh(const nnf_network *network, const nnf_task *task)
{
    const nnf_layer *layer = &network->layers[task->layer];
    if (layer->keep_transposed && task->which == NNF_WEIGHTS)
        nnf_dense_refresh(network->kernels, &layer->dense, task->block);
}

void nnf_task_update(const nnf_network *network, const nnf_task *task, const nnf_rule *rule, const void *gradient)
{
    nnf_rule_update(rule, network->memory.base, nnf_task_offset(network, task), nnf_task_size(network, task), gradient);
    nnf_task_refresh(network, task);
}

/* A normalization's gradient of one row is made like that of many. */
static void update_vector(const nnf_passes *passes, const nnf_task *task, const nnf_rule *rule)
{
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES / NNF_BLOCK_ROWS];
    nnf_normalizing_block_gradient(passes, task, 1, tile);
    nnf_task_update(passes->network, task, rule, tile);
}

void nnf_passes_update_by_row(const nnf_passes *passes, const nnf_task *task, const nnf_rule *rule, const nnf_slope *slope)
{
    const nnf_network *network = passes->network;
    const nnf_kernels *kernels = network->kernels;
    const nnf_panels *panels = network->layers[task->layer].panels;
    const nnf_block *block = &task->block;
    if (!is_dense(task)) {
        update_vector(passes, task, rule);
        return;
    }
    const bool is_bias = task->which == NNF_BIAS;
    const nnf_shape shape = {is_bias ? 1 : block->n_rows, nnf_panels_width(panels, block->panel)};
    const void *x = is_bias ? kernels->one : nnf_rows_at(kernels, nnf_passes_get_input(passes, task->layer), 0, block->row).data;
    const nnf_rows grad_z = nnf_rows_at(kernels, passes->workspace->layers[task->layer].gradient, 0, block->panel * panels->width);
    nnf_rule_update_outer(rule, network->memory.base, &(nnf_outer_update){nnf_task_offset(network, task), shape, x, grad_z.data, slope});
    nnf_task_refresh(network, task);
}

void nnf_passes_update_and_begin(const nnf_passes *passes, const nnf_rule *rule, const nnf_passes *next)
{
    const nnf_network *network = passes->network;
    const nnf_layer *layer = &network->layers[0];
    const nnf_outer_update outer = {
        .offset = layer->offset[NNF_WEIGHTS],
        .x = nnf_passes_get_input(passes, 0).data,
        .gradient = passes->workspace->layers[0].gradient.data,
    };
    const nnf_row_product product = nnf_dense_get_row_product(network->kernels, &layer->dense, nnf_passes_get_input(next, 0).data,
                                                              get_z(next, 0), (nnf_panel_range){0, layer->panels->count});
    nnf_rule_update_multiply(rule, network->memory.base, &outer, &product);
}
