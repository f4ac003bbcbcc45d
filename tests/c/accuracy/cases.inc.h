/* cases.inc.h: the functions under test, each with a reference in a wider type.
 *
 * Before it stand the type "real" and BLOCK, the number of inputs a reference takes at once. The type "wide" follows:
 *
 *   float                     double
 *   double, in the program    long double, whose 11 bits more find the inputs worth a second look (measure.inc.h)
 *   double, in exact.c        __float128, whose word is the last
 *
 * The references take the result under test, too, which only the quantile uses, as the start of Newton's step. They call the C
 * library without a branch around the call, so that the compiler takes the library's vector functions for double. */

#include <float.h>
#include <math.h>

#if REAL_BITS == 32
typedef double wide;
#define WIDE(name) name
#define VECTOR_FUNCTION __attribute__((simd("notinbranch"), const))
double exp(double) VECTOR_FUNCTION;
double expm1(double) VECTOR_FUNCTION;
double log(double) VECTOR_FUNCTION;
double log1p(double) VECTOR_FUNCTION;
double tanh(double) VECTOR_FUNCTION;
double erfc(double) VECTOR_FUNCTION;
#elif defined EXACT
#include <quadmath.h>
typedef __float128 wide;
#define WIDE(name) name##q
#else
typedef long double wide;
#define WIDE(name) name##l
#endif

static const wide root_half = 0.70710678118654752440084436210484904Q, density_0 = 0.39894228040143267793994605993438187Q;
static const wide scale_of_selu = 1.0507009873554804934193349852946Q, alpha_of_selu = 1.6732632423543772848170429916717Q;
static const wide tanh_linear = 1.59576912160573071175978423973751Q, tanh_cubic = 0.044715Q * 1.59576912160573071175978423973751Q;

/* Where only what grows with x itself still changes: the library's vector functions are slow where they overflow. */
#define FAR (REAL_BITS == 32 ? 110 : 2000)
#define CUBIC_FAR (REAL_BITS == 32 ? 15 : 30) /* for what takes the cube of x */

#define FUNCTION static inline __attribute__((always_inline)) wide
FUNCTION size_of(wide x) { return WIDE(fabs)(x); }
FUNCTION max_0(wide x) { return x < 0 ? 0 : x; }
FUNCTION min_0(wide x) { return x > 0 ? 0 : x; }
FUNCTION clamp(wide low, wide x, wide high) { return x < low ? low : x > high ? high : x; }
FUNCTION sign_of(wide x) { return x != x ? x : (x > 0) - (x < 0); }
FUNCTION step_of(wide x) { return x != x ? x : x > 0; }
FUNCTION density(wide x) { return density_0 * WIDE(exp)(-x * x / 2); }
FUNCTION normal_below(wide x) { return WIDE(erfc)(-x * root_half) / 2; }
FUNCTION logistic_of(wide x)
{
    const wide e = WIDE(exp)(-size_of(x));
    return (x < 0 ? e : 1) / (1 + e);
}
FUNCTION gelu_slope(wide x) { return normal_below(x) + x * density(x); }
FUNCTION gelu_tanh_u(wide x) { return x * (tanh_linear + tanh_cubic * x * x); }
FUNCTION tanh_slope(wide x) /* of gelu_tanh */
{
    const wide u = gelu_tanh_u(x);
    return logistic_of(u) * (1 + x * (tanh_linear + 3 * tanh_cubic * x * x) * logistic_of(-u));
}
FUNCTION silu_slope(wide x) { return logistic_of(x) * (1 + x * logistic_of(-x)); }
FUNCTION mish_share(wide x)
{
    const wide e = WIDE(exp)(x);
    return e * (e + 2) / (e * (e + 2) + 2);
}
FUNCTION mish_slope(wide x)
{
    const wide e = WIDE(exp)(x), bottom = e * (e + 2) + 2, share = (e + 1) / bottom;
    return e / bottom * (e + 2) + 4 * x * (e / bottom) * share;
}

typedef struct inputs {
    wide x[BLOCK], near[BLOCK], at_least[BLOCK], cubic_near[BLOCK]; /* clamped to FAR, from below alone, to CUBIC_FAR */
} inputs;

static void set_inputs(inputs *all, const real *x)
{
    for (int i = 0; i < BLOCK; i++) {
        all->x[i] = x[i];
        all->near[i] = clamp(-FAR, x[i], FAR);
        all->at_least[i] = clamp(-FAR, x[i], INFINITY);
        all->cubic_near[i] = clamp(-CUBIC_FAR, x[i], CUBIC_FAR);
    }
}

/* name, formula, domain, range, and whether the function never falls */
#define MATHEMATICS_LIST(row)                                                                    \
    row(exp, WIDE(exp)(near), -INFINITY, INFINITY, 0, INFINITY, 1)                                  \
    row(expm1, WIDE(expm1)(x), -INFINITY, 88, -1, INFINITY, 1)                                   \
    row(log, WIDE(log)(x), 0, INFINITY, -INFINITY, INFINITY, 1)                                  \
    row(log1p, WIDE(log1p)(x), 0, 1, 0, 0.69314718055994531, 1)                                  \
    row(tanh, WIDE(tanh)(near), -INFINITY, INFINITY, -1, 1, 1)                                      \
    row(normal_quantile, (x > 0.5 ? y + (normal_below(-y) - (1 - x)) / density(y)                \
                                  : y - (normal_below(y) - x) / density(y)),                     \
        REAL_SMALLEST, 1 - REAL_EPSILON / 2, -40, 40, 1)

#define ACTIVATION_LIST(row)                                                                     \
    row(linear_forward, x, -INFINITY, INFINITY, -INFINITY, INFINITY, 1)                          \
    row(linear_backward, 1, -INFINITY, INFINITY, 1, 1, 1)                                        \
    row(sigmoid_forward, logistic_of(near), -INFINITY, INFINITY, 0, 1, 1)                           \
    row(sigmoid_backward, x * (1 - x), 0, 1, 0, 0.25, 0)                                         \
    row(tanh_forward, WIDE(tanh)(near), -INFINITY, INFINITY, -1, 1, 1)                              \
    row(tanh_backward, (1 - x) * (1 + x), -1, 1, 0, 1, 0)                                        \
    row(relu_forward, max_0(x), -INFINITY, INFINITY, 0, INFINITY, 1)                             \
    row(relu_backward, x > 0, 0, INFINITY, 0, 1, 1)                                              \
    row(leaky_relu_forward, x, -INFINITY, INFINITY, -INFINITY, INFINITY, 1)                      \
    row(leaky_relu_backward, 1, -INFINITY, INFINITY, 1, 1, 1)                                    \
    row(elu_forward, max_0(x) + WIDE(expm1)(min_0(near)), -INFINITY, INFINITY, -1, INFINITY, 1)     \
    row(elu_backward, 1 + min_0(x), -1, INFINITY, 0, 1, 1)                                       \
    row(gelu_forward, at_least * normal_below(near), -INFINITY, INFINITY, -0.171, INFINITY, 0)     \
    row(gelu_backward, gelu_slope(near), -INFINITY, INFINITY, -0.13, 1.13, 0)                    \
    row(softplus_forward, max_0(x) + WIDE(log1p)(WIDE(exp)(-size_of(near))), -INFINITY, INFINITY, 0, INFINITY, 1) \
    row(softplus_backward, -WIDE(expm1)(-near), 0, INFINITY, 0, 1, 1)                               \
    row(silu_forward, at_least * logistic_of(near), -INFINITY, INFINITY, -0.2785, INFINITY, 0)     \
    row(silu_backward, silu_slope(near), -INFINITY, INFINITY, -0.1, 1.1, 0)                      \
    row(binary_step_forward, step_of(x), -INFINITY, INFINITY, 0, 1, 1)                           \
    row(binary_step_backward, 0, -INFINITY, INFINITY, 0, 0, 1)                                   \
    row(sign_forward, sign_of(x), -INFINITY, INFINITY, -1, 1, 1)                                 \
    row(sign_backward, 0, -INFINITY, INFINITY, 0, 0, 1)                                          \
    row(relu6_forward, clamp(0, x, 6), -INFINITY, INFINITY, 0, 6, 1)                             \
    row(relu6_backward, (x > 0) & (x < 6), 0, 6, 0, 1, 0)                                        \
    row(selu_forward, scale_of_selu * (max_0(x) + alpha_of_selu * WIDE(expm1)(min_0(near))), -INFINITY, INFINITY, -selu_floor[0], \
        INFINITY, 1)                                                                             \
    row(selu_backward, x > 0 ? scale_of_selu : max_0(x + scale_of_selu * alpha_of_selu), -selu_floor[0], INFINITY, 0, \
        selu_floor[0], 0)                                                                        \
    row(celu_forward, max_0(x) + WIDE(expm1)(min_0(near)), -INFINITY, INFINITY, -1, INFINITY, 1)    \
    row(celu_backward, 1 + min_0(x), -1, INFINITY, 0, 1, 1)                                      \
    row(gelu_tanh_forward, at_least * logistic_of(gelu_tanh_u(cubic_near)), -INFINITY, INFINITY, -0.1701, INFINITY, 0) \
    row(gelu_tanh_backward, tanh_slope(cubic_near), -INFINITY, INFINITY, -0.13, 1.13, 0)               \
    row(softsign_forward, x - x == 0 ? x / (1 + size_of(x)) : sign_of(x), -INFINITY, INFINITY, -1, 1, 1) \
    row(softsign_backward, (1 - size_of(x)) * (1 - size_of(x)), -1, 1, 0, 1, 0)                  \
    row(mish_forward, at_least * mish_share(near), -INFINITY, INFINITY, -0.3089, INFINITY, 0) \
    row(mish_backward, mish_slope(near), -INFINITY, INFINITY, -0.12, 1.09, 0)             \
    row(hard_sigmoid_forward, clamp(0, x + 3, 6) / 6, -INFINITY, INFINITY, 0, 1, 1)              \
    row(hard_sigmoid_backward, (x > 0) & (x < 1) ? (wide)1 / 6 : 0, 0, 1, 0, 0.17, 0)            \
    row(hard_tanh_forward, clamp(-1, x, 1), -INFINITY, INFINITY, -1, 1, 1)                       \
    row(hard_tanh_backward, (x > -1) & (x < 1), -1, 1, 0, 1, 0)                                  \
    row(hard_swish_forward, at_least * (clamp(0, x + 3, 6) / 6), -INFINITY, INFINITY, -0.375, INFINITY, 0) \
    row(hard_swish_backward, x <= -3 ? 0 : x >= 3 ? 1 : (x + (wide)1.5) / 3, -INFINITY, INFINITY, -0.5, 1.5, 0) \
    row(exponential_forward, WIDE(exp)(near), -INFINITY, INFINITY, 0, INFINITY, 1)                  \
    row(exponential_backward, x, 0, INFINITY, 0, INFINITY, 1)                                    \
    row(binary_step_straight_through_forward, step_of(x), -INFINITY, INFINITY, 0, 1, 1)          \
    row(binary_step_straight_through_backward, size_of(x) <= 1, -INFINITY, INFINITY, 0, 1, 0)    \
    row(sign_straight_through_forward, sign_of(x), -INFINITY, INFINITY, -1, 1, 1)                \
    row(sign_straight_through_backward, size_of(x) <= 1, -INFINITY, INFINITY, 0, 1, 0)

/* What the formula takes is stored first, as otherwise the compiler calls the library for what a clamp does not choose. */
#define NNF_ROW(name, formula, ...)                                                          \
    static void name##_reference(const inputs *all, const real *result, wide *to)            \
    {                                                                                        \
        for (int i = 0; i < BLOCK; i++) {                                                    \
            const wide x = all->x[i], near = all->near[i], at_least = all->at_least[i], cubic_near = all->cubic_near[i], y = result[i]; \
            (void)x, (void)near, (void)at_least, (void)cubic_near, (void)y;                  \
            to[i] = (formula);                                                               \
        }                                                                                    \
    }
MATHEMATICS_LIST(NNF_ROW)
ACTIVATION_LIST(NNF_ROW)
#undef NNF_ROW
