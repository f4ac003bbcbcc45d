/* batches.c: see batches.h. */
#include "training/batches.h"
#include "base/random.h"
#include "ops/rows.h"
#include <stdlib.h>

bool nnf_order_reserve(nnf_order *order, int64_t n, bool shuffle)
{
    if (!shuffle || n != order->n)
        nnf_order_free(order);
    if (!shuffle || order->sample)
        return true;
    order->sample = malloc((size_t)n * sizeof *order->sample);
    order->n = n;
    order->is_made = false;
    return order->sample != NULL;
}

void nnf_order_shuffle(nnf_order *order, uint64_t seed, uint32_t epoch)
{
    if (!order->sample || (order->is_made && order->seed == seed && order->epoch == epoch))
        return;
    nnf_random_shuffle((nnf_random_stream){seed, NNF_RANDOM_SHUFFLE, epoch}, (uint32_t)order->n, order->sample);
    order->seed = seed;
    order->epoch = epoch;
    order->is_made = true;
}

void nnf_order_free(nnf_order *order)
{
    free(order->sample);
    *order = (nnf_order){0};
}

bool nnf_batches_gather_targets(const nnf_network *network, const nnf_workspace *workspace, const nnf_matrix *y, const uint32_t *order,
                                int64_t first, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = network->kernels;
    const nnf_shape shape = {end - begin, network->out_size};
    const nnf_rows target = nnf_rows_at(kernels, workspace->target, begin, 0);
    if (order)
        order += begin;
    if (y->dtype == NNF_I32)
        return kernels->one_hot(shape, y->data, order, first + begin, target) < 0;
    kernels->gather[y->dtype](&(nnf_gather){.shape = shape,
                                            .source = y->data,
                                            .source_stride = (ptrdiff_t)y->row_stride,
                                            .order = order,
                                            .first = first + begin,
                                            .destination = target,
                                            .scale = 1});
    return true;
}
