/* normalization.c: see normalization.h. */
#include "ops/normalization.h"
#include "ops/dense.h"
#include "ops/rows.h"
#include <string.h>

/* Columns whose sums over a shard wait beside those of the shards before. */
enum { GROUP_COLUMNS = 128, GROUP_BYTES = GROUP_COLUMNS * sizeof(double) };

static ptrdiff_t get_first_column(const nnf_normalization *norm, nnf_panel_range range) { return range.begin * norm->panels.width; }

static nnf_normalize get_call(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call)
{
    const ptrdiff_t first = get_first_column(norm, call->range), at = norm->kind == NNF_NORMALIZE_LAYER ? 0 : first;
    const bool is_moving = call->statistics.mean == NULL;
    return (nnf_normalize){
        .shape = {call->n_rows, nnf_panels_count_columns(&norm->panels, call->range)},
        .x = nnf_rows_at(kernels, call->x, 0, first),
        .mean = nnf_real_at(kernels, is_moving ? norm->mean : call->statistics.mean, at),
        .inverse = nnf_real_at(kernels, is_moving ? norm->inverse : call->statistics.inverse, at),
        .gamma = nnf_real_at(kernels, norm->gamma, first),
        .beta = nnf_real_at(kernels, norm->beta, first),
        .epsilon = norm->epsilon,
    };
}

void nnf_normalization_refresh(const nnf_kernels *kernels, const nnf_normalization *norm, nnf_panel_range range)
{
    const ptrdiff_t first = get_first_column(norm, range);
    kernels->invert_deviations(nnf_panels_count_columns(&norm->panels, range), nnf_real_at(kernels, norm->variance, first), norm->epsilon,
                               norm->kind == NNF_NORMALIZE_GIVEN, nnf_real_at(kernels, norm->inverse, first));
}

/* ---- a batch ---- */

void nnf_normalization_measure(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call)
{
    const nnf_normalize columns = get_call(kernels, norm, call);
    kernels->column_statistics(&columns, NNF_SHARD_ROWS,
                               nnf_real_at(kernels, call->statistics.variance, get_first_column(norm, call->range)));
}

void nnf_normalization_learn(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call)
{
    const ptrdiff_t first = get_first_column(norm, call->range), n = nnf_panels_count_columns(&norm->panels, call->range);
    const nnf_statistics *batch = &call->statistics;
    kernels->blend(n, norm->momentum, nnf_real_at(kernels, batch->mean, first), nnf_real_at(kernels, norm->mean, first));
    kernels->blend(n, norm->momentum, nnf_real_at(kernels, batch->variance, first), nnf_real_at(kernels, norm->variance, first));
    nnf_normalization_refresh(kernels, norm, call->range);
}

static void clear(const nnf_kernels *kernels, ptrdiff_t n, void *reals) { memset(reals, 0, (size_t)n * nnf_dtype_size(kernels->dtype)); }

/* Rows row .. row + n_rows - 1, and columns from column on, of a call on many. */
static nnf_normalize get_piece(const nnf_kernels *kernels, const nnf_normalize *whole, ptrdiff_t row, ptrdiff_t column)
{
    const ptrdiff_t rows = whole->shape.rows - row, columns = whole->shape.columns - column;
    nnf_normalize piece = *whole;
    piece.shape = (nnf_shape){rows < NNF_SHARD_ROWS ? rows : NNF_SHARD_ROWS, columns < GROUP_COLUMNS ? columns : GROUP_COLUMNS};
    piece.x = nnf_rows_at(kernels, whole->x, row, column);
    piece.mean = nnf_real_at(kernels, whole->mean, column);
    piece.inverse = nnf_real_at(kernels, whole->inverse, column);
    return piece;
}

/* Some columns of all rows, whose sums begin at sum and products. */
static void sum_up_group(const nnf_kernels *kernels, const nnf_normalize *whole, ptrdiff_t column, nnf_rows gradient, void *sum,
                         void *products)
{
    _Alignas(64) unsigned char shard_sum[GROUP_BYTES], shard_products[GROUP_BYTES];
    for (ptrdiff_t row = 0; row < whole->shape.rows; row += NNF_SHARD_ROWS) {
        const nnf_normalize piece = get_piece(kernels, whole, row, column);
        const ptrdiff_t n = piece.shape.columns;
        void *to = row == 0 ? sum : shard_sum, *to_products = row == 0 ? products : shard_products;
        clear(kernels, n, to);
        clear(kernels, n, to_products);
        kernels->column_gradients(&piece, nnf_rows_at(kernels, gradient, row, column), to, to_products);
        if (row > 0) {
            kernels->add(n, shard_sum, sum);
            kernels->add(n, shard_products, products);
        }
    }
}

void nnf_normalization_sum_up(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                              nnf_rows gradient)
{
    const ptrdiff_t first = get_first_column(norm, call->range);
    const nnf_normalize whole = get_call(kernels, norm, call);
    for (ptrdiff_t column = 0; column < whole.shape.columns; column += GROUP_COLUMNS)
        sum_up_group(kernels, &whole, column, nnf_rows_at(kernels, gradient, 0, first),
                     nnf_real_at(kernels, call->statistics.sum, first + column),
                     nnf_real_at(kernels, call->statistics.products, first + column));
}

/* ---- forward and backward ---- */

void nnf_normalization_forward(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call, nnf_rows y)
{
    const nnf_normalize all = get_call(kernels, norm, call);
    const bool is_by_row = norm->kind == NNF_NORMALIZE_LAYER;
    (is_by_row ? kernels->normalize_rows : kernels->normalize_columns)(&all,
                                                                       nnf_rows_at(kernels, y, 0, get_first_column(norm, call->range)));
}

void nnf_normalization_backward(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                                nnf_rows gradient, nnf_rows grad_x)
{
    const ptrdiff_t first = get_first_column(norm, call->range);
    const nnf_normalize all = get_call(kernels, norm, call);
    const nnf_rows from = nnf_rows_at(kernels, gradient, 0, first), to = nnf_rows_at(kernels, grad_x, 0, first);
    if (norm->kind == NNF_NORMALIZE_LAYER)
        kernels->normalize_rows_backward(&all, from, to);
    else if (call->statistics.mean)
        kernels->normalize_columns_backward(&all, nnf_real_at(kernels, call->statistics.sum, first),
                                            nnf_real_at(kernels, call->statistics.products, first), from, to);
    else
        kernels->normalize_given_backward(&all, from, to);
}

void nnf_normalization_extend_gradient(const nnf_kernels *kernels, const nnf_normalization *norm, const nnf_normalization_call *call,
                                       nnf_rows gradient, bool is_gamma, void *tile)
{
    _Alignas(64) unsigned char other[NNF_BLOCK_BYTES / NNF_BLOCK_ROWS]; /* the one that is not wanted */
    const nnf_normalize panel = get_call(kernels, norm, call);
    const bool is_by_row = norm->kind == NNF_NORMALIZE_LAYER;
    clear(kernels, panel.shape.columns, other);
    (is_by_row ? kernels->column_gradients_by_row : kernels->column_gradients)(
        &panel, nnf_rows_at(kernels, gradient, 0, get_first_column(norm, call->range)), is_gamma ? other : tile, is_gamma ? tile : other);
}
