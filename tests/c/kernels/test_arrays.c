/* test_arrays.c: sums, transposes, the search for NaN, and the normal quantile. */
#include "check.h"
#include "kernels/tables.h"

#include <math.h>
#include <string.h>

static void call_add(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->add(*(const ptrdiff_t *)arguments, data[0], data[1]);
}

static void test_add(nnf_dtype dtype, ptrdiff_t n)
{
    arrays before = {0}, after = {0};
    for (int i = 0; i < 4; i++) {
        arrays *all = i % 2 ? &before : &after;
        real_fill(dtype, all->data[arrays_add(all, (size_t)n * nnf_dtype_size(dtype))], n, (uint64_t)(i / 2), -5, 5);
    }
    CHECK(tables_agree(dtype, call_add, &n, &after));
    for (ptrdiff_t i = 0; i < n; i++) {
        const double sum = real_get(dtype, before.data[0], i) + real_get(dtype, before.data[1], i);
        CHECK(real_get(dtype, after.data[1], i) == (dtype == NNF_F32 ? (double)(float)sum : sum));
    }
    arrays_free(&before);
    arrays_free(&after);
}

static const ptrdiff_t gap = 3;

static void call_transpose(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const nnf_shape *shape = arguments;
    table->transpose(*shape, (nnf_rows){data[0], shape->columns + gap}, (nnf_rows){data[1], shape->rows + gap});
}

static ptrdiff_t count_elements(ptrdiff_t rows, ptrdiff_t columns)
{
    return rows == 0 || columns == 0 ? 0 : (rows - 1) * (columns + gap) + columns;
}

static void test_transpose(nnf_dtype dtype, nnf_shape shape)
{
    const ptrdiff_t n_source = count_elements(shape.rows, shape.columns), n = count_elements(shape.columns, shape.rows);
    arrays all = {0};
    real_fill(dtype, all.data[arrays_add(&all, (size_t)n_source * nnf_dtype_size(dtype))], n_source, 1, -1, 1);
    arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
    CHECK(tables_agree(dtype, call_transpose, &shape, &all));
    bool is_right = true;
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t row = i / (shape.rows + gap), column = i % (shape.rows + gap);
        const double expected = column < shape.rows ? real_get(dtype, all.data[0], column * (shape.columns + gap) + row) : 0;
        is_right &= real_get(dtype, all.data[1], i) == expected;
    }
    CHECK(is_right);
    arrays_free(&all);
}

static void call_find(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const nnf_shape *shape = arguments;
    const int64_t found = table->find_not_finite(*shape, (nnf_rows){data[0], shape->columns + gap});
    memcpy(data[1], &found, sizeof found);
}

/* Bad values in the gaps must not be seen; the first of two must be found. */
static void test_find(nnf_dtype dtype, nnf_shape shape, int64_t place, double value)
{
    const ptrdiff_t n = count_elements(shape.rows, shape.columns), stride = shape.columns + gap;
    const double largest = dtype == NNF_F32 ? 0x1.fffffep127 : 0x1.fffffffffffffp1023;
    arrays all = {0};
    int64_t found;
    arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
    arrays_add(&all, sizeof found);
    for (ptrdiff_t i = 0; i < n; i++)
        real_set(dtype, all.data[0], i, i % stride >= shape.columns ? (double)NAN : i % 2 ? largest : -largest);
    if (place >= 0) {
        real_set(dtype, all.data[0], n - 1, NAN);
        real_set(dtype, all.data[0], place / shape.columns * stride + place % shape.columns, value);
    }
    CHECK(tables_agree(dtype, call_find, &shape, &all));
    memcpy(&found, all.data[1], sizeof found);
    CHECK(found == place);
    arrays_free(&all);
}

static void call_quantile(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->normal_quantile(*(const ptrdiff_t *)arguments, data[0], data[1]);
}

static long double normal_below(long double x) { return erfcl(-x / sqrtl(2)) / 2; }

/* One step of Newton's method from y, whose error is of the square of y's, on the side where the probability is small. */
static long double improve_quantile(double p, double y)
{
    const long double side = p > 0.5 ? -1 : 1, x = side * y;
    const long double tail = side > 0 ? (long double)p : 1 - (long double)p;
    const long double density = expl(-x * x / 2) / sqrtl(2 * acosl(-1));
    return side * (x - (normal_below(x) - tail) / density);
}

static void test_quantile(nnf_dtype dtype, ptrdiff_t n)
{
    static const double special[] = {0.5, 1e-30, 0x1p-24, 1 - 0x1p-24, 0.075, 0.925, 0.07, 0.93};
    arrays all = {0};
    for (int i = 0; i < 2; i++)
        real_fill(dtype, all.data[arrays_add(&all, (size_t)n * nnf_dtype_size(dtype))], n, (uint64_t)n, 0, 1);
    for (ptrdiff_t i = 0; i < n && i < 8; i++)
        real_set(dtype, all.data[0], i, special[i]);
    CHECK(tables_agree(dtype, call_quantile, &n, &all));
    for (ptrdiff_t i = 0; i < n; i++) {
        const double p = real_get(dtype, all.data[0], i), y = real_get(dtype, all.data[1], i);
        check_set_context("f%zu normal quantile of %.17g gave %.17g", 8 * nnf_dtype_size(dtype), p, y);
        CHECK(real_error(dtype, y, improve_quantile(p, y)) <= 8);
    }
    arrays_free(&all);
}

static void test_all(nnf_dtype dtype)
{
    for (ptrdiff_t n = 0; n <= MAX_SIZE; n++) {
        check_set_context("f%zu n %td", 8 * nnf_dtype_size(dtype), n);
        test_add(dtype, n);
        for (ptrdiff_t columns = 0; columns <= MAX_SIZE; columns++)
            test_transpose(dtype, (nnf_shape){n, columns});
        test_find(dtype, (nnf_shape){3, n}, -1, 0);
        for (int64_t place = 0; place < 3 * n; place += 7) {
            check_set_context("f%zu bad value %td of 3 x %td", 8 * nnf_dtype_size(dtype), (ptrdiff_t)place, n);
            test_find(dtype, (nnf_shape){3, n}, place, place % 2 ? (double)INFINITY : (double)NAN);
            test_find(dtype, (nnf_shape){3, n}, place, -INFINITY);
        }
        test_quantile(dtype, n);
    }
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
