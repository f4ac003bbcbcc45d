/* normalizing.c: see normalizing.h. */
#include "network/normalizing.h"
#include "ops/rows.h"
#include <string.h>

bool nnf_normalizing_takes_batch(const nnf_passes *passes, int l)
{
    const nnf_layer_spec *spec = &passes->network->layers[l].spec;
    return spec->kind == NNF_LAYER_BATCH_NORMALIZATION && spec->train_weights && passes->mode.training;
}

static nnf_statistics get_statistics(const nnf_passes *passes, int l, ptrdiff_t begin)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_statistics *statistics = &passes->workspace->layers[l].statistics;
    if (passes->network->layers[l].norm.kind == NNF_NORMALIZE_LAYER)
        return (nnf_statistics){.mean = nnf_real_at(kernels, statistics->mean, begin),
                                .inverse = nnf_real_at(kernels, statistics->inverse, begin)};
    return nnf_normalizing_takes_batch(passes, l) ? *statistics : (nnf_statistics){0};
}

static nnf_normalization_call get_call(const nnf_passes *passes, int l, const nnf_part *part)
{
    return (nnf_normalization_call){
        .n_rows = part->end - part->begin,
        .x = nnf_rows_at(passes->network->kernels, nnf_passes_get_input(passes, l), part->begin, 0),
        .range = nnf_panels_share(passes->network->layers[l].panels, part->index, part->size),
        .statistics = get_statistics(passes, l, part->begin),
    };
}

static nnf_rows get_gradient(const nnf_passes *passes, int l, ptrdiff_t begin)
{
    return nnf_rows_at(passes->network->kernels, passes->workspace->layers[l].gradient, begin, 0);
}

void nnf_normalizing_forward(const nnf_passes *passes, int l, const nnf_part *part)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_normalization *norm = &passes->network->layers[l].norm;
    const nnf_normalization_call call = get_call(passes, l, part);
    if (nnf_normalizing_takes_batch(passes, l))
        nnf_normalization_measure(kernels, norm, &call);
    nnf_normalization_forward(kernels, norm, &call, nnf_rows_at(kernels, passes->workspace->layers[l].output, part->begin, 0));
}

void nnf_normalizing_derive(const nnf_passes *passes, int l, const nnf_part *part)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_normalization *norm = &passes->network->layers[l].norm;
    const nnf_normalization_call call = get_call(passes, l, part);
    const nnf_rows gradient = get_gradient(passes, l, part->begin);
    if (nnf_normalizing_takes_batch(passes, l))
        nnf_normalization_sum_up(kernels, norm, &call, gradient);
    if (norm->kind == NNF_NORMALIZE_GIVEN)
        nnf_normalization_backward(kernels, norm, &call, gradient, gradient);
}

void nnf_normalizing_descend(const nnf_passes *passes, int l, const nnf_part *part, nnf_rows below)
{
    const nnf_normalization *norm = &passes->network->layers[l].norm;
    const nnf_normalization_call call = get_call(passes, l, part);
    if (norm->kind != NNF_NORMALIZE_GIVEN)
        nnf_normalization_backward(passes->network->kernels, norm, &call, get_gradient(passes, l, part->begin),
                                   nnf_rows_at(passes->network->kernels, below, part->begin, 0));
}

/* ---- gamma and beta ---- */

void nnf_normalizing_extend_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t begin, ptrdiff_t end, void *tile,
                                     bool is_continued)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_part part = nnf_part_of_rows(begin, end);
    nnf_normalization_call call = get_call(passes, task->layer, &part);
    call.range = (nnf_panel_range){task->block.panel, task->block.panel + 1};
    if (!is_continued)
        memset(tile, 0, (size_t)nnf_task_size(passes->network, task) * nnf_dtype_size(kernels->dtype));
    nnf_normalization_extend_gradient(kernels, &passes->network->layers[task->layer].norm, &call, get_gradient(passes, task->layer, begin),
                                      task->which == NNF_GAMMA, tile);
}

/* The sums that going back needed are the gradients. */
static void copy_sums(const nnf_passes *passes, const nnf_task *task, void *tile)
{
    const nnf_network *network = passes->network;
    const nnf_statistics *statistics = &passes->workspace->layers[task->layer].statistics;
    const void *sums = task->which == NNF_GAMMA ? statistics->products : statistics->sum;
    const ptrdiff_t first = nnf_block_offset(network->layers[task->layer].panels, task->block);
    memcpy(tile, nnf_real_at(network->kernels, sums, first),
           (size_t)nnf_task_size(network, task) * nnf_dtype_size(network->kernels->dtype));
}

void nnf_normalizing_block_gradient(const nnf_passes *passes, const nnf_task *task, ptrdiff_t n, void *tile)
{
    _Alignas(64) unsigned char shard_tile[NNF_BLOCK_BYTES / NNF_BLOCK_ROWS];
    if (nnf_normalizing_takes_batch(passes, task->layer)) {
        copy_sums(passes, task, tile);
        return;
    }
    for (ptrdiff_t row = 0; row < n; row += NNF_SHARD_ROWS) {
        const ptrdiff_t end = n - row < NNF_SHARD_ROWS ? n : row + NNF_SHARD_ROWS;
        nnf_normalizing_extend_gradient(passes, task, row, end, row == 0 ? tile : shard_tile, false);
        if (row > 0)
            passes->network->kernels->add(nnf_task_size(passes->network, task), shard_tile, tile);
    }
}

/* ---- moving statistics ---- */

void nnf_normalizing_learn(const nnf_passes *passes, const nnf_part *part)
{
    for (int l = 0; l < passes->network->n_layers; l++)
        if (nnf_normalizing_takes_batch(passes, l)) {
            const nnf_normalization_call call = get_call(passes, l, part);
            nnf_normalization_learn(passes->network->kernels, &passes->network->layers[l].norm, &call);
        }
}
