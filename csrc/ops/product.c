/* product.c: see product.h. */
#include "ops/product.h"
#include "ops/rows.h"

/* Rows of a panel between two visits to z: 1,024 rows of 256 bytes leave most of a second-level cache of 1 MiB to the rest. */
enum { BLOCK = 1024 };

enum { MOST_TILES = NNF_SPARSE_ROWS / 4 + 1 }; /* no table has tiles of fewer than 4 rows */

/* Columns of a tile that looks up its rows: 4 divides a word of marks, and 4 x 4 accumulators still hide the latency. */
enum { SPARSE_COLUMNS = 4 };

/* Of any table: a vector, and the reals of a panel. */
enum { MOST_VECTOR_BYTES = 64, MOST_PANEL_WIDTH = 64 };

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/* Reading a list costs a few percent. */
static bool is_worth_listing(ptrdiff_t n_listed, ptrdiff_t n) { return 16 * n_listed <= 15 * n; }

/* The product of rows [row, row + n_rows) and the block of the panel that begins at p, taken up where z stands. */
static nnf_gemm get_block(const nnf_kernels *kernels, const nnf_product *product, ptrdiff_t panel, ptrdiff_t p, ptrdiff_t row,
                          ptrdiff_t n_rows)
{
    const nnf_panels *panels = product->panels;
    const ptrdiff_t first = panel * panels->width;
    const nnf_rows x = nnf_rows_at(kernels, product->x, row, p), z = nnf_rows_at(kernels, product->z, row, first);
    const void *bias = product->start ? nnf_real_at(kernels, product->start, first) : NULL;
    return (nnf_gemm){
        .m = n_rows,
        .n = nnf_panels_columns(panels, panel),
        .k = least(panels->rows - p, BLOCK),
        .a = x.data,
        .a_row_stride = x.stride,
        .a_k_stride = 1,
        .b = nnf_real_at(kernels, product->packed, nnf_panels_offset(panels, panel, p)),
        .b_stride = nnf_panels_width(panels, panel),
        .c = z.data,
        .c_stride = z.stride,
        .start = p == 0 ? bias : z.data,
        .start_stride = p == 0 ? 0 : z.stride,
    };
}

void nnf_product_run(const nnf_kernels *kernels, const nnf_product *product, ptrdiff_t panel)
{
    ptrdiff_t p = 0;
    do { /* once at least: a sum of nothing is its start */
        nnf_gemm block = get_block(kernels, product, panel, p, 0, product->n_rows);
        if (panel == 0 && p == 0)
            block.ahead = product->ahead;
        kernels->gemm(&block);
        p += BLOCK;
    } while (p < product->panels->rows);
}

/* ---- leaving out zeros ---- */

typedef struct column_lists {
    ptrdiff_t n[MOST_TILES]; /* negative: all */
    uint16_t list[MOST_TILES][BLOCK + NNF_LIST_ROOM];
} column_lists;

static void list_columns(const nnf_kernels *kernels, const nnf_product *product, const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t p,
                         column_lists *lists)
{
    const ptrdiff_t k = least(product->panels->rows - p, BLOCK);
    const uint32_t *marks = zeros->marks + p / NNF_MARK_COLUMNS * zeros->stride + row;
    ptrdiff_t t = 0;
    for (ptrdiff_t i = 0; i < product->n_rows; i += kernels->tile_rows, t++) {
        const ptrdiff_t n_rows = least(product->n_rows - i, kernels->tile_rows);
        const ptrdiff_t n_words = (k + NNF_MARK_COLUMNS - 1) / NNF_MARK_COLUMNS;
        const ptrdiff_t n = kernels->list_columns(marks + i, zeros->stride, n_rows, n_words, lists->list[t]);
        lists->n[t] = is_worth_listing(n, k) ? n : -1;
    }
}

void nnf_product_run_sparse(const nnf_kernels *kernels, const nnf_product *product, nnf_panel_range range, const nnf_zeros *zeros,
                            ptrdiff_t row)
{
    column_lists lists;
    for (ptrdiff_t p = 0; p < product->panels->rows; p += BLOCK) {
        list_columns(kernels, product, zeros, row, p, &lists);
        for (ptrdiff_t panel = range.begin; panel < range.end; panel++)
            for (ptrdiff_t i = 0, t = 0; i < product->n_rows; i += kernels->tile_rows, t++) {
                nnf_gemm block = get_block(kernels, product, panel, p, i, least(product->n_rows - i, kernels->tile_rows));
                if (lists.n[t] >= 0) {
                    block.k = lists.n[t];
                    block.index = lists.list[t];
                }
                kernels->gemm(&block);
            }
    }
}

/* ---- weight gradients ---- */

static nnf_gemm get_outer(const nnf_outer *outer)
{
    return (nnf_gemm){
        .m = outer->m,
        .n = outer->n,
        .k = outer->n_rows,
        .a = outer->x.data,
        .a_row_stride = 1,
        .a_k_stride = outer->x.stride,
        .b = outer->grad_z.data,
        .b_stride = outer->grad_z.stride,
        .c = outer->c,
        .c_stride = outer->c_stride,
        .start = outer->is_continued ? outer->c : NULL,
        .start_stride = outer->c_stride,
    };
}

/* Few outputs leave most of a vector empty: then vectors run along the inputs instead, and the tile is made transposed. */
static bool is_narrow(const nnf_kernels *kernels, const nnf_outer *outer)
{
    return outer->n < kernels->vector_length && outer->m % kernels->vector_length == 0;
}

static void run_narrow(const nnf_kernels *kernels, const nnf_outer *outer, ptrdiff_t i, ptrdiff_t n_inputs)
{
    _Alignas(64) unsigned char scratch[MOST_VECTOR_BYTES * MOST_PANEL_WIDTH] = {0}; /* the panel's empty columns stay 0 */
    const ptrdiff_t length = kernels->vector_length;
    const nnf_rows transposed = {scratch, n_inputs}, tile = {nnf_real_at(kernels, outer->c, i * outer->c_stride), outer->c_stride};
    if (outer->is_continued)
        kernels->transpose((nnf_shape){n_inputs, length}, tile, transposed);
    kernels->gemm(&(nnf_gemm){
        .m = outer->n,
        .n = n_inputs,
        .k = outer->n_rows,
        .a = outer->grad_z.data,
        .a_row_stride = 1,
        .a_k_stride = outer->grad_z.stride,
        .b = nnf_rows_at(kernels, outer->x, 0, i).data,
        .b_stride = outer->x.stride,
        .c = scratch,
        .c_stride = n_inputs,
        .start = outer->is_continued ? scratch : NULL,
        .start_stride = n_inputs,
    });
    kernels->transpose((nnf_shape){length, n_inputs}, transposed, tile);
}

void nnf_outer_run(const nnf_kernels *kernels, const nnf_outer *outer)
{
    const nnf_gemm gemm = get_outer(outer);
    if (!is_narrow(kernels, outer))
        kernels->gemm(&gemm);
    else
        for (ptrdiff_t i = 0; i < outer->m; i += kernels->panel_width)
            run_narrow(kernels, outer, i, least(outer->m - i, kernels->panel_width));
}

void nnf_outer_run_sparse(const nnf_kernels *kernels, const nnf_outer *outer, const nnf_zeros *zeros, ptrdiff_t row, ptrdiff_t column)
{
    uint16_t list[NNF_CHAIN_ROWS + NNF_LIST_ROOM];
    for (ptrdiff_t i = 0; i < outer->m; i += SPARSE_COLUMNS) {
        const uint32_t columns = (uint32_t)((1 << SPARSE_COLUMNS) - 1) << (column + i) % NNF_MARK_COLUMNS;
        const uint32_t *marks = zeros->marks + (column + i) / NNF_MARK_COLUMNS * zeros->stride + row;
        const ptrdiff_t n = kernels->list_rows(marks, columns, outer->n_rows, list);
        nnf_outer tile = *outer;
        tile.m = least(outer->m - i, SPARSE_COLUMNS);
        tile.x = nnf_rows_at(kernels, outer->x, 0, i);
        tile.c = nnf_real_at(kernels, outer->c, i * outer->c_stride);
        nnf_gemm gemm = get_outer(&tile);
        if (is_worth_listing(n, outer->n_rows)) {
            gemm.k = n;
            gemm.index = list;
        }
        kernels->gemm(&gemm);
    }
}
