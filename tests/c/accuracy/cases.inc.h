/* cases.inc.h: the functions under test, each with a reference in a wider type.
 *
 * The references take the type "wide" (double for float, __float128 for double) and the result under test, which only
 * the quantile uses, as the start of Newton's step. */

#if REAL_BITS == 32
typedef double wide;
#define WIDE(name) name
#else
#include <quadmath.h>
typedef __float128 wide;
#define WIDE(name) name##q
#endif

static const wide root_half = 0.70710678118654752440084436210484904Q, density_0 = 0.39894228040143267793994605993438187Q;
static const real parameter_value = 1;

static wide max_0(wide x) { return x > 0 ? x : 0; }
static wide density(wide x) { return density_0 * WIDE(exp)(-x * x / 2); }
static wide normal_below(wide x) { return WIDE(erfc)(-x * root_half) / 2; }
static wide logistic(wide x) { return x < 0 ? WIDE(exp)(x) / (1 + WIDE(exp)(x)) : 1 / (1 + WIDE(exp)(-x)); }

#define REFERENCE(name, formula) static wide name##_reference(wide x, wide y) { return (void)x, (void)y, (formula); }
REFERENCE(exp, WIDE(exp)(x))
REFERENCE(expm1, WIDE(expm1)(x))
REFERENCE(log, WIDE(log)(x))
REFERENCE(log1p, WIDE(log1p)(x))
REFERENCE(tanh, WIDE(tanh)(x))
REFERENCE(normal_quantile, x > 0.5 ? y + (normal_below(-y) - (1 - x)) / density(y) : y - (normal_below(y) - x) / density(y))
REFERENCE(linear_forward, x)
REFERENCE(sigmoid_forward, logistic(x))
REFERENCE(sigmoid_backward, x * (1 - x))
REFERENCE(tanh_forward, WIDE(tanh)(x))
REFERENCE(tanh_backward, (1 - x) * (1 + x))
REFERENCE(relu_forward, x != x ? x : max_0(x))
REFERENCE(relu_backward, x > 0 ? 1 : 0)
REFERENCE(leaky_relu_forward, x)
REFERENCE(leaky_relu_backward, 1)
REFERENCE(elu_forward, x > 0 ? x : WIDE(expm1)(x))
REFERENCE(elu_backward, x > 0 ? 1 : x + 1)
REFERENCE(gelu_forward, x == -(wide)INFINITY ? 0 : x * normal_below(x))
REFERENCE(gelu_backward, x - x != 0 ? (x < 0 ? 0 : x > 0 ? 1 : x) : normal_below(x) + x * density(x))
REFERENCE(softplus_forward, max_0(x) + WIDE(log1p)(WIDE(exp)(-WIDE(fabs)(x))))
REFERENCE(softplus_backward, -WIDE(expm1)(-x))
REFERENCE(silu_forward, x == -(wide)INFINITY ? 0 : x * logistic(x))
REFERENCE(silu_backward, x - x != 0 ? (x < 0 ? 0 : x > 0 ? 1 : x) : logistic(x) * (1 + x * logistic(-x)))
REFERENCE(binary_step_forward, x != x ? x : x > 0)
REFERENCE(binary_step_backward, 0)
REFERENCE(sign_forward, x != x ? x : (x > 0) - (x < 0))
REFERENCE(sign_backward, 0)
#undef REFERENCE

/* One argument: the function as it is used; an activation gets parameter_value. */
#define MAP(name, call)                                          \
    static void name##_array(const real *from, real *to, int n)  \
    {                                                            \
        const vec parameter = v_splat(parameter_value);          \
        (void)parameter;                                         \
        for (int i = 0; i < n; i += VL) {                        \
            const vec x = v_load(from + i);                      \
            v_store(to + i, call);                               \
        }                                                        \
    }

/* name, domain, range, and whether the function never falls */
#define MATHEMATICS_LIST(row)                                    \
    row(exp, -INFINITY, INFINITY, 0, INFINITY, 1)                \
    row(expm1, -INFINITY, 88, -1, INFINITY, 1)             \
    row(log, 0, INFINITY, -INFINITY, INFINITY, 1)                \
    row(log1p, 0, 1, 0, 0.69314718055994531, 1)                  \
    row(tanh, -INFINITY, INFINITY, -1, 1, 1)                     \
    row(normal_quantile, REAL_SMALLEST, 1 - REAL_EPSILON / 2, -40, 40, 1)

#define ACTIVATION_LIST(row)                                     \
    row(linear_forward, -INFINITY, INFINITY, -INFINITY, INFINITY, 1)     \
    row(sigmoid_forward, -INFINITY, INFINITY, 0, 1, 1)           \
    row(sigmoid_backward, 0, 1, 0, 0.25, 0)                      \
    row(tanh_forward, -INFINITY, INFINITY, -1, 1, 1)             \
    row(tanh_backward, -1, 1, 0, 1, 0)                           \
    row(relu_forward, -INFINITY, INFINITY, 0, INFINITY, 1)       \
    row(relu_backward, 0, INFINITY, 0, 1, 1)                     \
    row(leaky_relu_forward, -INFINITY, INFINITY, -INFINITY, INFINITY, 1) \
    row(leaky_relu_backward, -INFINITY, INFINITY, 1, 1, 1)       \
    row(elu_forward, -INFINITY, INFINITY, -1, INFINITY, 1)       \
    row(elu_backward, -1, INFINITY, 0, 1, 1)                     \
    row(gelu_forward, -INFINITY, INFINITY, -0.171, INFINITY, 0)  \
    row(gelu_backward, -INFINITY, INFINITY, -0.13, 1.13, 0)      \
    row(softplus_forward, -INFINITY, INFINITY, 0, INFINITY, 1)   \
    row(softplus_backward, 0, INFINITY, 0, 1, 1)                 \
    row(silu_forward, -INFINITY, INFINITY, -0.2785, INFINITY, 0) \
    row(silu_backward, -INFINITY, INFINITY, -0.1, 1.1, 0)        \
    row(binary_step_forward, -INFINITY, INFINITY, 0, 1, 1)       \
    row(binary_step_backward, -INFINITY, INFINITY, 0, 0, 1)      \
    row(sign_forward, -INFINITY, INFINITY, -1, 1, 1)             \
    row(sign_backward, -INFINITY, INFINITY, 0, 0, 1)

#define NNF_ROW(name, ...) MAP(name, v_##name(x))
MATHEMATICS_LIST(NNF_ROW)
#undef NNF_ROW
#define NNF_ROW(name, ...) MAP(name, name(x, parameter))
ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW

typedef struct function_case {
    const char *name;
    void (*array)(const real *from, real *to, int n);
    wide (*reference)(wide x, wide y);
    real low, high, least, largest;
    int monotone;
} function_case;

static const function_case cases[] = {
#define NNF_ROW(name, ...) {#name, name##_array, name##_reference, __VA_ARGS__},
    MATHEMATICS_LIST(NNF_ROW) ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
};
