/* workspace.c: see workspace.h. */
#include "network/workspace.h"
#include <stdlib.h>

/* Reals from one row to the next: whole cache lines, and never a multiple of 1 KiB, which would send the same column of
 * neighbouring rows to few sets of the first-level cache. */
static ptrdiff_t choose_stride(const nnf_kernels *kernels, ptrdiff_t columns)
{
    const size_t size = nnf_dtype_size(kernels->dtype);
    size_t bytes = nnf_round_up((size_t)columns * size, NNF_ALIGNMENT);
    if (bytes % 1024 == 0)
        bytes += NNF_ALIGNMENT;
    return (ptrdiff_t)(bytes / size);
}

/* Plans n_rows of columns: before the arena exists data holds an offset. */
static nnf_rows plan_rows(nnf_workspace *workspace, const nnf_kernels *kernels, ptrdiff_t columns)
{
    const ptrdiff_t stride = choose_stride(kernels, columns);
    const size_t row = nnf_size_multiply((size_t)stride, nnf_dtype_size(kernels->dtype));
    return (nnf_rows){(void *)nnf_arena_plan(&workspace->memory, nnf_size_multiply((size_t)workspace->n_rows, row)), stride};
}

static bool has_statistics(const nnf_layer *layer)
{
    return layer->spec.kind == NNF_LAYER_BATCH_NORMALIZATION || layer->spec.kind == NNF_LAYER_LAYER_NORMALIZATION;
}

/* Of rows, or of columns. */
static nnf_statistics plan_statistics(nnf_workspace *workspace, const nnf_kernels *kernels, const nnf_layer *layer)
{
    const bool is_batch = layer->spec.kind == NNF_LAYER_BATCH_NORMALIZATION;
    const size_t row_sizes = nnf_size_multiply((size_t)workspace->n_rows, nnf_dtype_size(kernels->dtype));
    const size_t size = is_batch ? nnf_panels_size(kernels, layer->panels) : row_sizes, more = is_batch ? size : 0;
    return (nnf_statistics){
        .mean = (void *)nnf_arena_plan(&workspace->memory, size),
        .inverse = (void *)nnf_arena_plan(&workspace->memory, size),
        .variance = (void *)nnf_arena_plan(&workspace->memory, more),
        .sum = (void *)nnf_arena_plan(&workspace->memory, more),
        .products = (void *)nnf_arena_plan(&workspace->memory, more),
    };
}

static void plan_layer(nnf_workspace *workspace, const nnf_network *network, int l)
{
    const nnf_layer *layer = &network->layers[l];
    nnf_layer_rows *rows = &workspace->layers[l];
    const bool is_dense = layer->spec.kind == NNF_LAYER_DENSE;
    rows->output = plan_rows(workspace, network->kernels, layer->out_size);
    rows->pre = is_dense && layer->dense.keep_input ? plan_rows(workspace, network->kernels, layer->out_size) : rows->output;
    if (has_statistics(layer))
        rows->statistics = plan_statistics(workspace, network->kernels, layer);
    if (!workspace->has_gradients)
        return;
    if (layer->spec.kind == NNF_LAYER_DROPOUT)
        rows->factor = plan_rows(workspace, network->kernels, layer->out_size);
    const nnf_rows below = l > 0 ? workspace->layers[l - 1].gradient : workspace->input_gradient;
    rows->gradient = is_dense || has_statistics(layer) ? plan_rows(workspace, network->kernels, layer->out_size) : below;
}

static void place_at(void **data, unsigned char *base) { *data = base + (size_t)*data; }
static void place(nnf_rows *rows, unsigned char *base) { place_at(&rows->data, base); }

static void place_statistics(nnf_statistics *statistics, unsigned char *base)
{
    place_at(&statistics->mean, base);
    place_at(&statistics->inverse, base);
    place_at(&statistics->variance, base);
    place_at(&statistics->sum, base);
    place_at(&statistics->products, base);
}

static void place_all(nnf_workspace *workspace, int n_layers)
{
    unsigned char *base = workspace->memory.base;
    place(&workspace->input, base);
    place(&workspace->target, base);
    place(&workspace->input_gradient, base);
    for (int l = 0; l < n_layers; l++) {
        place(&workspace->layers[l].pre, base);
        place(&workspace->layers[l].output, base);
        place(&workspace->layers[l].gradient, base);
        place(&workspace->layers[l].factor, base);
        place_statistics(&workspace->layers[l].statistics, base);
    }
}

bool nnf_workspace_reserve(nnf_workspace *workspace, const nnf_network *network, ptrdiff_t n_rows, bool with_gradients)
{
    if (workspace->layers && workspace->n_rows >= n_rows && workspace->has_gradients >= with_gradients)
        return true;
    nnf_workspace larger = {
        .n_rows = n_rows,
        .has_gradients = with_gradients,
        .layers = calloc((size_t)network->n_layers, sizeof *larger.layers),
    };
    if (!larger.layers)
        return false;
    const size_t zeros = nnf_arena_plan(&larger.memory, nnf_zeros_size(n_rows, network->in_size));
    larger.input = plan_rows(&larger, network->kernels, network->in_size);
    larger.target = plan_rows(&larger, network->kernels, network->out_size);
    if (with_gradients)
        larger.input_gradient = plan_rows(&larger, network->kernels, network->in_size);
    for (int l = 0; l < network->n_layers; l++)
        plan_layer(&larger, network, l);
    if (!nnf_arena_create(&larger.memory)) {
        nnf_workspace_free(&larger);
        return false;
    }
    place_all(&larger, network->n_layers);
    larger.zeros = nnf_zeros_place(larger.memory.base + zeros, n_rows, network->in_size);
    nnf_workspace_free(workspace);
    *workspace = larger;
    return true;
}

void nnf_workspace_free(nnf_workspace *workspace)
{
    nnf_arena_free(&workspace->memory);
    free(workspace->layers);
    *workspace = (nnf_workspace){0};
}
