/* vector_math.inc.h: exp, log, tanh, erf and their kind on vectors, with no branch and no call.
 *
 * The operations are the same on every ISA, so the bits are too. NaN gives NaN. Denormal arguments may be read as 0 and
 * results below the normal numbers may be 0. The bounds in ULP are the largest errors seen: over all floats, and over
 * 10^8 doubles of all exponents (tests/c/accuracy). */

/* Written by tests/c/accuracy/coefficients.py, which says what each one is. */
#if REAL_BITS == 32
static const real exp_p[] = {0x1.fffffep-2f, 0x1.5554b4p-3f, 0x1.5557b2p-5f, 0x1.12245cp-7f, 0x1.6ad108p-10f};
static const real log_p[] = {-0x1.fffffap-2f, 0x1.5556fp-2f,  -0x1.0004a6p-2f, 0x1.98d3ap-3f,
                             -0x1.535c9ep-3f, 0x1.317d1ap-3f, -0x1.25026cp-3f, 0x1.65e648p-4f};
static const real tanh_p[] = {-0x1.55553ep-2f, 0x1.1109bep-3f, -0x1.b89abap-5f, 0x1.54c3c2p-6f, -0x1.828778p-8f};
static const real erf_p[] = {0x1.06eba8p-3f, -0x1.812732p-2f, 0x1.ce28bcp-4f, -0x1.b77ab2p-6f, 0x1.4d977ep-8f, -0x1.5849cap-11f};
static const real tail_p[] = {0x1.989142p-2f, 0x1.978586p+0f, 0x1.873b34p+2f, 0x1.26eae4p+4f,   0x1.62ea9p+6f,
                              0x1.a119bcp+5f, 0x1.d17ee4p+8f, 0x1.a74e8p+11f, -0x1.013cbcp+14f, 0x1.0fac72p+14f};
static const real tail_shift[] = {0x1p+2f};
static const real slope_p[] = {0x1.988c1p-2f,  0x1.30d436p-2f, 0x1.1927p+0f,    0x1.fe21bap+0f, 0x1.796b2p+4f,
                               -0x1.14b6ep+6f, 0x1.ae2842p+8f, -0x1.597c1cp+9f, 0x1.256782p+8f};
static const real slope_root[] = {0x1.80ead2p-1f, -0x1.a03fd4p-27f};
static const real quantile_centre_p[] = {0x1.b74e24p+1f, 0x1.30061ap+6f, 0x1.d9f976p+8f, 0x1.961e6ep+9f, 0x1.6c154p+7f};
static const real quantile_centre_q[] = {0x1p+0f, 0x1.94f508p+4f, 0x1.8308cp+7f, 0x1.d88b9p+8f, 0x1.f1553ap+7f};
static const real quantile_tail_p[] = {0x1.69aa9p+0f, 0x1.9b06bap+1f, 0x1.1503eep+1f, 0x1.11e16p-1f, 0x1.4a262p-5f};
static const real quantile_tail_q[] = {0x1p+0f, 0x1.1024ccp+0f, 0x1.558c7p-2f, 0x1.d2a41cp-6f, 0x1.0cc324p-22f};
#else
static const real exp_p[] = {0x1.0000000000005p-1,  0x1.555555555554fp-3,  0x1.555555555227ap-5,  0x1.1111111114e4fp-7,
                             0x1.6c16c17ec57bp-10,  0x1.a01a0186b3506p-13, 0x1.a019a7d5ca2e4p-16, 0x1.71de6798b1de1p-19,
                             0x1.28a16f11cb444p-22, 0x1.ae9705d067c2ap-26};
static const real log_p[] = {-0x1.0000000000003p-1, 0x1.5555555555521p-2, -0x1.fffffffffded6p-3, 0x1.99999999a0dbep-3,
                             -0x1.55555556e281bp-3, 0x1.249249228521fp-3, -0x1.fffffef6f7fdep-4, 0x1.c71c71bfbbd52p-4,
                             -0x1.9999c8eacdc89p-4, 0x1.745d47cee1ec8p-4, -0x1.55507931c221p-4,  0x1.3b0a9d537e884p-4,
                             -0x1.24dbe475ef0e5p-4, 0x1.11d9b52088bbp-4,  -0x1.fb77de5f18798p-5, 0x1.cfa9fbd8fce4p-5,
                             -0x1.d11ee57660008p-5, 0x1.0b5401537ed7p-4,  -0x1.ebdc3d94ba478p-5, 0x1.ace84299867d7p-6};
static const real tanh_p[] = {-0x1.555555555553p-2,   0x1.111111110e1d5p-3,  -0x1.ba1ba1b781b1p-5,   0x1.664f47f02b60bp-6,
                              -0x1.226e229289161p-7,  0x1.d6d0c5d56376bp-9,  -0x1.7d79d3ac3f795p-10, 0x1.33dadfca51398p-11,
                              -0x1.e32b03a1e4955p-13, 0x1.4ca41b54dcb19p-14, -0x1.202683d6e665bp-16};
static const real erf_p[] = {0x1.06eba8214db69p-3,  -0x1.812746b0379e7p-2,  0x1.ce2f21a042bep-4,   -0x1.b82ce31288a74p-6,
                             0x1.565bcd0e66803p-8,  -0x1.c02db3fefcb4bp-11, 0x1.f9a326b4d69ecp-14, -0x1.f4d25269d6b89p-17,
                             0x1.b9e5d39631b15p-20, -0x1.5f6394e8f0afdp-23, 0x1.fb4087206931ep-27, -0x1.463c86997f3b6p-30,
                             0x1.34709337d5133p-34};
static const real tail_p[] = {0x1.9884533d8c6a9p-2,   0x1.fea567f432fd3p+0,   0x1.32634050b749cp+3,  0x1.5f118980d74cep+5,
                              0x1.7d6692be667cap+7,   0x1.84d24d199458ap+9,   0x1.706c6c6b94675p+11, 0x1.2e8c7ced7b268p+13,
                              0x1.23de753a8aa47p+15,  -0x1.3f27a7f600d0dp+16, 0x1.20e8b4d9b7a32p+21, -0x1.b9c7288e9c5eap+24,
                              0x1.11845bece34cfp+28,  -0x1.18c6bbf6ad828p+31, 0x1.c221a6fc9ff5ap+33, -0x1.18af9fb3fb0d7p+36,
                              0x1.04fa75d280babp+38,  -0x1.4a00befdd0287p+39, 0x1.c63d311a3d1c2p+39, 0x1.166b86b9d9a9p+37,
                              -0x1.73990d19b419dp+41, 0x1.3058515cf5faep+42,  -0x1.607733bd89bfbp+41};
static const real tail_shift[] = {0x1.4p+2};
static const real slope_p[] = {0x1.9884533d46125p-2,   0x1.331e9a1fc1c34p-2,  0x1.537e1ff65f2d4p+0,  0x1.6882d3c2a060dp+2,
                               0x1.6d34a15fa501ap+4,   0x1.5d9233c704522p+6,  0x1.385a8b71d9a11p+8,  0x1.f7b8052788664p+9,
                               0x1.85e181ec6a7bp+11,   0x1.80b6eda82205p+11,  0x1.d93cb1b99f1e1p+15, -0x1.1c848e0f2578p+19,
                               0x1.1e8490153fea6p+22,  -0x1.d4d02fa80adbp+24, 0x1.af14ed8cd944fp+26, 0x1.5edb32f8292efp+24,
                               -0x1.b74e30c52cfc2p+31, 0x1.a73992b12043p+34,  -0x1.cad6b7ba237ap+36, 0x1.3b985d9b1a5dfp+38,
                               -0x1.1266b9f53e1f5p+39, 0x1.159ad47be5273p+39, -0x1.f5cd442f825dfp+37};
static const real slope_root[] = {0x1.80ead197f00b4p-1, -0x1.13e74c58cada8p-56};
static const real quantile_centre_p[] = {0x1.b74e23f7416a3p+1,  0x1.48c5b3cbf7c67p+7,  0x1.8160cd7d5093cp+11,
                                         0x1.c1addadcfe9bep+14, 0x1.12fb9d7d37a4fp+17, 0x1.5536db1e99b11p+18,
                                         0x1.7ef81c51049c3p+18, 0x1.29e0bad12faa7p+17, 0x1.1c484740aeffap+13};
static const real quantile_centre_q[] = {0x1p+0,
                                         0x1.987d17fae569bp+5,
                                         0x1.02cc41baab4a2p+10,
                                         0x1.4cca219e645ap+13,
                                         0x1.cd3e350c4e3eep+15,
                                         0x1.5294981353906p+17,
                                         0x1.e3e112aa0ceddp+17,
                                         0x1.16a9464dde192p+17,
                                         0x1.44d8e8cb30708p+14};
static const real quantile_tail_p[] = {0x1.69aa908ee8e2bp+0,  0x1.46fe3d7398e1cp+2,  0x1.dca284e4e7876p+2,  0x1.79055abd53a2p+2,
                                       0x1.6a9f336337987p+1,  0x1.bcdfa73b6ea56p-1,  0x1.5f12abb734326p-3,  0x1.5c233da559d9fp-6,
                                       0x1.9ad4d33c4d63bp-10, 0x1.0752ccb137582p-14, 0x1.3a2b1b6c48977p-20, 0x1.f2b26bdc36e4ap-28};
static const real quantile_tail_q[] = {0x1p+0,
                                       0x1.340c2156b6e05p+1,
                                       0x1.394c1ea626ba5p+1,
                                       0x1.613ef06e8a94cp+0,
                                       0x1.e516c7f7914f7p-2,
                                       0x1.a0deb200e7ddbp-4,
                                       0x1.b93aff0f1bd45p-7,
                                       0x1.11191751e6cap-10,
                                       0x1.699821513a01bp-15,
                                       0x1.b7ea768bd0e9dp-21,
                                       0x1.60a16b7babdf1p-28,
                                       0x1.552a72b61b118p-55};
#endif

#if REAL_BITS == 32
typedef uint32_t natural;
enum { MANTISSA_BITS = 23, EXPONENT_BIAS = 127, LIFT = 32 };
static const real log_2[] = {0x1.62e43p-1f, -0x1.05c61p-29f};
static const real exp_lowest = -0x1.5d589ep6f, exp_overflow = 0x1.62e43p6f; /* the first that is normal, that is infinite */
static const real expm1_lowest = -18;           /* beyond: -1 */
static const real tanh_end = 9.1f, erf_end = 4;                             /* beyond: 1 */
static const real tail_end = 14.75f, silu_end = -115;                           /* beyond: 0 */
static const real silu_root[] = {-0x1.474974p+0f, 0x1.bdf6fap-27f, 0x1.1d25dp-2f};
#else
typedef uint64_t natural;
enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1023, LIFT = 256 };
static const real log_2[] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const real exp_lowest = -0x1.6232bdd7abcd2p9, exp_overflow = 0x1.62e42fefa39fp9;
static const real expm1_lowest = -38;
static const real tanh_end = 19.1, erf_end = 6, tail_end = 39, silu_end = -760;
static const real silu_root[] = {-0x1.474973c84120bp+0, -0x1.f8d74bc9ac154p-54, 0x1.1d25cf210482ep-2};
#endif
typedef natural nvec __attribute__((vector_size(VECTOR_BYTES)));

#define N_ELEMENTS(table) (int)(sizeof(table) / sizeof((table)[0]))
#define V_POLYNOMIAL(x, table) v_polynomial(x, table, N_ELEMENTS(table))

/* table[0] + table[1] x + ... */
INLINE vec v_polynomial(vec x, const real *table, int n)
{
    vec sum = v_splat(table[n - 1]);
    for (int i = n - 2; i >= 0; i--)
        sum = v_fma(sum, x, v_splat(table[i]));
    return sum;
}

/* exp(x + low) = (1 + fraction) * scale * 2^-lift for a small low and scale in the normal numbers; scale is 0 one
 * below. Cody and Waite: x = n log 2 + r; the sum with 1.5 * 2^MANTISSA_BITS leaves n in the lowest bits. */
typedef struct power {
    vec scale, fraction;
} power;

INLINE power v_power(vec x, vec low, int lift)
{
    const vec magic = v_splat((real)((int64_t)3 << (MANTISSA_BITS - 1)) + (real)(EXPONENT_BIAS + lift));
    const vec shifted = v_fma(x, v_splat((real)1.4426950408889634), magic);
    const vec n = shifted - magic;
    const vec r_high = v_fma(n, v_splat(-log_2[0]), x), r_low = v_fma(n, v_splat(-log_2[1]), low), r = r_high + r_low;
    return (power){v_from_bits(v_bits(shifted) << MANTISSA_BITS), r_high + v_fma(r * r, V_POLYNOMIAL(r, exp_p), r_low)};
}

/* Float 1 ULP, double 1 ULP. */
INLINE vec v_exp(vec x)
{
    const vec zero = {0}, infinity = v_splat((real)__builtin_inf());
    const power p = v_power(x, zero, -EXPONENT_BIAS); /* the exponent alone, to be added: scale cannot hold 2^(bias + 1) */
    const vec y = v_from_bits(v_bits(p.fraction + v_splat(1)) + v_bits(p.scale));
    return v_select_below(x, v_splat(exp_lowest), zero, v_select_below(x, v_splat(exp_overflow), y, x + infinity));
}

/* exp(x) - 1 for x below expm1_end. */
INLINE vec v_expm1(vec x)
{
    const power p = v_power(v_max(x, v_splat(expm1_lowest)), (vec){0}, 0);
    return v_fma(p.scale, p.fraction, p.scale - v_splat(1));
}

/* The exponent e for which x / 2^e lies between sqrt(1/2) and sqrt(2), in the exponent's place; x normal and above 0. */
INLINE ivec v_exponent_field(vec x)
{
    const ivec sqrt_half = v_bits(v_splat((real)0.70710678118654752));
    return (v_bits(x) - sqrt_half) & (ivec)((~(nvec){0}) << MANTISSA_BITS);
}

/* log((1 + f) * 2^e) */
INLINE vec v_log_of_parts(vec f, ivec exponent_field)
{
    const ivec bias = v_bits(v_splat(1)), two_to_mantissa = v_bits(v_splat((real)((int64_t)1 << MANTISSA_BITS)));
    const ivec biased = (ivec)((nvec)(exponent_field + bias) >> MANTISSA_BITS);
    const vec e = v_from_bits(biased | two_to_mantissa) - v_splat((real)((int64_t)1 << MANTISSA_BITS) + EXPONENT_BIAS);
    const vec tail = v_fma(e, v_splat(log_2[1]), f * f * V_POLYNOMIAL(f, log_p));
    return v_fma(e, v_splat(log_2[0]), f + tail);
}

/* log(0) is -infinity, so is that of a denormal; NaN below 0. */
INLINE vec v_log(vec x)
{
    const vec infinity = v_splat((real)__builtin_inf()), lowest = v_splat(sizeof(real) == 4 ? (real)0x1p-126 : (real)0x1p-1022);
    const ivec field = v_exponent_field(x);
    vec y = v_log_of_parts(v_from_bits(v_bits(x) - field) - v_splat(1), field);
    y = v_select_below(x, infinity, y, x);
    y = v_select_below(x, lowest, (vec){0} - infinity, y);
    return v_select_below(x, (vec){0}, v_splat((real)__builtin_nan("")), y);
}

/* log(1 + x) for -1 < x, below half of the largest number. */
INLINE vec v_log1p(vec x)
{
    const vec one = v_splat(1);
    const ivec field = v_exponent_field(one + x);
    const vec shrink = v_from_bits(v_bits(one) - field);
    return v_log_of_parts(v_fma(x, shrink, shrink - one), field);
}

/* A polynomial below 0.6, 1 - 2 / (exp(2x) + 1) above. */
INLINE vec v_tanh(vec x)
{
    const vec one = v_splat(1), a = v_min(v_abs(x), v_splat(tanh_end)), square = a * a;
    const vec small = v_fma(a * square, V_POLYNOMIAL(square, tanh_p), a);
    const power p = v_power(a + a, (vec){0}, 0);
    const vec large = one - v_splat(2) / v_fma(p.scale, p.fraction, p.scale + one);
    return v_copy_sign(v_select_below(a, v_splat((real)0.6), small, large), x);
}

/* numerator / (1 + exp(-x)). Both sides are shrunk by 2^LIFT so that neither is out of range where the quotient
 * is not; the quotient is corrected by its remainder. |numerator| <= max(1, |x|). */
INLINE vec v_logistic(vec numerator, vec x)
{
    const real shrink_to = sizeof(real) == 4 ? (real)0x1p-32 : (real)0x1p-256;
    const vec shrink = v_splat(shrink_to), limit = v_splat(sizeof(real) == 4 ? 109 : 800);
    const vec inside = v_max(v_min(x, v_splat(sizeof(real) == 4 ? 64 : 512)), (vec){0} - limit);
    const power p = v_power((vec){0} - inside, (vec){0}, -LIFT);
    const vec rough = p.scale + shrink, sum = v_fma(p.scale, p.fraction, rough);
    const vec sum_low = v_fma(p.scale, p.fraction, rough - sum);
    const vec top = v_max(numerator, (vec){0} - limit) * shrink, inverse = v_splat(1) / sum;
    const vec y = top * inverse;
    return v_fma(v_fma((vec){0} - y, sum_low, v_fma((vec){0} - y, sum, top)), inverse, y);
}

/* The density's shape exp(-a^2/2) as a power lifted by LIFT, a^2 with its rounding error, and 1 / (a + tail_shift). */
typedef struct normal_parts {
    power density;
    vec t;
} normal_parts;

INLINE normal_parts v_normal_parts(vec a)
{
    const vec half = v_splat((real)-0.5), square = a * a, square_low = v_fma(a, a, (vec){0} - square);
    return (normal_parts){v_power(half * square, half * square_low, LIFT), v_splat(1) / (a + v_splat(tail_shift[0]))};
}

/* factor * exp(-a^2/2) */
INLINE vec v_times_density(vec factor, power density)
{
    const real drop = sizeof(real) == 4 ? (real)0x1p-32 : (real)0x1p-256;
    return v_fma(factor, density.fraction, factor) * density.scale * v_splat(drop);
}

/* A polynomial below 0.8, 1 - the normal tail above. */
INLINE vec v_erf(vec x)
{
    const vec one = v_splat(1), a = v_min(v_abs(x), v_splat(erf_end)), square = a * a;
    const vec small = v_fma(a, V_POLYNOMIAL(square, erf_p), a);
    const vec root_2 = v_splat((real)1.4142135623730951), square_low = v_fma(a, a, (vec){0} - square);
    const vec t = one / v_fma(a, root_2, v_splat(tail_shift[0]));
    const power p = v_power((vec){0} - square, (vec){0} - square_low, 0);
    const vec tail = t * V_POLYNOMIAL(t, tail_p);
    const vec large = one - v_fma(tail, p.fraction, tail) * (p.scale + p.scale);
    return v_copy_sign(v_select_below(a, v_splat((real)0.8), small, large), x);
}

/* The x below which a standard normal variable falls with the given probability in (0, 1): a rational function of the
 * square of the distance from 1/2 there, of sqrt(-log) in the tails, as in Wichura's AS 241. */
INLINE vec v_normal_quantile(vec probability)
{
    const vec one = v_splat(1), q = probability - v_splat((real)0.5);
    const vec r = v_fma((vec){0} - q, q, v_splat((real)0.1849));
    const vec centre = q * V_POLYNOMIAL(r, quantile_centre_p) / V_POLYNOMIAL(r, quantile_centre_q);
    const vec s = v_sqrt((vec){0} - v_log(v_min(probability, one - probability))) - v_splat((real)1.59375);
    const vec tail = V_POLYNOMIAL(s, quantile_tail_p) / V_POLYNOMIAL(s, quantile_tail_q);
    return v_select_below(v_abs(q), v_splat((real)0.43), centre, v_copy_sign(tail, q));
}
