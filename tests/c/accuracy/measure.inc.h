/* measure.inc.h: one function over a run of inputs in ascending order: errors, order, range, speed.
 *
 * An input is named by its place among all reals: place 0 is +0, negative places are the negative numbers. */

typedef struct report {
    double worst_ulp;
    real worst_input;
    long long falls, outside, mode_differences;
    natural digest; /* of all result bits, whatever the order they came in */
} report;

enum { BLOCK = 4096 };

static real real_at(integer place)
{
    const natural bits = place < 0 ? (natural)(-place) | (natural)1 << (REAL_BITS - 1) : (natural)place;
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static integer place_of(real x)
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

static double error_in_ulp(real y, wide exact)
{
    if (exact != exact || y != y)
        return exact != exact && y != y ? 0 : INFINITY;
    const wide size = exact < 0 ? -exact : exact, largest = REAL_LARGEST;
    if (size > largest * (1 + (wide)REAL_EPSILON / 4))
        return y == (exact < 0 ? -INFINITY : INFINITY) ? 0 : y == (exact < 0 ? -REAL_LARGEST : REAL_LARGEST) ? 1 : INFINITY;
    if (size < REAL_SMALLEST) /* may be 0, or come from flushed summands */
        return REAL_ABS(y) < 2 * REAL_SMALLEST ? 0 : INFINITY;
    int exponent;
    WIDE(frexp)(size, &exponent);
    const wide error = WIDE(ldexp)((wide)y - exact, MANTISSA_BITS + 1 - exponent);
    return (double)(error < 0 ? -error : error);
}

static int is_denormal(real x) { return x != 0 && REAL_ABS(x) < REAL_SMALLEST; }

static void measure_block(const function_case *f, const real *x, report *total)
{
    real y[BLOCK], unflushed[BLOCK];
    evaluate(f, x, y, 1);
    evaluate(f, x, unflushed, 0);
    for (int i = 0; i < BLOCK; i++) {
        const double ulp = is_denormal(x[i]) ? 0 : error_in_ulp(y[i], f->reference(x[i], y[i]));
        if (!(ulp <= total->worst_ulp)) {
            total->worst_ulp = ulp;
            total->worst_input = x[i];
        }
        total->falls += f->monotone && i > 0 && x[i] > x[i - 1] && y[i] < y[i - 1];
        total->outside += !(y[i] >= f->least && y[i] <= f->largest) && x[i] == x[i];
        total->mode_differences += memcmp(y + i, unflushed + i, sizeof *y) != 0 && REAL_ABS(unflushed[i]) >= REAL_SMALLEST &&
                                   REAL_ABS(y[i]) >= REAL_SMALLEST && y[i] == y[i];
        natural bits;
        memcpy(&bits, y + i, sizeof bits);
        total->digest += bits * (2 * (natural)place_of(x[i]) + 1);
    }
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
static report measure_domain(const function_case *f, integer step)
{
    const integer first = place_of(f->low), last = place_of(f->high);
    const long long n_blocks = (long long)(((wide)last - first) / step / (BLOCK - 1)) + 1;
    report total = {0};
#pragma omp parallel
    {
        report mine = {0};
#pragma omp for schedule(dynamic, 64)
        for (long long block = 0; block < n_blocks; block++) {
            real x[BLOCK];
            for (integer i = 0; i < BLOCK; i++) {
                const wide place = first + ((wide)block * (BLOCK - 1) + i) * step;
                x[i] = place < last ? real_at((integer)place) : f->high;
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
