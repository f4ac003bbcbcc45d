/* vector_math.inc.h: exp, log, tanh and their kind on vectors, with no branch and no call.
 *
 * The operations are the same on every ISA, so the bits are too. NaN gives NaN. Denormal arguments may be read as 0 and
 * results below the normal numbers may be 0.
 *
 * Errors are the largest seen, in ULP: over every float / over 25 million doubles of all exponents (tests/c/accuracy). */

#include <stdbool.h>

/* Written by tests/c/accuracy/coefficients.py, which says what each one is. */
#if REAL_BITS == 32
static const real exp_p[] = {0x1.fffffep-2f, 0x1.5554b4p-3f, 0x1.5556f2p-5f, 0x1.122538p-7f, 0x1.6b9c3ap-10f};
static const real log_p[] = {-0x1.fffff8p-2f, 0x1.55555p-2f,   -0x1.000438p-2f, 0x1.99a49ap-3f, -0x1.54248ep-3f,
                             0x1.22612ep-3f,  -0x1.0f3e96p-3f, 0x1.08b0dcp-3f,  -0x1.38fe1ap-4f};
static const real tanh_p[] = {-0x1.555542p-2f, 0x1.110596p-3f, -0x1.b610cap-5f, 0x1.25620ap-6f};
static const real tanh_line[] = {0x1p+1f, 0x1.a4p+1f};
static const real tanh_centre[] = {0x0p+0f,        0x0p+0f,        0x1.861892p-2f, 0x1.11126cp-1f, 0x1.861c18p-1f, 0x1.11139cp+0f,
                                   0x1.5f14dcp+0f, 0x1.ad118cp+0f, 0x1.110d6cp+1f, 0x1.5f2952p+1f, 0x1.ad09aap+1f, 0x1.fad6f8p+1f,
                                   0x1.36efd6p+2f, 0x1.881caep+2f, 0x1.d1cb7ep+2f, 0x1.154246p+3f};
static const real tanh_of_centre[] = {0x0p+0f,        0x0p+0f,        0x1.74427ep-2f, 0x1.f3a4acp-2f, 0x1.48d04cp-1f, 0x1.939126p-1f,
                                      0x1.c20e12p-1f, 0x1.dd5c94p-1f, 0x1.f1d49ap-1f, 0x1.fbc706p-1f, 0x1.febeeap-1f, 0x1.ffa0b6p-1f,
                                      0x1.fff034p-1f, 0x1.fffecp-1f,  0x1.ffffep-1f,  0x1.fffffep-1f};
static const real tail_p[] = {0x1.7312dcp-2f,  -0x1.59d4d8p-3f,  0x1.812acp-8f,   0x1.23121cp-6f,  0x1.0641bep-9f,   -0x1.30db6cp-9f,
                              -0x1.33976p-10f, -0x1.39a0f6p-16f, 0x1.1b238ep-12f, 0x1.0f806cp-13f, -0x1.72bafap-16f, -0x1.cdf078p-16f};
static const real tail_middle[] = {0x1.bp-1f};
static const real tail_slope[] = {0x1p-1f};
static const real slope_p[] = {0x1.090df2p-1f, -0x1.2471dep-3f, 0x1.cc627ap-6f,  0x1.8575bep-8f,   -0x1.e407fap-10f, -0x1.14d3fap-10f,
                               -0x1.9b59p-16f, 0x1.5b7a62p-13f, 0x1.df2d28p-15f, -0x1.2c467cp-17f, -0x1.d2ffaap-18f};
static const real slope_middle[] = {0x1.dp-1f};
static const real slope_root[] = {0x1.80ead2p-1f, -0x1.a03fd4p-27f};
static const real quantile_centre_p[] = {0x1.b74e24p+1f, 0x1.30061ap+6f, 0x1.d9f976p+8f, 0x1.961e6ep+9f, 0x1.6c154p+7f};
static const real quantile_centre_q[] = {0x1p+0f, 0x1.94f508p+4f, 0x1.8308cp+7f, 0x1.d88b9p+8f, 0x1.f1553ap+7f};
static const real quantile_tail_p[] = {0x1.69aa9p+0f, 0x1.9b06bap+1f, 0x1.1503eep+1f, 0x1.11e16p-1f, 0x1.4a262p-5f};
static const real quantile_tail_q[] = {0x1p+0f, 0x1.1024ccp+0f, 0x1.558c7p-2f, 0x1.d2a41cp-6f, 0x1.0cc324p-22f};
static const real log_cosh_p[] = {0x1p-3f, -0x1.55551ap-8f, 0x1.6bd7b8p-12f, -0x1.a539ap-16f};
static const real sixth[] = {0x1.555556p-3f, -0x1.555556p-28f};
static const real third[] = {0x1.555556p-2f, -0x1.555556p-27f};
static const real selu_scale[] = {0x1.0cfabep+0f, -0x1.2adddap-25f};
static const real selu_floor[] = {0x1.c212ccp+0f, 0x1.903c0cp-26f};
static const real gelu_tanh_linear[] = {0x1.988454p+0f, -0x1.857936p-25f};
static const real gelu_tanh_cubic[] = {0x1.2444f2p-4f, 0x1.49b16ap-29f};
static const real gelu_tanh_minus_root[] = {0x1.8142ap-1f, -0x1.85a06cp-27f};
static const real gelu_tanh_root_exp[] = {0x1.2af64ep-2f, 0x1.3890bep-27f};
static const real gelu_tanh_bend[] = {-0x1.49e1dp-3f, -0x1.62889ep-28f};
static const real gelu_tanh_rise[] = {0x1.b78b7ap+0f, 0x1.12c72ep-25f};
static const real gelu_tanh_slope[] = {0x1.f599cap+0f, -0x1.bcb808p-25f};
static const real mish_minus_root[] = {0x1.31432cp+0f, 0x1.a25b08p-29f};
static const real mish_root_exp[] = {0x1.36c42p-2f, 0x1.7e1f66p-29f};
static const real mish_c_0[] = {0x1.31ac36p+0f, -0x1.63abfp-25f};
static const real mish_c_1[] = {0x1.cf1d54p-2f, 0x1.01741cp-27f};
static const real mish_c_2[] = {0x1.c9f402p-6f, -0x1.b022eep-32f};
#else
static const real exp_p[] = {0x1.0000000000005p-1,  0x1.5555555555535p-3,  0x1.555555555211dp-5,  0x1.111111111cac9p-7,
                             0x1.6c16c17f4051ap-10, 0x1.a01a01553e9bap-13, 0x1.a019a62e58366p-16, 0x1.71dee693f7dc9p-19,
                             0x1.28a337079431ap-22, 0x1.adb42581c8612p-26};
static const real log_p[] = {-0x1.0000000000003p-1, 0x1.5555555555521p-2, -0x1.fffffffffded6p-3, 0x1.99999999a0e04p-3,
                             -0x1.55555556e2a7fp-3, 0x1.2492492281a4dp-3, -0x1.fffffef6cda72p-4, 0x1.c71c71c173319p-4,
                             -0x1.9999c8f43fc05p-4, 0x1.745d479e15e69p-4, -0x1.5550781bc7acbp-4, 0x1.3b0a9ff65cdabp-4,
                             -0x1.24dbf6349dff6p-4, 0x1.11d9a67e522f9p-4, -0x1.fb769d86dd1ebp-5, 0x1.cfa9c47afd33ap-5,
                             -0x1.d124a0c1bb642p-5, 0x1.0b5652ddb6476p-4, -0x1.ebd25bb9d77eap-5, 0x1.acd0a7c381a31p-6};
static const real tanh_p[] = {-0x1.5555555555546p-2,  0x1.111111110fc84p-3,  -0x1.ba1ba1b8f954p-5,   0x1.664f48439426cp-6,
                              -0x1.226e2d6264f31p-7,  0x1.d6d289f38e43dp-9,  -0x1.7d92090d81ebap-10, 0x1.34b793be8600fp-11,
                              -0x1.ed86c0bac6501p-13, 0x1.7406b4b6e97aap-14, -0x1.cbe7ac8aff463p-16, 0x1.47252746ed561p-18};
static const real tanh_line[] = {0x1.0ap+3, 0x1.3dp+0};
static const real tanh_centre[] = {0x0p+0,
                                   0x1.984ed1a53aa18p-1,
                                   0x1.c43d6019d798p+0,
                                   0x1.497d2c6a9a5eap+1,
                                   0x1.b0dba8c842523p+1,
                                   0x1.0c1d12930076p+2,
                                   0x1.3fcc50c20bc1bp+2,
                                   0x1.737b8ef1833e9p+2,
                                   0x1.c1026c3922fcep+2,
                                   0x1.143073f1dceedp+3,
                                   0x1.47dfad1809baep+3,
                                   0x1.7b8e50eccdb4cp+3,
                                   0x1.af29b90e12476p+3,
                                   0x1.e24fa193d8eaep+3,
                                   0x1.0aaf50b967a9p+4,
                                   0x1.25e4f7b2737fap+4};
static const real tanh_of_centre[] = {0x0p+0,
                                      0x1.534364856919dp-1,
                                      0x1.e2ef37bd408b8p-1,
                                      0x1.fa15e08a3c10ap-1,
                                      0x1.fed17f80dd9f6p-1,
                                      0x1.ffc3c9be6f44fp-1,
                                      0x1.fff4061e88cfcp-1,
                                      0x1.fffd9e4a06defp-1,
                                      0x1.ffffc9ee12365p-1,
                                      0x1.fffffddc9a4d7p-1,
                                      0x1.ffffffea5a355p-1,
                                      0x1.ffffffff24cf8p-1,
                                      0x1.fffffffff74a3p-1,
                                      0x1.ffffffffffa4dp-1,
                                      0x1.fffffffffffc4p-1,
                                      0x1.ffffffffffffep-1};
static const real tail_p[] = {0x1.3e0cece4494ffp-2,   -0x1.354507af04717p-3,  0x1.1dd9b17d37ab1p-5,   0x1.5cfccd3a33edap-10,
                              -0x1.07d551da0f138p-9,  -0x1.437452e2c0583p-13, 0x1.21ae6977996a7p-13,  0x1.1750b88dedd7cp-15,
                              -0x1.99d761154b16ap-18, -0x1.3618a18cc6d84p-18, -0x1.411807de0fe32p-21, 0x1.54f198db2a356p-22,
                              0x1.69942758b69efp-23,  0x1.715dcf164cc15p-26,  -0x1.a3f4f86d4c27ap-27, -0x1.fdee1e96c3c78p-28,
                              -0x1.76e620818293fp-30, 0x1.c0a714bb725dp-32,   0x1.0da4a9519e352p-32,  0x1.47befcdc10f83p-34,
                              0x1.35f75f27a1514p-34,  -0x1.8abc6e21dca78p-37, -0x1.2c5d492c6429cp-35, 0x1.ccdf2bb5eaf24p-39,
                              0x1.6fab12001c468p-38,  -0x1.41748947bc423p-40};
static const real tail_middle[] = {0x1.08p+0};
static const real tail_slope[] = {0x1.8p-2};
static const real slope_p[] = {
    0x1.26ca2b7159e5dp-1,   -0x1.20603efa27a6ap-3, 0x1.052e379e33ae9p-5,   -0x1.4f40a67c5f48ep-11, -0x1.e65d540c2e928p-11,
    -0x1.4a000831e11bcp-15, 0x1.3ee674fc919e7p-15, 0x1.1e32f468d7691p-17,  -0x1.d2f62960a75a6p-22, -0x1.577b198d7b6a2p-21,
    -0x1.31ce8649043c1p-23, 0x1.d9c6d914fdbe5p-29, 0x1.8e07f12c9abb1p-27,  0x1.02f67c81c13b4p-28,  0x1.1bec4abbc67dep-32,
    -0x1.a88f3324a94e1p-32, 0x1.401f652c00136p-32, -0x1.80b8530042f49p-33, -0x1.09596cce49fb8p-32, 0x1.c08688386d019p-32,
    -0x1.49eb72a8fae9fp-32, 0x1.22697a7b754a8p-33, -0x1.338bdfd1cb089p-35, 0x1.674894da744adp-38,  -0x1.63d92bd4c943dp-42};
static const real slope_middle[] = {0x1.2p-1};
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
static const real log_cosh_p[] = {0x1p-3,
                                  -0x1.55555555554a7p-8,
                                  0x1.6c16c16bec668p-12,
                                  -0x1.ba1ba17b70475p-16,
                                  0x1.1ea5bc0c708c2p-19,
                                  -0x1.8333b0f90a30cp-23,
                                  0x1.0bdb31373b437p-26,
                                  -0x1.56a2759e74ae3p-30};
static const real sixth[] = {0x1.5555555555555p-3, 0x1.5555555555555p-57};
static const real third[] = {0x1.5555555555555p-2, 0x1.5555555555555p-56};
static const real selu_scale[] = {0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2695p-55};
static const real selu_floor[] = {0x1.c212cc640f031p+0, 0x1.05161b045a1fep-56};
static const real gelu_tanh_linear[] = {0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};
static const real gelu_tanh_cubic[] = {0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c7p-61};
static const real gelu_tanh_minus_root[] = {0x1.81429f9e97e4dp-1, -0x1.4f523ed77dbdcp-55};
static const real gelu_tanh_root_exp[] = {0x1.2af64e9c485eep-2, -0x1.3ca470b477afcp-57};
static const real gelu_tanh_bend[] = {-0x1.49e1d0b1444ebp-3, -0x1.ba751ccf0c773p-57};
static const real gelu_tanh_rise[] = {0x1.b78b7a8963976p+0, 0x1.d70cb410c5286p-54};
static const real gelu_tanh_slope[] = {0x1.f599c921a3fc2p+0, 0x1.1ca7c24fcf1bdp-54};
static const real mish_minus_root[] = {0x1.31432c0d12d84p+0, 0x1.bf319154da21p-55};
static const real mish_root_exp[] = {0x1.36c4202fc3eccp-2, 0x1.6d73a02f8d922p-56};
static const real mish_c_0[] = {0x1.31ac354e2a079p+0, -0x1.6e2f9b89c3bdbp-56};
static const real mish_c_1[] = {0x1.cf1d5480ba0e5p-2, -0x1.092627b956871p-57};
static const real mish_c_2[] = {0x1.c9f40193f744cp-6, -0x1.cd6edac167dafp-60};
#endif

#if REAL_BITS == 32
typedef uint32_t natural;
enum { MANTISSA_BITS = 23, EXPONENT_BIAS = 127, LIFT = 32, TANH_PLACE_BITS = 2 };
#define REAL(for_float, for_double) for_float##f
#else
typedef uint64_t natural;
enum { MANTISSA_BITS = 52, EXPONENT_BIAS = 1023, LIFT = 256, TANH_PLACE_BITS = 3 };
#define REAL(for_float, for_double) for_double
#endif
typedef natural nvec __attribute__((vector_size(VECTOR_BYTES)));

static const real log_2[] = {REAL(0x1.62e43p-1, 0x1.62e42fefa39efp-1), REAL(-0x1.05c61p-29, 0x1.abc9e3b39803fp-56)};
static const real raise = REAL(0x1p32, 0x1p256), drop = REAL(0x1p-32, 0x1p-256); /* 2^LIFT, 2^-LIFT */

#define N_ELEMENTS(table) (int)(sizeof(table) / sizeof((table)[0]))
#define V_POLYNOMIAL(x, table) v_polynomial(x, table, N_ELEMENTS(table))

/* table[0] + table[1] x + ..., Horner's way in blocks of four: the processor works on them side by side, and terms that
 * alternate in sign meet before they grow. */
INLINE vec v_polynomial(vec x, const real *table, int n)
{
    const int block = n < 8 ? n : 4;
    const vec square = x * x, fourth = square * square;
    vec sum = {0}, part = v_splat(table[n - 1]);
#pragma GCC unroll 32
    for (int i = n - 2; i >= 0; i--) {
        if (i % block == block - 1) {
            sum = i + block >= n - 1 ? part : v_fma(sum, fourth, part);
            part = v_splat(table[i]);
        } else
            part = v_fma(part, x, v_splat(table[i]));
    }
    return n > block ? v_fma(sum, fourth, part) : part;
}

/* exp(x + low) = (1 + fraction) * scale * 2^-lift for a small low and scale a normal number; scale is 0 one below.
 * Cody and Waite: x = n log 2 + r; the sum with 1.5 * 2^MANTISSA_BITS leaves n in the lowest bits. Not precise: r without the low half of n
 * log 2. */
typedef struct power {
    vec scale, fraction;
} power;

INLINE power v_power(vec x, vec low, int lift, bool precise)
{
    const vec magic = v_splat((real)((int64_t)3 << (MANTISSA_BITS - 1)) + (real)(EXPONENT_BIAS + lift));
    const vec shifted = v_fma(x, v_splat((real)1.4426950408889634), magic);
    const vec n = shifted - magic;
    const vec scale = (vec)((nvec)shifted << MANTISSA_BITS), r_high = v_fma(n, v_splat(-log_2[0]), x);
    if (!precise)
        return (power){scale, v_fma(r_high * r_high, V_POLYNOMIAL(r_high, exp_p), r_high)};
    const vec r_low = v_fma(n, v_splat(-log_2[1]), low), r = r_high + r_low;
    return (power){scale, r_high + v_fma(r * r, V_POLYNOMIAL(r, exp_p), r_low)};
}

/* 0.90 / 0.91 ULP */
INLINE vec v_exp(vec x)
{
    const vec zero = {0}, infinity = v_splat((real)__builtin_inf());
    const vec first_normal = v_splat(REAL(-0x1.5d589ep6, -0x1.6232bdd7abcd2p9));
    const vec first_infinite = v_splat(REAL(0x1.62e43p6, 0x1.62e42fefa39fp9));
    const power p = v_power(x, zero, -EXPONENT_BIAS, true); /* the exponent alone, to be added: scale cannot hold 2^(bias + 1) */
    const vec y = (vec)((nvec)(p.fraction + v_splat(1)) + (nvec)p.scale);
    return v_select_below(x, first_normal, zero, v_select_below(x, first_infinite, y, x + infinity));
}

/* exp(x) - 1 for x <= 88 (double: 709). 1.64 / 1.76 ULP, 1.03 / 1.02 below 0 */
INLINE vec v_expm1(vec x)
{
    const power p = v_power(v_max(x, v_splat(REAL(-18., -38.))), (vec){0}, 0, true);
    return v_fma(p.scale, p.fraction, p.scale - v_splat(1));
}

/* (factor + factor_low) (exp(x + low) - 1) for x <= 0. */
INLINE vec v_expm1_times(vec x, vec low, vec factor, vec factor_low)
{
    const power p = v_power(v_max(x, v_splat(REAL(-18., -38.))), low, 0, true);
    const vec part = p.scale * p.fraction, whole = p.scale - v_splat(1), high = factor * whole;
    const vec rest = v_fma(factor_low, part + whole, v_fma(factor, whole, -high));
    return high + v_fma(factor, part, rest);
}

/* log(0) is -infinity, and so is that of a denormal; NaN below 0. 0.93 / 0.99 ULP */
INLINE vec v_log(vec x)
{
    const vec zero = {0}, one = v_splat(1), infinity = v_splat((real)__builtin_inf());
    /* x = (1 + f) 2^e, 1 + f between sqrt(1/2) and sqrt(2); e stands where the exponent stands */
    const nvec from_root = (nvec)x - (nvec)v_splat((real)0.70710678118654752), exponent = from_root & ~(nvec){0} << MANTISSA_BITS;
    const vec f = (vec)((nvec)x - exponent) - one, two_to_mantissa = v_splat((real)((int64_t)1 << MANTISSA_BITS));
    const nvec biased = (exponent + (nvec)one) >> MANTISSA_BITS;
    const vec e = (vec)(biased | (nvec)two_to_mantissa) - (two_to_mantissa + v_splat(EXPONENT_BIAS));
    const vec low = v_fma(e, v_splat(log_2[1]), f * f * V_POLYNOMIAL(f, log_p));
    const vec y = v_fma(e, v_splat(log_2[0]), f + low);
    const vec least = v_select_below(x, zero, v_splat((real)__builtin_nan("")), -infinity);
    return v_select_below(x, v_splat(REAL(0x1p-126, 0x1p-1022)), least, v_select_below(x, infinity, y, x));
}

/* log(1 + x) for 0 <= x <= 1: as v_log, with the exponent 0 or 1 told by x itself, so that 1 + x is never rounded.
 * 1.52 / 1.52 ULP */
INLINE vec v_log1p(vec x)
{
    const vec half = v_splat((real)0.5), root = v_splat((real)0.41421356237309505);
    const vec f = v_select_below(root, x, v_fma(x, half, -half), x);
    const vec high = v_select_below(root, x, v_splat(log_2[0]), (vec){0});
    const vec low = v_select_below(root, x, v_splat(log_2[1]), (vec){0});
    return high + (f + v_fma(f * f, V_POLYNOMIAL(f, log_p), low));
}

/* With t = tanh(c), tau = tanh(r): tanh(c + r) = t + tau (1 - t^2) / (1 + t tau), c the nearest of sixteen, so that a polynomial gives
 * tau. They lie further apart where the function is flatter: the leading bits of a linear function of a tell which. It is 0 for
 * a small a, so that this loses nothing; the others are such that c and t hardly lose by being rounded. 0.79 / 0.87 ULP */
INLINE vec v_tanh(vec x)
{
    const vec one = v_splat(1), a = v_min(v_abs(x), v_splat(REAL(9.1, 19.1)));
    const nvec bits = (nvec)v_fma(a, v_splat(tanh_line[1]), v_splat(tanh_line[0]));
    const ivec place = (ivec)(bits >> (MANTISSA_BITS - TANH_PLACE_BITS));
    const vec r = a - v_lookup(tanh_centre, place), t = v_lookup(tanh_of_centre, place), square = r * r;
    const vec tau = v_fma(r * square, V_POLYNOMIAL(square, tanh_p), r);
    const vec y = v_fma(tau, v_fma(-t, t, one) / v_fma(t, tau, one), t);
    return v_from_bits(v_bits(y) | (v_bits(x) & v_bits(v_splat((real)-0.0))));
}

/* 2^LIFT / (1 + exp(-x - low)) = quotient (1 + rest) for -109 <= x <= 64 (double: -800, 512). Lifted, as the quotient may be
 * below the normal numbers where its product with x is not; the rest is what the sum and the quotient lost. */
typedef struct logistic {
    vec quotient, rest;
} logistic;

INLINE logistic v_logistic(vec x, vec low)
{
    const vec one = v_splat(1), unit = v_splat(drop);
    const power p = v_power(-x, -low, -LIFT, true);
    const vec rough = p.scale + unit, rough_low = (v_max(p.scale, unit) - rough) + v_min(p.scale, unit);
    const vec sum = v_fma(p.scale, p.fraction, rough), sum_low = v_fma(p.scale, p.fraction, rough - sum) + rough_low;
    const vec y = one / sum;
    return (logistic){y, v_fma(-y, sum_low, v_fma(-y, sum, one))};
}

/* sigmoid: 0.93 / 0.90 ULP */
INLINE vec v_logistic_lifted(vec x)
{
    const logistic y = v_logistic(x, (vec){0});
    return v_fma(y.quotient, y.rest, y.quotient);
}

/* The density's shape exp(-a^2/2) as a power lifted by LIFT, with the rounding error of a^2. */
INLINE power v_density(vec a)
{
    const vec square = a * a, square_low = v_fma(a, a, -square);
    return v_power(v_splat((real)-0.5) * square, v_splat((real)-0.5) * square_low, LIFT, true);
}

/* (x + x_low) (table[0] + table[1] t + ...) exp(-a^2/2), density from v_density(a). What the last sum and product lose is put
 * back. */
INLINE vec v_times_density(vec x, vec x_low, const real *table, int n, vec t, power density)
{
    const vec rest = v_polynomial(t, table + 1, n - 1), first = v_splat(table[0]);
    const vec y = v_fma(rest, t, first), y_low = v_fma(rest, t, first - y), scaled = x * density.scale;
    const vec product = scaled * y, lost = v_fma(scaled, y_low, v_fma(scaled, y, -product));
    const vec low = v_fma(x_low * density.scale, y, lost);
    return (product + v_fma(product, density.fraction, v_fma(low, density.fraction, low))) * v_splat(drop);
}

/* The x below which a standard normal variable falls with the given probability in (0, 1): a rational function of the
 * square of the distance from 1/2 there, of sqrt(-log) in the tails, as in Wichura's AS 241. 5.0 / 5.9 ULP */
INLINE vec v_normal_quantile(vec probability)
{
    const vec one = v_splat(1), q = probability - v_splat((real)0.5);
    const vec r = v_fma(-q, q, v_splat((real)0.1849));
    const vec centre = q * V_POLYNOMIAL(r, quantile_centre_p) / V_POLYNOMIAL(r, quantile_centre_q);
    const vec s = v_sqrt(-v_log(v_min(probability, one - probability))) - v_splat((real)1.59375);
    const vec tail = V_POLYNOMIAL(s, quantile_tail_p) / V_POLYNOMIAL(s, quantile_tail_q);
    return v_select_below(v_abs(q), v_splat((real)0.43), centre, v_copy_sign(tail, q));
}
