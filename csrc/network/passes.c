/* passes.c: see passes.h. */
#include "network/passes.h"
#include "ops/rows.h"

/* Dropout is the identity outside training: then it has no rows of its own. */
static bool is_active(const nnf_layer *layer, bool training) { return layer->spec.kind != NNF_LAYER_DROPOUT || training; }

/* What layer l reads; for l = n_layers, what the network gives. */
static nnf_rows get_input(const nnf_network *network, const nnf_workspace *workspace, bool training, int l)
{
    while (--l >= 0)
        if (is_active(&network->layers[l], training))
            return workspace->layers[l].output;
    return workspace->input;
}

nnf_rows nnf_passes_get_output(const nnf_network *network, const nnf_workspace *workspace, bool training)
{
    return get_input(network, workspace, training, network->n_layers);
}

nnf_rows nnf_passes_get_output_gradient(const nnf_network *network, const nnf_workspace *workspace)
{
    return workspace->layers[network->n_layers - 1].gradient;
}

void nnf_passes_gather(const nnf_network *network, const nnf_workspace *workspace, const nnf_matrix *x, const uint32_t *order,
                       int64_t first, ptrdiff_t begin, ptrdiff_t end)
{
    network->kernels->gather[x->dtype](&(nnf_gather){
        .shape = {end - begin, network->in_size},
        .source = x->data,
        .source_stride = (ptrdiff_t)x->row_stride,
        .order = order ? order + begin : NULL,
        .first = first + begin,
        .destination = nnf_rows_at(network->kernels, workspace->input, begin, 0),
        .scale = network->in_scale,
        .offset = network->in_offset,
    });
}

static nnf_random_stream get_stream(nnf_pass_mode mode, int layer)
{
    return (nnf_random_stream){mode.seed, NNF_RANDOM_DROPOUT | (uint32_t)layer << 8, mode.epoch};
}

static void drop(const nnf_network *network, nnf_pass_mode mode, int l, nnf_shape shape, nnf_rows x, nnf_rows y, ptrdiff_t begin)
{
    const uint64_t first = (mode.position + (uint64_t)begin) * (uint64_t)shape.columns;
    network->kernels->dropout(shape, x, y, network->layers[l].spec.rate, get_stream(mode, l), first);
}

void nnf_passes_forward(const nnf_network *network, const nnf_workspace *workspace, nnf_pass_mode mode, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = network->kernels;
    for (int l = 0; l < network->n_layers; l++) {
        const nnf_layer *layer = &network->layers[l];
        const nnf_layer_spec *spec = &layer->spec;
        if (!is_active(layer, mode.training))
            continue;
        const bool activate = !(mode.to_logits && l == network->n_layers - 1);
        const nnf_shape shape = {end - begin, layer->out_size};
        const nnf_rows x = nnf_rows_at(kernels, get_input(network, workspace, mode.training, l), begin, 0);
        const nnf_rows y = nnf_rows_at(kernels, workspace->layers[l].output, begin, 0);
        switch (spec->kind) {
        case NNF_LAYER_DENSE: {
            /* Without its activation the layer gives z itself. */
            const nnf_rows z = activate ? nnf_rows_at(kernels, workspace->layers[l].pre, begin, 0) : y;
            nnf_dense_forward(kernels, &layer->dense, shape.rows, x, z, y, activate);
            break;
        }
        case NNF_LAYER_ACTIVATION:
            kernels->activation_forward[activate ? spec->activation : NNF_ACTIVATION_LINEAR](shape, x, y, spec->parameter);
            break;
        case NNF_LAYER_DROPOUT:
            drop(network, mode, l, shape, x, y, begin);
            break;
        case NNF_LAYER_RESCALING:
            kernels->rescale(shape, x, y, spec->scale, spec->offset);
            break;
        }
    }
}

/* What the derivative of an activation layer is computed from: its input, or its output. */
static nnf_rows get_saved(const nnf_network *network, const nnf_workspace *workspace, bool training, int l)
{
    const nnf_layer *layer = &network->layers[l];
    if (layer->spec.kind == NNF_LAYER_DENSE)
        return layer->dense.keep_input ? workspace->layers[l].pre : workspace->layers[l].output;
    return nnf_activation_needs_input(layer->spec.activation) ? get_input(network, workspace, training, l) : workspace->layers[l].output;
}

/* One layer: the gradient of its output becomes that of its input, in the rows of the layer below. */
static void layer_backward(const nnf_network *network, const nnf_workspace *workspace, nnf_pass_mode mode, int l, bool want_below,
                           ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = network->kernels;
    const nnf_layer *layer = &network->layers[l];
    const nnf_layer_spec *spec = &layer->spec;
    const nnf_shape shape = {end - begin, layer->out_size};
    const nnf_rows gradient = nnf_rows_at(kernels, workspace->layers[l].gradient, begin, 0);
    const nnf_rows below = l > 0 ? workspace->layers[l - 1].gradient : workspace->input_gradient;
    const nnf_rows saved = nnf_rows_at(kernels, get_saved(network, workspace, mode.training, l), begin, 0);
    const bool activated = !(mode.to_logits && l == network->n_layers - 1);
    switch (spec->kind) {
    case NNF_LAYER_DENSE:
        if (activated)
            nnf_dense_backward(kernels, &layer->dense, shape.rows, saved, gradient);
        if (want_below)
            nnf_dense_input_gradient(kernels, &layer->dense, shape.rows, gradient, nnf_rows_at(kernels, below, begin, 0));
        break;
    case NNF_LAYER_ACTIVATION:
        if (activated)
            kernels->activation_backward[spec->activation](shape, saved, gradient, spec->parameter);
        break;
    case NNF_LAYER_DROPOUT:
        if (mode.training)
            drop(network, mode, l, shape, gradient, gradient, begin);
        break;
    case NNF_LAYER_RESCALING:
        kernels->rescale(shape, gradient, gradient, spec->scale, 0);
        break;
    }
}

void nnf_passes_backward(const nnf_network *network, const nnf_workspace *workspace, nnf_pass_mode mode, int lowest, bool want_input,
                         ptrdiff_t begin, ptrdiff_t end)
{
    for (int l = network->n_layers - 1; l >= lowest; l--)
        layer_backward(network, workspace, mode, l, l > lowest || want_input, begin, end);
}

void nnf_passes_block_gradient(const nnf_network *network, const nnf_workspace *workspace, bool training, const nnf_task *task, ptrdiff_t n,
                               void *tile)
{
    nnf_dense_block_gradient(network->kernels, &network->layers[task->layer].dense, task->block, n,
                             get_input(network, workspace, training, task->layer), workspace->layers[task->layer].gradient, tile);
}

size_t nnf_task_offset(const nnf_network *network, const nnf_task *task)
{
    const nnf_layer *layer = &network->layers[task->layer];
    const size_t start = task->block.n_rows == 0 ? layer->bias_offset : layer->weights_offset;
    return start + (size_t)nnf_block_offset(&layer->dense, task->block) * nnf_dtype_size(network->kernels->dtype);
}

ptrdiff_t nnf_task_size(const nnf_network *network, const nnf_task *task)
{
    return nnf_block_size(&network->layers[task->layer].dense, task->block);
}

void nnf_task_update(const nnf_network *network, const nnf_task *task, const nnf_rule *rule, const void *gradient)
{
    const nnf_layer *layer = &network->layers[task->layer];
    nnf_rule_update(rule, network->memory.base, nnf_task_offset(network, task), nnf_task_size(network, task), gradient);
    if (layer->keep_transposed && task->block.n_rows > 0)
        nnf_dense_refresh(network->kernels, &layer->dense, task->block);
}
