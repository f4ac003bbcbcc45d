/* dense.c: see dense.h. */
#include "ops/dense.h"
#include "ops/rows.h"

static bool is_by_row(const nnf_dense *dense) { return nnf_activation_is_by_row(dense->activation); }

/* y = f(z) for some rows and columns. */
static void activate(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call, nnf_shape shape, ptrdiff_t row,
                     ptrdiff_t column)
{
    kernels->activation_forward[dense->activation](shape, nnf_rows_at(kernels, call->z, row, column),
                                                   nnf_rows_at(kernels, call->y, row, column), dense->parameter);
}

static nnf_product get_product(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call, ptrdiff_t row,
                               ptrdiff_t n_rows)
{
    return (nnf_product){
        .panels = &dense->panels,
        .packed = dense->weights,
        .start = dense->bias,
        .n_rows = n_rows,
        .x = nnf_rows_at(kernels, call->inputs.x, row, 0),
        .z = nnf_rows_at(kernels, call->z, row, 0),
        .ahead = call->inputs.is_streamed ? nnf_rows_at(kernels, call->inputs.x, row + n_rows, 0).data : NULL,
    };
}

/* Panel by panel: each is read from memory once, and its results are activated while they are in cache. */
static void forward_panels(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call, bool is_elementwise)
{
    const nnf_panels *panels = &dense->panels;
    const nnf_product product = get_product(kernels, dense, call, 0, call->inputs.n_rows);
    for (ptrdiff_t panel = call->range.begin; panel < call->range.end; panel++) {
        nnf_product_run(kernels, &product, panel);
        if (is_elementwise)
            activate(kernels, dense, call, (nnf_shape){product.n_rows, nnf_panels_columns(panels, panel)}, 0, panel * panels->width);
    }
}

nnf_row_product nnf_dense_get_row_product(const nnf_kernels *kernels, const nnf_dense *dense, const void *x, nnf_rows z,
                                          nnf_panel_range range)
{
    const nnf_panels *panels = &dense->panels;
    const ptrdiff_t first = range.begin * panels->width;
    return (nnf_row_product){
        .n = nnf_panels_count_columns(panels, range),
        .k = panels->rows,
        .a = x,
        .b = nnf_real_at(kernels, dense->weights, nnf_panels_offset(panels, range.begin, 0)),
        .b_panel_stride = nnf_panels_stride(panels),
        .start = nnf_real_at(kernels, dense->bias, first),
        .c = nnf_rows_at(kernels, z, 0, first).data,
    };
}

/* One row gives a panel too few chains to fill a core: its product takes panels side by side. */
static void forward_row(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call, bool is_elementwise)
{
    const nnf_row_product product = nnf_dense_get_row_product(kernels, dense, call->inputs.x.data, call->z, call->range);
    if (!call->is_begun)
        kernels->row_product(&product);
    if (is_elementwise)
        activate(kernels, dense, call, (nnf_shape){1, product.n}, 0, call->range.begin * dense->panels.width);
}

/* Some rows at a time: what is known of their zeros serves all panels. */
static void forward_sparse(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call, bool is_elementwise)
{
    const nnf_inputs *inputs = &call->inputs;
    const ptrdiff_t column = call->range.begin * dense->panels.width, n_columns = nnf_panels_count_columns(&dense->panels, call->range);
    for (ptrdiff_t row = 0; row < inputs->n_rows; row += NNF_SPARSE_ROWS) {
        const ptrdiff_t left = inputs->n_rows - row;
        const nnf_product product = get_product(kernels, dense, call, row, left < NNF_SPARSE_ROWS ? left : NNF_SPARSE_ROWS);
        nnf_product_run_sparse(kernels, &product, call->range, inputs->zeros, inputs->row + row);
        if (is_elementwise)
            activate(kernels, dense, call, (nnf_shape){product.n_rows, n_columns}, row, column);
    }
}

void nnf_dense_forward(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call)
{
    const nnf_inputs *inputs = &call->inputs;
    const bool is_active = call->activate && dense->activation != NNF_ACTIVATION_LINEAR;
    const bool is_elementwise = is_active && !is_by_row(dense);
    if (nnf_zeros_are_known(inputs->zeros, inputs->row, inputs->n_rows))
        forward_sparse(kernels, dense, call, is_elementwise);
    else if (inputs->n_rows == 1)
        forward_row(kernels, dense, call, is_elementwise);
    else
        forward_panels(kernels, dense, call, is_elementwise);
    if (is_active && is_by_row(dense))
        activate(kernels, dense, call, (nnf_shape){inputs->n_rows, dense->panels.columns}, 0, 0);
}

void nnf_dense_backward(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows saved, nnf_rows gradient,
                        nnf_panel_range range)
{
    const ptrdiff_t column = range.begin * dense->panels.width, n_columns = nnf_panels_count_columns(&dense->panels, range);
    if (dense->activation != NNF_ACTIVATION_LINEAR)
        kernels->activation_backward[dense->activation]((nnf_shape){n, n_columns}, nnf_rows_at(kernels, saved, 0, column),
                                                        nnf_rows_at(kernels, gradient, 0, column), dense->parameter);
}

void nnf_dense_input_gradient(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows grad_z, nnf_rows grad_x,
                              nnf_panel_range range)
{
    const nnf_product product = {.panels = &dense->transposed_panels, .packed = dense->transposed, .n_rows = n, .x = grad_z, .z = grad_x};
    for (ptrdiff_t panel = range.begin; panel < range.end; panel++)
        nnf_product_run(kernels, &product, panel);
}

void nnf_dense_extend_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, const nnf_dense_gradient_call *call,
                               void *tile, bool is_continued)
{
    const nnf_inputs *inputs = &call->inputs;
    const bool is_bias = block.n_rows == 0;
    const nnf_outer outer = {
        .m = is_bias ? 1 : block.n_rows,
        .n = nnf_panels_columns(&dense->panels, block.panel),
        .n_rows = inputs->n_rows,
        .x = is_bias ? (nnf_rows){(void *)(uintptr_t)kernels->one, 0} : nnf_rows_at(kernels, inputs->x, 0, block.row),
        .grad_z = nnf_rows_at(kernels, call->grad_z, 0, block.panel * dense->panels.width),
        .c = tile,
        .c_stride = nnf_panels_width(&dense->panels, block.panel),
        .is_continued = is_continued,
    };
    if (!is_bias && nnf_zeros_are_known(inputs->zeros, inputs->row, inputs->n_rows))
        nnf_outer_run_sparse(kernels, &outer, inputs->zeros, inputs->row, block.row);
    else
        nnf_outer_run(kernels, &outer);
}

void nnf_dense_block_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, const nnf_dense_gradient_call *call,
                              void *tile)
{
    _Alignas(64) unsigned char shard_tile[NNF_BLOCK_BYTES];
    const nnf_inputs *inputs = &call->inputs;
    nnf_dense_gradient_call shard = *call;
    ptrdiff_t row = 0;
    do { /* once at least: without rows the gradient is 0 */
        shard.inputs.n_rows = inputs->n_rows - row < NNF_SHARD_ROWS ? inputs->n_rows - row : NNF_SHARD_ROWS;
        shard.inputs.x = nnf_rows_at(kernels, inputs->x, row, 0);
        shard.inputs.row = inputs->row + row;
        shard.grad_z = nnf_rows_at(kernels, call->grad_z, row, 0);
        nnf_dense_extend_gradient(kernels, dense, block, &shard, row == 0 ? tile : shard_tile, false);
        if (row > 0)
            kernels->add(nnf_block_size(&dense->panels, block), shard_tile, tile);
        row += shard.inputs.n_rows;
    } while (row < inputs->n_rows);
}

void nnf_dense_refresh(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block)
{
    const nnf_panels_pair pair = {&dense->panels, &dense->transposed_panels, dense->weights, dense->transposed};
    nnf_panels_transpose(kernels, &pair, block.panel, block.row, block.n_rows);
}

ptrdiff_t nnf_block_offset(const nnf_panels *panels, nnf_block block)
{
    return block.n_rows == 0 ? block.panel * panels->width : nnf_panels_offset(panels, block.panel, block.row);
}

ptrdiff_t nnf_block_size(const nnf_panels *panels, nnf_block block)
{
    return (block.n_rows == 0 ? 1 : block.n_rows) * nnf_panels_width(panels, block.panel);
}
