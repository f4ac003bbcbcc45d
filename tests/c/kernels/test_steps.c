/* test_steps.c: what a step does beside the rule: the same bits from every table, and the formula's numbers. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>

enum { GAP = 3, FIRST = 0, SECOND = 1 };

static void fill_twice(nnf_dtype dtype, arrays *before, arrays *after, ptrdiff_t n)
{
    for (int i = 0; i < 4; i++) {
        arrays *all = i % 2 ? before : after;
        real_fill(dtype, all->data[arrays_add(all, (size_t)n * nnf_dtype_size(dtype))], n, (uint64_t)(i / 2), -1, 1);
    }
    for (ptrdiff_t j = 0; j < n; j += 5) {
        real_set(dtype, before->data[FIRST], j, 0);
        real_set(dtype, after->data[FIRST], j, 0);
    }
}

static bool is_near(nnf_dtype dtype, double got, double expected)
{
    return fabs(got - expected) <= 4 * (dtype == NNF_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
}

/* ---- penalties ---- */

typedef struct penalty_call {
    nnf_shape shape;
    double l1, l2;
    bool has_gradient;
} penalty_call;

static void call_penalize(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const penalty_call *call = arguments;
    const nnf_slope slope = {call->l1, call->l2, data[2]};
    table->penalize(call->shape, (nnf_rows){data[FIRST], call->shape.columns + GAP}, &slope, call->has_gradient ? data[SECOND] : NULL);
}

/* By the contract's order, so that the bits must be equal: of sixteen rows in reals, of such groups in doubles. */
static double sum_column(nnf_dtype dtype, const penalty_call *call, const void *x, ptrdiff_t j)
{
    double size = 0, square = 0;
    for (ptrdiff_t i = 0; i < call->shape.rows; i += 16) {
        double part_size = 0, part_square = 0;
        for (ptrdiff_t r = i; r < i + 16 && r < call->shape.rows; r++) {
            const double element = real_get(dtype, x, r * (call->shape.columns + GAP) + j);
            const float f = (float)element;
            part_size = dtype == NNF_F32 ? (double)((float)part_size + fabsf(f)) : part_size + fabs(element);
            part_square = dtype == NNF_F32 ? (double)fmaf(f, f, (float)part_square) : fma(element, element, part_square);
        }
        size += part_size;
        square += part_square;
    }
    return call->l1 != 0 ? size * call->l1 + square * call->l2 : square * call->l2;
}

static void test_penalize(nnf_dtype dtype, const penalty_call *call)
{
    const ptrdiff_t stride = call->shape.columns + GAP, n = (call->shape.rows - 1) * stride + call->shape.columns;
    arrays before = {0}, after = {0};
    fill_twice(dtype, &before, &after, n);
    arrays_add(&after, (size_t)call->shape.columns * sizeof(double));
    CHECK(tables_agree(dtype, call_penalize, call, &after));
    const double *penalty = after.data[2];
    for (ptrdiff_t j = 0; j < call->shape.columns; j++)
        CHECK(penalty[j] == sum_column(dtype, call, before.data[FIRST], j));
    for (ptrdiff_t i = 0; i < n; i++) {
        const double w = real_get(dtype, before.data[FIRST], i), sign = (w > 0) - (w < 0);
        const bool is_changed = call->has_gradient && i % stride < call->shape.columns;
        const double slope = is_changed ? 2 * call->l2 * w + call->l1 * sign : 0;
        CHECK(is_near(dtype, real_get(dtype, after.data[SECOND], i), real_get(dtype, before.data[SECOND], i) + slope));
    }
    arrays_free(&before);
    arrays_free(&after);
}

static void test_penalties(nnf_dtype dtype, ptrdiff_t n)
{
    static const double factors[][2] = {{0, 0.25}, {0.5, 0}, {0.3, 0.7}};
    static const ptrdiff_t n_rows[] = {1, 15, 16, 48};
    for (int f = 0; f < 3; f++)
        for (int r = 0; r < 4; r++) {
            const penalty_call call = {{n_rows[r], n}, factors[f][0], factors[f][1], r % 2};
            check_set_context("f%zu l1 %g l2 %g %td x %td", 8 * nnf_dtype_size(dtype), call.l1, call.l2, n_rows[r], n);
            test_penalize(dtype, &call);
        }
}

/* ---- element by element ---- */

static void call_clip(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->clip(*(const ptrdiff_t *)arguments, 0.25, data[FIRST]);
}
static double clip(double x, double y) { return (void)y, fmin(fmax(x, -0.25), 0.25); }

static void call_raise(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->raise_to_zero(*(const ptrdiff_t *)arguments, data[FIRST]);
}
static double raise_to_zero(double x, double y) { return (void)y, fmax(x, 0); }

static void call_average(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->average(*(const ptrdiff_t *)arguments, 0.75, data[SECOND], data[FIRST]);
}
static double average(double x, double y) { return 0.75 * x + 0.25 * y; }

static void test_elements(nnf_dtype dtype, kernel_call call, double (*formula)(double x, double y), ptrdiff_t n)
{
    arrays before = {0}, after = {0};
    fill_twice(dtype, &before, &after, n);
    CHECK(tables_agree(dtype, call, &n, &after));
    for (ptrdiff_t i = 0; i < n; i++) {
        const double x = real_get(dtype, before.data[FIRST], i), y = real_get(dtype, before.data[SECOND], i);
        CHECK(is_near(dtype, real_get(dtype, after.data[FIRST], i), formula(x, y)));
    }
    arrays_free(&before);
    arrays_free(&after);
}

static void call_nan(const nnf_kernels *table, void *const *data, const void *arguments)
{
    call_clip(table, data, arguments);
    call_raise(table, data, arguments);
}

/* What is not a number must not become one. */
static void test_nan(nnf_dtype dtype, ptrdiff_t n)
{
    arrays all = {0};
    arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
    real_set(dtype, all.data[0], n / 2, NAN);
    CHECK(tables_agree(dtype, call_nan, &n, &all));
    CHECK(isnan(real_get(dtype, all.data[0], n / 2)));
    arrays_free(&all);
}

/* ---- columns ---- */

static void call_scale(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const nnf_shape *shape = arguments;
    table->scale_columns(*shape, (nnf_rows){data[0], shape->columns + GAP}, data[1]);
}

static void test_scale(nnf_dtype dtype, nnf_shape shape)
{
    const ptrdiff_t stride = shape.columns + GAP, n = (shape.rows - 1) * stride + shape.columns;
    arrays all = {0};
    arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
    double *factor = all.data[arrays_add(&all, (size_t)shape.columns * sizeof(double))];
    for (ptrdiff_t i = 0; i < n; i++)
        real_set(dtype, all.data[0], i, (double)(i % 7 - 3));
    for (ptrdiff_t j = 0; j < shape.columns; j++)
        factor[j] = 0.5 + (double)j;
    CHECK(tables_agree(dtype, call_scale, &shape, &all));
    for (ptrdiff_t i = 0; i < n; i++)
        CHECK(real_get(dtype, all.data[0], i) == (double)(i % 7 - 3) * (i % stride < shape.columns ? 0.5 + (double)(i % stride) : 1));
    arrays_free(&all);
}

static void test_all(nnf_dtype dtype)
{
    for (ptrdiff_t n = 1; n <= MAX_SIZE; n++) {
        test_penalties(dtype, n);
        check_set_context("f%zu n %td", 8 * nnf_dtype_size(dtype), n);
        test_elements(dtype, call_clip, clip, n);
        test_elements(dtype, call_raise, raise_to_zero, n);
        test_elements(dtype, call_average, average, n);
        test_nan(dtype, n);
        test_scale(dtype, (nnf_shape){3, n});
    }
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
