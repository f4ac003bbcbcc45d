/* product.h: the products of a dense layer, cut so that what is read again is still in cache. Each call is one thread's. */
#ifndef NNF_OPS_PRODUCT_H
#define NNF_OPS_PRODUCT_H

#include "ops/panels.h"
#include "ops/zeros.h"

/* z[n_rows x columns] = start + x[n_rows x rows] w[rows x columns]. Rows of z have room for whole vectors. */
typedef struct nnf_product {
    const nnf_panels *panels; /* of w */
    const void *packed;       /* w */
    const void *start;        /* one real a column; NULL: 0 */
    ptrdiff_t n_rows;
    nnf_rows x, z;
    const void *ahead; /* n_rows rows like x, right behind each other, that the next product reads; or NULL */
} nnf_product;

/* The columns of one panel. */
void nnf_product_run(const nnf_kernels *kernels, const nnf_product *product, ptrdiff_t panel);

/* Rows that nnf_product_run_sparse takes at most: lists of so many tiles stay in the first-level cache. */
enum { NNF_SPARSE_ROWS = 48 };

/* Several panels, leaving out what zeros tells to be 0; row: number of the first row there. */
void nnf_product_run_sparse(const nnf_kernels *kernels, const nnf_product *product, nnf_panel_range range, const nnf_zeros *zeros,
                            ptrdiff_t row);

/* The most rows that one chain of a weight gradient sums over. */
enum { NNF_CHAIN_ROWS = 1024 };

/* Rows of grad_z and c have room for whole vectors; n is at most a panel's width. A tile of a weight gradient: c[i][j] = (is_continued ?
 * c[i][j] : 0) + the sum over n_rows rows of x[i] grad_z[j], i < m, j < n. */
typedef struct nnf_outer {
    ptrdiff_t m, n, n_rows;
    nnf_rows x, grad_z; /* from the first column that is wanted */
    void *c;
    ptrdiff_t c_stride;
    bool is_continued;
} nnf_outer;

void nnf_outer_run(const nnf_kernels *kernels, const nnf_outer *outer);
/* Of at most NNF_CHAIN_ROWS rows; leaves out those that are 0 in all columns of a tile. row, column: numbers of x's first ones in zeros;
 * column is a multiple of 4. */
void nnf_outer_run_sparse(const nnf_kernels *kernels, const nnf_outer *outer, const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t column);

#endif
