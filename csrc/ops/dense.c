/* dense.c: see dense.h. */
#include "ops/dense.h"
#include "ops/rows.h"

void nnf_dense_forward(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows x, nnf_rows z, nnf_rows y, bool activate)
{
    const nnf_panels *panels = &dense->panels;
    const nnf_activation_forward f = kernels->activation_forward[dense->activation];
    const bool by_row = dense->activation == NNF_ACTIVATION_SOFTMAX;
    activate = activate && dense->activation != NNF_ACTIVATION_LINEAR;
    for (ptrdiff_t panel = 0; panel < panels->count; panel++) {
        const ptrdiff_t columns = nnf_panels_columns(panels, panel), first = panel * panels->width;
        const nnf_rows z_part = nnf_rows_at(kernels, z, 0, first);
        kernels->gemm(&(nnf_gemm){
            .m = n,
            .n = columns,
            .k = panels->rows,
            .a = x.data,
            .a_row_stride = x.stride,
            .a_k_stride = 1,
            .b = nnf_real_at(kernels, dense->weights, nnf_panels_offset(panels, panel, 0)),
            .b_stride = nnf_panels_width(panels, panel),
            .c = z_part.data,
            .c_stride = z.stride,
            .start = nnf_real_at(kernels, dense->bias, first),
        });
        if (activate && !by_row)
            f((nnf_shape){n, columns}, z_part, nnf_rows_at(kernels, y, 0, first), dense->parameter);
    }
    if (activate && by_row)
        f((nnf_shape){n, panels->columns}, z, y, dense->parameter);
}

void nnf_dense_backward(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows saved, nnf_rows gradient)
{
    if (dense->activation != NNF_ACTIVATION_LINEAR)
        kernels->activation_backward[dense->activation]((nnf_shape){n, dense->panels.columns}, saved, gradient, dense->parameter);
}

void nnf_dense_input_gradient(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows grad_z, nnf_rows grad_x)
{
    const nnf_panels *panels = &dense->transposed_panels;
    for (ptrdiff_t panel = 0; panel < panels->count; panel++)
        kernels->gemm(&(nnf_gemm){
            .m = n,
            .n = nnf_panels_columns(panels, panel),
            .k = panels->rows,
            .a = grad_z.data,
            .a_row_stride = grad_z.stride,
            .a_k_stride = 1,
            .b = nnf_real_at(kernels, dense->transposed, nnf_panels_offset(panels, panel, 0)),
            .b_stride = nnf_panels_width(panels, panel),
            .c = nnf_rows_at(kernels, grad_x, 0, panel * panels->width).data,
            .c_stride = grad_x.stride,
        });
}

/* The block's gradient over n rows as one chain. */
static void chain_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, ptrdiff_t n, nnf_rows x, nnf_rows grad_z,
                           void *tile)
{
    const bool is_bias = block.n_rows == 0;
    const nnf_panels *panels = &dense->panels;
    kernels->gemm(&(nnf_gemm){
        .m = is_bias ? 1 : block.n_rows,
        .n = nnf_panels_columns(panels, block.panel),
        .k = n,
        .a = is_bias ? kernels->one : nnf_rows_at(kernels, x, 0, block.row).data,
        .a_row_stride = is_bias ? 0 : 1,
        .a_k_stride = is_bias ? 0 : x.stride,
        .b = nnf_rows_at(kernels, grad_z, 0, block.panel * panels->width).data,
        .b_stride = grad_z.stride,
        .c = tile,
        .c_stride = nnf_panels_width(panels, block.panel),
    });
}

void nnf_dense_block_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, ptrdiff_t n, nnf_rows x, nnf_rows grad_z,
                              void *tile)
{
    _Alignas(64) unsigned char shard_tile[NNF_BLOCK_BYTES];
    ptrdiff_t row = 0;
    do {
        const ptrdiff_t n_rows = n - row < NNF_SHARD_ROWS ? n - row : NNF_SHARD_ROWS;
        chain_gradient(kernels, dense, block, n_rows, nnf_rows_at(kernels, x, row, 0), nnf_rows_at(kernels, grad_z, row, 0),
                       row == 0 ? tile : shard_tile);
        if (row > 0)
            kernels->add(nnf_block_size(dense, block), shard_tile, tile);
        row += n_rows;
    } while (row < n);
}

void nnf_dense_refresh(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block)
{
    nnf_panels_transpose(kernels, &dense->panels, dense->weights, block.panel, block.row, block.n_rows, &dense->transposed_panels,
                         dense->transposed);
}

ptrdiff_t nnf_block_offset(const nnf_dense *dense, nnf_block block)
{
    return block.n_rows == 0 ? block.panel * dense->panels.width : nnf_panels_offset(&dense->panels, block.panel, block.row);
}

ptrdiff_t nnf_block_size(const nnf_dense *dense, nnf_block block)
{
    return (block.n_rows == 0 ? 1 : block.n_rows) * nnf_panels_width(&dense->panels, block.panel);
}
