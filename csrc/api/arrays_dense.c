/* arrays_dense.c: the dense layer on whole arrays of the caller's, which are packed for each call. */
#include "api/core.h"
#include "base/memory.h"
#include "base/team.h"
#include "nnfast.h"
#include "ops/dense.h"
#include "ops/rows.h"
#include "ops/work.h"
#include <string.h>

/* Copies rows of n_columns reals. */
static void copy_rows(const nnf_kernels *kernels, ptrdiff_t n_rows, ptrdiff_t n_columns, nnf_rows from, nnf_rows to)
{
    for (ptrdiff_t i = 0; i < n_rows; i++)
        memcpy(nnf_rows_at(kernels, to, i, 0).data, nnf_rows_at(kernels, from, i, 0).data,
               (size_t)n_columns * nnf_dtype_size(kernels->dtype));
}

/* Reals of a row of n_columns with room for whole vectors. */
static ptrdiff_t get_room(const nnf_kernels *kernels, ptrdiff_t n_columns)
{
    return (ptrdiff_t)nnf_round_up((size_t)n_columns, (size_t)kernels->vector_length);
}

static size_t plan_rows(nnf_arena *arena, const nnf_kernels *kernels, int64_t n_rows, ptrdiff_t n_columns)
{
    const size_t row = nnf_size_multiply((size_t)get_room(kernels, n_columns), nnf_dtype_size(kernels->dtype));
    return nnf_arena_plan(arena, nnf_size_multiply((size_t)n_rows, row));
}

/* ---- forward ---- */

typedef void (*product_function)(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows x, nnf_rows y);

static void descend(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows grad_y, nnf_rows grad_x)
{
    nnf_dense_input_gradient(kernels, dense, n, grad_y, grad_x, (nnf_panel_range){0, dense->transposed_panels.count});
}

/* y = product(x), a chunk at a time through buffers that have room for whole vectors. */
typedef struct product_job {
    const nnf_kernels *kernels;
    const nnf_dense *dense;
    product_function product;
    int64_t n_rows;
    ptrdiff_t n_columns; /* of y */
    nnf_rows x, y;
    nnf_rows buffer; /* NNF_CHUNK_ROWS for each member */
} product_job;

static void multiply(const nnf_kernels *kernels, const nnf_dense *dense, ptrdiff_t n, nnf_rows x, nnf_rows y)
{
    nnf_dense_forward(kernels, dense,
                      &(nnf_dense_forward_call){.inputs = {.n_rows = n, .x = x}, .z = y, .y = y, .range = {0, dense->panels.count}});
}

static void product_member(nnf_member *member, void *argument)
{
    const product_job *job = argument;
    const nnf_rows buffer = nnf_rows_at(job->kernels, job->buffer, (ptrdiff_t)member->index * NNF_CHUNK_ROWS, 0);
    int64_t row, end;
    nnf_team_share(member, job->n_rows, &row, &end);
    for (; row < end; row += NNF_CHUNK_ROWS) {
        const ptrdiff_t n = end - row < NNF_CHUNK_ROWS ? (ptrdiff_t)(end - row) : NNF_CHUNK_ROWS;
        job->product(job->kernels, job->dense, n, nnf_rows_at(job->kernels, job->x, row, 0), buffer);
        copy_rows(job->kernels, n, job->n_columns, buffer, nnf_rows_at(job->kernels, job->y, row, 0));
    }
}

static bool run_product(const nnf_kernels *kernels, const nnf_dense *dense, product_function product, const nnf_matrix *x,
                        const nnf_matrix *y)
{
    const int n_threads = nnf_work_choose_threads((double)x->n_rows * (double)x->n_columns * (double)y->n_columns);
    nnf_arena memory = {0};
    plan_rows(&memory, kernels, (int64_t)n_threads * NNF_CHUNK_ROWS, (ptrdiff_t)y->n_columns);
    if (!nnf_arena_create(&memory))
        return false;
    product_job job = {
        .kernels = kernels,
        .dense = dense,
        .product = product,
        .n_rows = x->n_rows,
        .n_columns = (ptrdiff_t)y->n_columns,
        .x = nnf_matrix_rows(x),
        .y = nnf_matrix_rows(y),
        .buffer = {memory.base, get_room(kernels, (ptrdiff_t)y->n_columns)},
    };
    nnf_team_run(n_threads, product_member, &job);
    nnf_arena_free(&memory);
    return true;
}

/* Packs w, contiguous rows, and the bias (or none); with_transposed: w^T too. */
static bool pack(const nnf_kernels *kernels, const nnf_matrix *w, const void *bias, bool with_transposed, nnf_dense *dense,
                 nnf_arena *memory)
{
    *dense = (nnf_dense){.panels = nnf_panels_plan(kernels, (ptrdiff_t)w->n_rows, (ptrdiff_t)w->n_columns),
                         .transposed_panels = nnf_panels_plan(kernels, (ptrdiff_t)w->n_columns, (ptrdiff_t)w->n_rows)};
    const size_t weights = nnf_arena_plan(memory, nnf_panels_size(kernels, &dense->panels));
    const size_t padded_bias = plan_rows(memory, kernels, 1, (ptrdiff_t)w->n_columns);
    const size_t transposed = nnf_arena_plan(memory, with_transposed ? nnf_panels_size(kernels, &dense->transposed_panels) : 0);
    if (!nnf_arena_create(memory))
        return false;
    dense->weights = memory->base + weights;
    dense->bias = memory->base + padded_bias;
    dense->transposed = memory->base + transposed;
    nnf_panels_pack(kernels, &dense->panels, w->data, dense->weights);
    if (bias)
        memcpy(dense->bias, bias, (size_t)w->n_columns * nnf_dtype_size(kernels->dtype));
    for (ptrdiff_t panel = 0; with_transposed && panel < dense->panels.count; panel++)
        nnf_dense_refresh(kernels, dense, (nnf_block){panel, 0, dense->panels.rows});
    return true;
}

static bool is_contiguous(const nnf_matrix *matrix)
{
    return matrix->row_stride == matrix->n_columns * (int64_t)nnf_dtype_size(matrix->dtype);
}

nnf_status nnf_array_dense_forward(const nnf_matrix *x, const nnf_matrix *w, const void *bias, const nnf_matrix *y)
{
    if (!nnf_is_real(x, w->dtype, x->n_rows, w->n_rows) || !nnf_is_real(y, w->dtype, x->n_rows, w->n_columns) || !is_contiguous(w))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_kernels *kernels = nnf_core_get_kernels(w->dtype);
    nnf_arena memory = {0};
    nnf_dense dense;
    const bool done = pack(kernels, w, bias, false, &dense, &memory) && run_product(kernels, &dense, multiply, x, y);
    nnf_arena_free(&memory);
    return done ? NNF_STATUS_OK : NNF_STATUS_OUT_OF_MEMORY;
}

/* ---- backward ---- */

typedef struct gradient_job {
    const nnf_kernels *kernels;
    const nnf_dense *dense;
    ptrdiff_t n_rows;
    nnf_rows x, grad_y;
    nnf_rows grad_w;
    void *grad_bias;
} gradient_job;

static void gradient_panel(const gradient_job *job, ptrdiff_t panel)
{
    const nnf_panels *panels = &job->dense->panels;
    const ptrdiff_t columns = nnf_panels_columns(panels, panel), first = panel * panels->width;
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    const nnf_rows rows = {tile, nnf_panels_width(panels, panel)};
    const nnf_dense_gradient_call call = {.inputs = {.n_rows = job->n_rows, .x = job->x}, .grad_z = job->grad_y};
    for (ptrdiff_t row = 0; job->grad_w.data && row < panels->rows; row += NNF_BLOCK_ROWS) {
        const ptrdiff_t n = panels->rows - row < NNF_BLOCK_ROWS ? panels->rows - row : NNF_BLOCK_ROWS;
        nnf_dense_block_gradient(job->kernels, job->dense, (nnf_block){panel, row, n}, &call, tile);
        copy_rows(job->kernels, n, columns, rows, nnf_rows_at(job->kernels, job->grad_w, row, first));
    }
    if (job->grad_bias) {
        nnf_dense_block_gradient(job->kernels, job->dense, (nnf_block){panel, 0, 0}, &call, tile);
        copy_rows(job->kernels, 1, columns, rows, (nnf_rows){nnf_real_at(job->kernels, job->grad_bias, first), 0});
    }
}

static void gradient_member(nnf_member *member, void *argument)
{
    const gradient_job *job = argument;
    int64_t panel, end;
    nnf_team_share(member, job->dense->panels.count, &panel, &end);
    for (; panel < end; panel++)
        gradient_panel(job, (ptrdiff_t)panel);
}

/* The product over rows reads whole vectors of grad_y, so that is copied to rows with room. */
static bool run_gradients(gradient_job *job, const nnf_matrix *grad_y)
{
    const ptrdiff_t n_columns = (ptrdiff_t)grad_y->n_columns;
    nnf_arena memory = {0};
    plan_rows(&memory, job->kernels, grad_y->n_rows, n_columns);
    if (!nnf_arena_create(&memory))
        return false;
    job->grad_y = (nnf_rows){memory.base, get_room(job->kernels, n_columns)};
    copy_rows(job->kernels, job->n_rows, n_columns, nnf_matrix_rows(grad_y), job->grad_y);
    nnf_team_run(nnf_work_choose_threads((double)job->n_rows * (double)n_columns * (double)job->dense->panels.rows), gradient_member, job);
    nnf_arena_free(&memory);
    return true;
}

nnf_status nnf_array_dense_backward(const nnf_matrix *x, const nnf_matrix *w, const nnf_matrix *grad_y, const nnf_matrix *grad_x,
                                    const nnf_matrix *grad_w, void *grad_bias)
{
    const nnf_dtype dtype = w->dtype;
    if (!nnf_is_real(x, dtype, x->n_rows, w->n_rows) || !nnf_is_real(grad_y, dtype, x->n_rows, w->n_columns) || !is_contiguous(w) ||
        (grad_x && !nnf_is_real(grad_x, dtype, x->n_rows, w->n_rows)) || (grad_w && !nnf_is_real(grad_w, dtype, w->n_rows, w->n_columns)))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_kernels *kernels = nnf_core_get_kernels(dtype);
    nnf_arena memory = {0};
    nnf_dense dense;
    gradient_job job = {
        .kernels = kernels,
        .dense = &dense,
        .n_rows = (ptrdiff_t)x->n_rows,
        .x = nnf_matrix_rows(x),
        .grad_w = grad_w ? nnf_matrix_rows(grad_w) : (nnf_rows){0},
        .grad_bias = grad_bias,
    };
    bool done = pack(kernels, w, NULL, grad_x != NULL, &dense, &memory);
    if (done && grad_x)
        done = run_product(kernels, &dense, descend, grad_y, grad_x);
    if (done && (grad_w || grad_bias))
        done = run_gradients(&job, grad_y);
    nnf_arena_free(&memory);
    return done ? NNF_STATUS_OK : NNF_STATUS_OUT_OF_MEMORY;
}
