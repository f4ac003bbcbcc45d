/* batches.c: see batches.h. */
#include "training/batches.h"
#include "base/random.h"
#include "ops/rows.h"
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

bool nnf_order_reserve(nnf_order *order, int64_t n, bool shuffle)
{
    if (!shuffle || n != order->n)
        nnf_order_free(order);
    if (!shuffle || order->sample)
        return true;
    order->sample = malloc(nnf_size_multiply((size_t)n, sizeof *order->sample));
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

bool nnf_batches_gather_targets(const nnf_passes *passes, const nnf_source *source, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_matrix *y = source->matrix;
    const nnf_shape shape = {end - begin, passes->network->out_size};
    const nnf_rows target = nnf_rows_at(kernels, passes->workspace->target, begin, 0);
    const int64_t first = source->first + begin;
    const uint32_t *order = source->order ? source->order + first : NULL;
    if (y->dtype == NNF_I32)
        return kernels->one_hot(shape, y->data, order, first, target) < 0;
    kernels->gather[y->dtype](&(nnf_gather){.shape = shape,
                                            .source = y->data,
                                            .source_stride = (ptrdiff_t)y->row_stride,
                                            .order = order,
                                            .first = first,
                                            .destination = target,
                                            .scale = 1});
    return true;
}

unsigned char *nnf_source_get_row(const nnf_source *source, ptrdiff_t i)
{
    const int64_t position = source->first + i, row = source->order ? (int64_t)source->order[position] : position;
    return (unsigned char *)source->matrix->data + row * source->matrix->row_stride;
}

void nnf_source_ask_for_row(const nnf_source *source, ptrdiff_t i)
{
    const nnf_matrix *matrix = source->matrix;
    if (matrix->csr)
        return;
    const unsigned char *row = nnf_source_get_row(source, i), *end = row + matrix->n_columns * (int64_t)nnf_dtype_size(matrix->dtype);
    for (const unsigned char *line = row; line < end; line += CACHE_LINE)
        __builtin_prefetch(line);
    __builtin_prefetch(end - 1);
}

static double get_weight(const nnf_source *source, ptrdiff_t i)
{
    const int64_t n_columns = source->matrix->n_columns;
    const unsigned char *row = nnf_source_get_row(source, i);
    double sum = 0, element;
    for (int64_t j = 0; j < n_columns; j++) {
        memcpy(&element, row + (size_t)j * sizeof element, sizeof element);
        sum += element;
    }
    return n_columns > 1 ? sum / (double)n_columns : sum;
}

void nnf_batches_gather_weights(const nnf_source *source, ptrdiff_t begin, ptrdiff_t end, double *weight)
{
    for (ptrdiff_t i = begin; i < end; i++)
        weight[i] = get_weight(source, i);
}

double nnf_batches_sum_weights(const nnf_source *source, ptrdiff_t begin, ptrdiff_t end)
{
    double sum = 0;
    for (ptrdiff_t i = begin; i < end; i++)
        sum += get_weight(source, i);
    return sum;
}

void nnf_batches_scatter_outputs(const nnf_passes *passes, const nnf_source *destination, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_rows output = nnf_passes_get_output(passes);
    const size_t size = (size_t)passes->network->out_size * nnf_dtype_size(kernels->dtype);
    for (ptrdiff_t i = begin; i < end; i++)
        memcpy(nnf_source_get_row(destination, i), nnf_rows_at(kernels, output, i, 0).data, size);
}
