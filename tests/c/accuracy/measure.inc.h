/* measure.inc.h: one function over a run of inputs in ascending order: errors, order, range, special values, speed.
 *
 * An input is named by its place among all reals: place 0 is +0, negative places are the negative numbers. For floats the
 * loops over a block are written so that the compiler makes vectors of them: all of 2^32 take half a minute on a core. */

typedef struct report {
    double worst_ulp;
    real worst_input;
    long long falls, outside, mode_differences;
    natural digest; /* of all result bits, whatever the order they came in */
} report;

static inline real real_at(integer place)
{
    const natural bits = place < 0 ? (natural)(-place) | (natural)1 << (REAL_BITS - 1) : (natural)place;
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline integer place_of(real x)
{
    natural bits;
    memcpy(&bits, &x, sizeof x);
    return bits >> (REAL_BITS - 1) ? -(integer)(bits << 1 >> 1) : (integer)bits;
}

/* The kernels run with denormals read as and rounded to 0: bits 15 and 6 of the control register. */
static void evaluate(const function_case *f, const real *x, real *y, int flush)
{
    const unsigned int old = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(flush ? old | 0x8040u : old);
    f->array(x, y, BLOCK);
    __builtin_ia32_ldmxcsr(old);
}

static inline int is_denormal(real x) { return x != 0 && REAL_ABS(x) < REAL_SMALLEST; }

#if REAL_BITS == 64
#include "exact.h"

/* How far an error by long double may be below the exact one, in ULP. It has 11 bits more than double, of which a few operations
 * cost 5. Beyond 1/4 a small result is exp(u), which differs by |u| times what u does; or lies near a root, where nothing is sure. */
static double uncertainty(real x, real y)
{
    const int exponent = (int)(place_of(REAL_ABS(y)) >> MANTISSA_BITS) - EXPONENT_BIAS;
    const int lost = REAL_ABS(x) > 0.25 && exponent < 0 ? -exponent : 0;
    return lost > 5 && REAL_ABS(x) < 2 ? INFINITY : (8 + lost) * 0x1p-9;
}

/* Errors that may be above the largest so far become exact, the others 0: what is reported is exact. */
static void confirm_errors(const function_case *f, const real *x, const real *y, double largest, double *error)
{
    for (int i = 0; i < BLOCK; i++) {
        const double screened = error[i], doubt = uncertainty(x[i], y[i]);
        error[i] = screened > 0 && screened + doubt > largest ? exact_error((int)(f - cases), x[i], y[i]) : 0;
        if (error[i] > screened + doubt) {
            fprintf(stderr, "%s at %a: %.4f ULP, by long double %.4f\n", f->name, x[i], error[i], screened);
            exit(1);
        }
    }
}
#endif

static void find_errors(const function_case *f, const real *x, const real *y, const wide *exact, report *total)
{
    double error[BLOCK];
    int64_t bits[BLOCK], worst = 0; /* errors are not negative, so their bits are in the numbers' order */
    for (int i = 0; i < BLOCK; i++)
        error[i] = is_denormal(x[i]) ? 0 : error_in_ulp(y[i], exact[i]);
#if REAL_BITS == 64
    confirm_errors(f, x, y, total->worst_ulp, error);
#else
    (void)f;
#endif
    memcpy(bits, error, sizeof bits);
    for (int i = 0; i < BLOCK; i++)
        worst = bits[i] > worst ? bits[i] : worst;
    double largest;
    memcpy(&largest, &worst, sizeof largest);
    if (largest <= total->worst_ulp)
        return;
    total->worst_ulp = largest;
    for (int i = 0; i < BLOCK; i++)
        total->worst_input = error[i] == largest ? x[i] : total->worst_input;
}

static void measure_block(const function_case *f, const real *x, report *total)
{
    real y[BLOCK], unflushed[BLOCK];
    wide exact[BLOCK];
    evaluate(f, x, y, 1);
    evaluate(f, x, unflushed, 0);
    inputs all;
    set_inputs(&all, x);
    f->reference(&all, y, exact);
    find_errors(f, x, y, exact, total);
    if (f->monotone) {
        natural falls = 0;
        for (int i = 1; i < BLOCK; i++)
            falls += (x[i] > x[i - 1]) & (y[i] < y[i - 1]);
        total->falls += (long long)falls;
    }
    natural outside = 0, differences = 0, digest = 0;
    for (int i = 0; i < BLOCK; i++) {
        natural bits, other;
        memcpy(&bits, y + i, sizeof bits);
        memcpy(&other, unflushed + i, sizeof other);
        outside += !((y[i] >= f->least) & (y[i] <= f->largest)) & (x[i] == x[i]);
        differences += (bits != other) & (REAL_ABS(unflushed[i]) >= REAL_SMALLEST) & (REAL_ABS(y[i]) >= REAL_SMALLEST) &
                       (REAL_ABS(x[i]) >= REAL_SMALLEST);
        digest += bits * (2 * (natural)place_of(x[i]) + 1);
    }
    total->outside += (long long)outside;
    total->mode_differences += (long long)differences;
    total->digest += digest;
}

static void add_report(report *total, const report *part)
{
    if (!(part->worst_ulp <= total->worst_ulp)) {
        total->worst_ulp = part->worst_ulp;
        total->worst_input = part->worst_input;
    }
    total->falls += part->falls;
    total->outside += part->outside;
    total->mode_differences += part->mode_differences;
    total->digest += part->digest;
}

/* Every input of the domain, step places apart; blocks overlap by one input so that no fall is missed. */
static report measure_domain(const function_case *f, long long step)
{
    const long long first = place_of(f->low), last = place_of(f->high), n_blocks = (last - first) / step / (BLOCK - 1) + 1;
    report total = {0};
#pragma omp parallel
    {
        report mine = {0};
#pragma omp for schedule(dynamic, 64)
        for (long long block = 0; block < n_blocks; block++) {
            real x[BLOCK];
            const long long begin = first + block * (BLOCK - 1) * step;
            for (int i = 0; i < BLOCK; i++) {
                const long long place = begin + i * step;
                x[i] = real_at((integer)(place < last ? place : last));
            }
            measure_block(f, x, &mine);
        }
#pragma omp critical
        add_report(&total, &mine);
    }
    return total;
}

/* n blocks of inputs: half of them uniform between -16 and 16, the others of random bits, where the domain has them. */
static report measure_samples(const function_case *f, long long n_blocks)
{
    report total = {0};
#pragma omp parallel
    {
        report mine = {0};
#pragma omp for schedule(dynamic, 4)
        for (long long block = 0; block < n_blocks; block++) {
            real x[BLOCK];
            uint64_t state = (uint64_t)block * 0x9e3779b97f4a7c15u + 1;
            for (int i = 0; i < BLOCK;) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                const uint64_t mixed = (state ^ state >> 29) * 0xbf58476d1ce4e5b9u;
                const real uniform = (real)((double)(int64_t)mixed * 0x1p-59);
                x[i] = block % 2 ? uniform : real_at((integer)mixed >> 1);
                if (block % 4 == 3)
                    x[i] *= (real)0.0625;
                i += x[i] >= f->low && x[i] <= f->high;
            }
            measure_block(f, x, &mine);
        }
#pragma omp critical
        add_report(&total, &mine);
    }
    return total;
}

/* Of -inf, -0, 0 and inf, where the domain has them, and of NaN for what goes forward: how many do not give the exact value,
 * where that is a real. */
static int count_inexact(const function_case *f)
{
    const real special[] = {-INFINITY, (real)-0.0, 0, INFINITY, NAN};
    static real x[BLOCK], y[BLOCK];
    static wide exact[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        x[i] = special[i % 5];
    evaluate(f, x, y, 1);
    static inputs all;
    set_inputs(&all, x);
    f->reference(&all, y, exact);
    int count = 0;
    for (int i = 0; i < 5; i++) {
        const int is_nan = x[i] != x[i], wanted = is_nan ? strstr(f->name, "_backward") == NULL : x[i] >= f->low && x[i] <= f->high;
        const int is_right = is_nan ? y[i] != y[i] : (wide)y[i] == exact[i] || (wide)(real)exact[i] != exact[i];
        count += wanted && !is_right;
    }
    return count;
}

/* Nanoseconds an element, the best of many passes over a block in the first cache. */
static double nanoseconds(const function_case *f)
{
    static real x[BLOCK], y[BLOCK];
    const real low = f->low > -4 ? f->low : -4, high = f->high < 4 ? f->high : 4;
    for (int i = 0; i < BLOCK; i++)
        x[i] = low + (high - low) * (real)((i * 1237 % BLOCK) + 0.5) / BLOCK;
    double best = INFINITY;
    for (int repeat = 0; repeat < 300; repeat++) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (int pass = 0; pass < 10; pass++) {
            f->array(x, y, BLOCK);
            __asm__ volatile("" : : "r"(y) : "memory");
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        const double spent = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
        best = spent < best ? spent : best;
    }
    return best / 10 / BLOCK;
}
