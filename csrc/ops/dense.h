/* dense.h: the dense layer: forward, gradient of the input, and gradient of the parameters.
 *
 *   forward         y[n x out] = f(x[n x in] w[in x out] + bias)
 *   backward        gradient of y becomes that of z = x w + bias, in place; then grad_x = grad_z w^T
 *   block gradient  grad_w[i][o] = sum over rows of x[.][i] grad_z[.][o], for a block of w
 *
 * Rows given to one call are done by one thread; every row of y, grad_z and grad_x has a stride with room for whole vectors. x is
 * read up to its last column only, so it may lie in the caller's memory. */
#ifndef NNF_OPS_DENSE_H
#define NNF_OPS_DENSE_H

#include "kernels/kernels.h"
#include "ops/panels.h"
#include "ops/product.h"

/* Rows that are carried through layers together: while they stay in the second-level cache. A multiple of every tile_rows. */
enum { NNF_CHUNK_ROWS = 96 };

/* Gradients of more rows than this are summed in shards of this many, the shards' sums added in order. Part of the numerics:
 * changing it changes results. */
enum { NNF_SHARD_ROWS = NNF_CHAIN_ROWS };

/* Rows of w in a block: its gradient is a tile in the first-level cache. A multiple of every tile_rows. */
enum { NNF_BLOCK_ROWS = 48, NNF_BLOCK_BYTES = NNF_BLOCK_ROWS * 256, NNF_BLOCK_COLUMNS = 64 };

typedef struct nnf_dense {
    nnf_panels panels;            /* of w: (in, out) */
    nnf_panels transposed_panels; /* of w^T: (out, in) */
    nnf_activation activation;
    double parameter;
    bool keep_input;                   /* the activation's derivative needs z */
    void *weights, *bias, *transposed; /* bias: 0 if unused, padded to whole vectors. transposed: w^T */
} nnf_dense;

/* One block of parameters: rows row .. row + n_rows - 1 of a panel of w; n_rows 0 stands for the panel's part of a vector. */
typedef struct nnf_block {
    ptrdiff_t panel, row, n_rows;
} nnf_block;

/* What a layer reads. */
typedef struct nnf_inputs {
    ptrdiff_t n_rows;
    nnf_rows x;
    const nnf_zeros *zeros; /* of x, or NULL */
    ptrdiff_t row;          /* number of the first row in zeros */
    bool is_streamed;       /* x lies in the caller's memory, and what lies behind it is read next */
} nnf_inputs;

typedef struct nnf_dense_forward_call {
    nnf_inputs inputs;
    nnf_rows z, y;         /* the same rows unless keep_input */
    bool activate;         /* false leaves y = z */
    bool is_begun;         /* z is there already, of one row */
    nnf_panel_range range; /* all panels where softmax is to be applied */
} nnf_dense_forward_call;

/* Of rows of inputs, and as many of grad_z. */
typedef struct nnf_dense_gradient_call {
    nnf_inputs inputs;
    nnf_rows grad_z;
} nnf_dense_gradient_call;

void nnf_dense_forward(const nnf_kernels *kernels, const nnf_dense *dense, const nnf_dense_forward_call *call);
/* What makes z, in a range of panels, of the only row of x. */
nnf_row_product nnf_dense_get_row_product(const nnf_kernels *kernels, const nnf_dense *dense, const void *x, nnf_rows z,
                                          nnf_panel_range range);
/* gradient *= f', in the columns of a range of panels. saved: z if keep_input, else y. */
void nnf_dense_backward(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows saved, nnf_rows gradient,
                        nnf_panel_range range);
/* The columns of grad_x that are in a range of the transposed panels, which must be up to date. */
void nnf_dense_input_gradient(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows grad_z, nnf_rows grad_x,
                              nnf_panel_range range);
/* tile: the block's gradient over the call's rows, laid out as the block lies in memory; NNF_BLOCK_BYTES of room. */
void nnf_dense_block_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, const nnf_dense_gradient_call *call,
                              void *tile);
/* The same for a part of a shard's rows: tile's chains are begun, or taken up where they stand. */
void nnf_dense_extend_gradient(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block, const nnf_dense_gradient_call *call,
                               void *tile, bool is_continued);
/* Brings transposed up to date with a block of w. */
void nnf_dense_refresh(const nnf_kernels *kernels, const nnf_dense *dense, nnf_block block);

/* Where a block begins, from the start of w or of a vector, and how many reals it has. */
ptrdiff_t nnf_block_offset(const nnf_panels *panels, nnf_block block);
ptrdiff_t nnf_block_size(const nnf_panels *panels, nnf_block block);

#endif
