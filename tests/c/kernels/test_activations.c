/* test_activations.c: every activation forward and backward: the same bits from every table, and the textbook's numbers. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>

static const double parameter = 0.3; /* slope of leaky_relu, alpha of elu */
static const double max_error = 4;   /* units of the last place, the rounding of the parameter included */

typedef struct pair {
    const char *name;
    long double (*forward)(long double x);
    long double (*slope)(long double x); /* f'(x) */
} pair;

static long double parameter_of(nnf_dtype dtype) { return dtype == NNF_F32 ? (long double)(float)parameter : (long double)parameter; }
static nnf_dtype dtype_now;

static long double linear(long double x) { return x; }
static long double linear_slope(long double x) { return (void)x, 1; }
static long double sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double sigmoid_slope(long double x) { return sigmoid(x) * sigmoid(-x); }
static long double tanh_slope(long double x) { return 1 / (coshl(x) * coshl(x)); }
static long double relu(long double x) { return x < 0 ? 0 : x; }
static long double relu_slope(long double x) { return x > 0; }
static long double leaky_relu(long double x) { return x < 0 ? x * parameter_of(dtype_now) : x; }
static long double leaky_relu_slope(long double x) { return x > 0 ? 1 : parameter_of(dtype_now); }
static long double elu(long double x) { return x < 0 ? expm1l(x) * parameter_of(dtype_now) : x; }
static long double elu_slope(long double x) { return x > 0 ? 1 : expl(x) * parameter_of(dtype_now); }
static long double normal_below(long double x) { return erfcl(-x / sqrtl(2)) / 2; }
static long double gelu(long double x) { return isinf(x) ? relu(x) : x * normal_below(x); }
static long double gelu_slope(long double x) { return normal_below(x) + x * expl(-x * x / 2) / sqrtl(2 * acosl(-1)); }
static long double softplus(long double x) { return x > 40 ? x + expl(-x) : log1pl(expl(x)); }
static long double silu(long double x) { return isinf(x) ? relu(x) : x * sigmoid(x); }
static long double silu_slope(long double x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }
static long double binary_step(long double x) { return isnan(x) ? x : x > 0; }
static long double sign(long double x) { return isnan(x) ? x : (x > 0) - (x < 0); }
static long double flat(long double x) { return (void)x, 0; }

static const pair pairs[NNF_N_ACTIVATIONS] = {
    [NNF_ACTIVATION_LINEAR] = {"linear", linear, linear_slope},
    [NNF_ACTIVATION_SIGMOID] = {"sigmoid", sigmoid, sigmoid_slope},
    [NNF_ACTIVATION_TANH] = {"tanh", tanhl, tanh_slope},
    [NNF_ACTIVATION_RELU] = {"relu", relu, relu_slope},
    [NNF_ACTIVATION_LEAKY_RELU] = {"leaky_relu", leaky_relu, leaky_relu_slope},
    [NNF_ACTIVATION_ELU] = {"elu", elu, elu_slope},
    [NNF_ACTIVATION_GELU] = {"gelu", gelu, gelu_slope},
    [NNF_ACTIVATION_SOFTPLUS] = {"softplus", softplus, sigmoid},
    [NNF_ACTIVATION_SILU] = {"silu", silu, silu_slope},
    [NNF_ACTIVATION_BINARY_STEP] = {"binary_step", binary_step, flat},
    [NNF_ACTIVATION_SIGN] = {"sign", sign, flat},
    [NNF_ACTIVATION_SOFTMAX] = {"softmax", NULL, NULL}, /* by rows, below */
};

typedef struct activation_call {
    nnf_activation activation;
    nnf_shape shape;
    ptrdiff_t stride;
    bool in_place;
} activation_call;

static void call_forward(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const activation_call *call = arguments;
    const nnf_rows x = {data[0], call->stride}, y = {data[1], call->stride};
    table->activation_forward[call->activation](call->shape, x, call->in_place ? x : y, parameter);
}

static void call_backward(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const activation_call *call = arguments;
    table->activation_backward[call->activation](call->shape, (nnf_rows){data[0], call->stride}, (nnf_rows){data[1], call->stride},
                                                 parameter);
}

static bool is_gap(const activation_call *call, ptrdiff_t i) { return i % call->stride >= call->shape.columns; }

static ptrdiff_t count_elements(const activation_call *call)
{
    return call->shape.columns == 0 ? 0 : (call->shape.rows - 1) * call->stride + call->shape.columns;
}

static arrays make_arrays(nnf_dtype dtype, const activation_call *call)
{
    const ptrdiff_t n = count_elements(call);
    arrays all = {0};
    for (int i = 0; i < 2; i++) {
        arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
        real_fill(dtype, all.data[i], n, (uint64_t)(n + 1000 * i), i == 0 ? -9 : -1, i == 0 ? 9 : 1);
    }
    return all;
}

/* The reference: softmax looks at the row of element i, the others at the element. */
static long double forward_at(nnf_dtype dtype, const activation_call *call, const void *x, ptrdiff_t i)
{
    if (call->activation != NNF_ACTIVATION_SOFTMAX)
        return pairs[call->activation].forward(real_get(dtype, x, i));
    const ptrdiff_t row = i / call->stride * call->stride;
    long double sum = 0;
    for (ptrdiff_t j = 0; j < call->shape.columns; j++)
        sum += expl(real_get(dtype, x, row + j) - real_get(dtype, x, i));
    return 1 / sum;
}

static void test_forward(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call), after = make_arrays(dtype, call);
    CHECK(tables_agree(dtype, call_forward, call, &after));
    const int out = call->in_place ? 0 : 1;
    double largest = 0;
    for (ptrdiff_t i = 0; i < count_elements(call); i++) {
        const long double expected = is_gap(call, i) ? real_get(dtype, before.data[out], i) : forward_at(dtype, call, before.data[0], i);
        largest = fmax(largest, real_error(dtype, real_get(dtype, after.data[out], i), expected));
    }
    /* Softmax: x - max, from -18 to 0 here, is rounded by up to 8 epsilon, and the exponential makes of that a relative error
     * of as much. A relative error of one epsilon is up to two units of the last place. */
    CHECK(largest <= (call->activation == NNF_ACTIVATION_SOFTMAX ? 2 * (8 + max_error) : max_error));
    arrays_free(&before);
    arrays_free(&after);
}

/* What backward reads is made by the reference from x and rounded; that loses up to eps / (1 - y) of a slope such as
 * 1 - y^2, so errors are counted in units of 1. */
static void test_backward(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call);
    arrays x = make_arrays(dtype, call);
    const ptrdiff_t n = count_elements(call);
    if (!nnf_activation_needs_input(call->activation))
        for (ptrdiff_t i = 0; i < n; i++)
            real_set(dtype, before.data[0], i, (double)pairs[call->activation].forward(real_get(dtype, x.data[0], i)));
    CHECK(tables_agree(dtype, call_backward, call, &before));
    const long double unit = dtype == NNF_F32 ? (long double)FLT_EPSILON : DBL_EPSILON;
    long double largest = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const long double slope = is_gap(call, i) ? 1 : pairs[call->activation].slope(real_get(dtype, x.data[0], i));
        const long double expected = real_get(dtype, x.data[1], i) * slope;
        largest = fmaxl(largest, fabsl(real_get(dtype, before.data[1], i) - expected) / unit);
    }
    CHECK(largest <= max_error);
    arrays_free(&before);
    arrays_free(&x);
}

/* y_j (g_j - sum of g y) */
static void test_softmax_backward(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call), after = make_arrays(dtype, call);
    CHECK(tables_agree(dtype, call_backward, call, &after));
    const double unit = dtype == NNF_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    double largest = 0;
    for (ptrdiff_t i = 0; i < count_elements(call); i++) {
        const ptrdiff_t row = i / call->stride * call->stride;
        double dot = 0, expected = real_get(dtype, before.data[1], i);
        for (ptrdiff_t j = row; j < row + call->shape.columns; j++)
            dot += real_get(dtype, before.data[0], j) * real_get(dtype, before.data[1], j);
        if (!is_gap(call, i))
            expected = real_get(dtype, before.data[0], i) * (expected - dot);
        largest = fmax(largest, fabs(real_get(dtype, after.data[1], i) - expected) / unit);
    }
    CHECK(largest <= 9 * 9 * MAX_SIZE); /* |y| <= 9, and dot sums up to MAX_SIZE products of that size */
    arrays_free(&before);
    arrays_free(&after);
}

/* Zeros, infinities, NaN, the largest and the smallest: forward takes them all. */
static void test_special_values(nnf_dtype dtype, nnf_activation activation)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1, -1, 1e-30, -1e-30, 1e30, -1e30, 88.7, -88.7, 103, -104, 745};
    const activation_call call = {activation, {1, sizeof special / sizeof *special}, MAX_SIZE, false};
    arrays all = make_arrays(dtype, &call);
    for (ptrdiff_t i = 0; i < call.shape.columns; i++)
        real_set(dtype, all.data[0], i, special[i]);
    CHECK(tables_agree(dtype, call_forward, &call, &all));
    for (ptrdiff_t i = 0; i < call.shape.columns && activation != NNF_ACTIVATION_SOFTMAX; i++) {
        const double x = real_get(dtype, all.data[0], i), y = real_get(dtype, all.data[1], i);
        check_set_context("f%zu %s of %g gave %g", 8 * nnf_dtype_size(dtype), pairs[activation].name, x, y);
        CHECK(real_error(dtype, y, pairs[activation].forward(x)) <= max_error);
    }
    arrays_free(&all);
}

static void test_activation(nnf_dtype dtype, nnf_activation activation)
{
    for (ptrdiff_t n = 0; n <= MAX_SIZE; n++)
        for (int variant = 0; variant < 4; variant++) {
            const ptrdiff_t stride = variant < 2 ? n : n + 3;
            const activation_call call = {activation, {variant % 2 ? 3 : 1, n}, stride == 0 ? 1 : stride, variant % 2};
            check_set_context("f%zu %s columns %td variant %d", 8 * nnf_dtype_size(dtype), pairs[activation].name, n, variant);
            test_forward(dtype, &call);
            if (activation == NNF_ACTIVATION_SOFTMAX)
                test_softmax_backward(dtype, &call);
            else
                test_backward(dtype, &call);
        }
    test_special_values(dtype, activation);
}

static void test_all(nnf_dtype dtype)
{
    dtype_now = dtype;
    for (nnf_activation activation = 0; activation < NNF_N_ACTIVATIONS; activation++)
        test_activation(dtype, activation);
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
