/* test_activations.c: every activation forward and backward: the same bits from every table, and the textbook's numbers. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>

static const double parameter = 0.3; /* slope of leaky_relu, alpha of elu and celu */
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
static long double relu6(long double x) { return x > 6 ? 6 : relu(x); }
static long double relu6_slope(long double x) { return x > 0 && x < 6; }
static const long double selu_scale = 1.05070098735548049341933498529L, selu_alpha = 1.67326324235437728481704299167L;
static long double selu(long double x) { return selu_scale * (x < 0 ? selu_alpha * expm1l(x) : x); }
static long double selu_slope(long double x) { return selu_scale * (x > 0 ? 1 : selu_alpha * expl(x)); }
static long double celu(long double x) { return x < 0 ? parameter_of(dtype_now) * expm1l(x / parameter_of(dtype_now)) : x; }
static long double celu_slope(long double x) { return x > 0 ? 1 : expl(x / parameter_of(dtype_now)); }
static long double tanh_scale(void) { return sqrtl(8 / acosl(-1)); }
static long double gelu_tanh(long double x) { return isinf(x) ? relu(x) : x * sigmoid(tanh_scale() * (x + 0.044715L * x * x * x)); }
static long double gelu_tanh_slope(long double x)
{
    const long double u = tanh_scale() * (x + 0.044715L * x * x * x), du = tanh_scale() * (1 + 3 * 0.044715L * x * x);
    return sigmoid(u) * (1 + x * du * sigmoid(-u));
}
static long double softsign(long double x) { return isinf(x) ? copysignl(1, x) : x / (1 + fabsl(x)); }
static long double softsign_slope(long double x) { return 1 / ((1 + fabsl(x)) * (1 + fabsl(x))); }
static long double mish_share(long double x)
{
    const long double e = expl(x);
    return x > 5000 ? 1 : e * (e + 2) / (e * (e + 2) + 2);
}
static long double mish(long double x) { return isinf(x) ? relu(x) : x * mish_share(x); }
static long double mish_slope(long double x)
{
    const long double e = expl(x), bottom = e * (e + 2) + 2;
    return mish_share(x) + 4 * x * e * (e + 1) / (bottom * bottom);
}
static long double hard_sigmoid(long double x) { return relu6(x + 3) / 6; }
static long double hard_sigmoid_slope(long double x) { return x > -3 && x < 3 ? 1 / 6.0L : 0; }
static long double hard_tanh(long double x) { return x > 1 ? 1 : x < -1 ? -1 : x; }
static long double hard_tanh_slope(long double x) { return fabsl(x) < 1; }
static long double hard_swish(long double x) { return isinf(x) ? relu(x) : x * hard_sigmoid(x); }
static long double hard_swish_slope(long double x) { return x <= -3 ? 0 : x < 3 ? (x + 1.5L) / 3 : 1; }
static long double straight(long double x) { return fabsl(x) <= 1; }

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
    [NNF_ACTIVATION_RELU6] = {"relu6", relu6, relu6_slope},
    [NNF_ACTIVATION_SELU] = {"selu", selu, selu_slope},
    [NNF_ACTIVATION_CELU] = {"celu", celu, celu_slope},
    [NNF_ACTIVATION_GELU_TANH] = {"gelu_tanh", gelu_tanh, gelu_tanh_slope},
    [NNF_ACTIVATION_SOFTSIGN] = {"softsign", softsign, softsign_slope},
    [NNF_ACTIVATION_MISH] = {"mish", mish, mish_slope},
    [NNF_ACTIVATION_HARD_SIGMOID] = {"hard_sigmoid", hard_sigmoid, hard_sigmoid_slope},
    [NNF_ACTIVATION_HARD_TANH] = {"hard_tanh", hard_tanh, hard_tanh_slope},
    [NNF_ACTIVATION_HARD_SWISH] = {"hard_swish", hard_swish, hard_swish_slope},
    [NNF_ACTIVATION_EXPONENTIAL] = {"exponential", expl, expl},
    [NNF_ACTIVATION_BINARY_STEP_STRAIGHT_THROUGH] = {"binary_step_straight_through", binary_step, straight},
    [NNF_ACTIVATION_SIGN_STRAIGHT_THROUGH] = {"sign_straight_through", sign, straight},
    [NNF_ACTIVATION_SOFTMAX] = {"softmax", NULL, NULL}, /* by rows, below */
    [NNF_ACTIVATION_LOG_SOFTMAX] = {"log_softmax", NULL, NULL},
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

/* The reference: those by row look at the row of element i, the others at the element. */
static long double forward_at(nnf_dtype dtype, const activation_call *call, const void *x, ptrdiff_t i)
{
    if (!nnf_activation_is_by_row(call->activation))
        return pairs[call->activation].forward(real_get(dtype, x, i));
    const ptrdiff_t row = i / call->stride * call->stride;
    long double sum = 0;
    for (ptrdiff_t j = 0; j < call->shape.columns; j++)
        sum += expl(real_get(dtype, x, row + j) - real_get(dtype, x, i));
    return call->activation == NNF_ACTIVATION_SOFTMAX ? 1 / sum : -logl(sum);
}

static double error_in_units(nnf_dtype dtype, double got, long double expected)
{
    const long double unit = dtype == NNF_F32 ? (long double)FLT_EPSILON : DBL_EPSILON;
    return (double)(fabsl(got - expected) / unit);
}

static void test_forward(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call), after = make_arrays(dtype, call);
    CHECK(tables_agree(dtype, call_forward, call, &after));
    const int out = call->in_place ? 0 : 1;
    double largest = 0;
    for (ptrdiff_t i = 0; i < count_elements(call); i++) {
        const long double expected = is_gap(call, i) ? real_get(dtype, before.data[out], i) : forward_at(dtype, call, before.data[0], i);
        const double got = real_get(dtype, after.data[out], i);
        largest = fmax(largest, call->activation == NNF_ACTIVATION_LOG_SOFTMAX ? error_in_units(dtype, got, expected)
                                                                               : real_error(dtype, got, expected));
    }
    /* Softmax, and its logarithm in units of 1: x - max, from -18 to 0 here, is rounded by up to 8 epsilon, and the exponential makes of
     * that a relative error of as much. A relative error of one epsilon is up to two units of the last place. */
    CHECK(largest <= (nnf_activation_is_by_row(call->activation) ? 2 * (8 + max_error) : max_error));
    arrays_free(&before);
    arrays_free(&after);
}

/* What backward reads is made by the reference from x and rounded; that loses up to eps / (1 - y) of a slope such as
 * 1 - y^2, so errors are counted in units of 1, or of the result where that is larger. */
static void test_backward(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call);
    arrays x = make_arrays(dtype, call);
    const ptrdiff_t n = count_elements(call);
    if (!nnf_activation_needs_input(call->activation))
        for (ptrdiff_t i = 0; i < n; i++)
            real_set(dtype, before.data[0], i, (double)pairs[call->activation].forward(real_get(dtype, x.data[0], i)));
    CHECK(tables_agree(dtype, call_backward, call, &before));
    double largest = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const long double slope = is_gap(call, i) ? 1 : pairs[call->activation].slope(real_get(dtype, x.data[0], i));
        const long double expected = real_get(dtype, x.data[1], i) * slope;
        largest = fmax(largest, error_in_units(dtype, real_get(dtype, before.data[1], i), expected) / fmax(1, (double)fabsl(expected)));
    }
    CHECK(largest <= max_error);
    arrays_free(&before);
    arrays_free(&x);
}

/* y_j (g_j - sum of g y), or g_j - exp(y_j) (sum of g) */
static double backward_at(nnf_dtype dtype, const activation_call *call, const arrays *all, ptrdiff_t i)
{
    const bool is_log = call->activation == NNF_ACTIVATION_LOG_SOFTMAX;
    const ptrdiff_t row = i / call->stride * call->stride;
    const double y = real_get(dtype, all->data[0], i), g = real_get(dtype, all->data[1], i);
    double sum = 0;
    for (ptrdiff_t j = row; j < row + call->shape.columns; j++)
        sum += (is_log ? 1 : real_get(dtype, all->data[0], j)) * real_get(dtype, all->data[1], j);
    return is_gap(call, i) ? g : is_log ? g - exp(y) * sum : y * (g - sum);
}

static void test_backward_by_row(nnf_dtype dtype, const activation_call *call)
{
    arrays before = make_arrays(dtype, call), after = make_arrays(dtype, call);
    CHECK(tables_agree(dtype, call_backward, call, &after));
    double largest = 0;
    for (ptrdiff_t i = 0; i < count_elements(call); i++)
        largest = fmax(largest, error_in_units(dtype, real_get(dtype, after.data[1], i), backward_at(dtype, call, &before, i)));
    /* |y| <= 9, and a sum is one of up to MAX_SIZE numbers of the size of y, or of 1 and then times exp(y). */
    CHECK(largest <= (call->activation == NNF_ACTIVATION_LOG_SOFTMAX ? exp(9) : 9 * 9) * MAX_SIZE);
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
    for (ptrdiff_t i = 0; i < call.shape.columns && !nnf_activation_is_by_row(activation); i++) {
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
            if (nnf_activation_is_by_row(activation))
                test_backward_by_row(dtype, &call);
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
