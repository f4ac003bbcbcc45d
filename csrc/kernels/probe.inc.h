/* probe.inc.h: what one core can do at most, for shares of the peak: multiply-adds in registers, and reading memory.
 *
 * A multiply-add takes 4 or 5 cycles and two or so begin in each, so 10 chains at the least must be under way; with the two
 * operands that all share, 12 of them still fit the 16 registers of AVX2. */
enum { PROBE_CHAINS = 12, PROBE_STREAMS = 8 };

#define UNROLL_PROBE _Pragma("GCC unroll 12")

static double probe_multiply_adds(int64_t n_rounds, double factor, double summand)
{
    const vec by = v_splat((real)factor), plus = v_splat((real)summand);
    vec chain[PROBE_CHAINS], sum = {0};
    UNROLL_PROBE
    for (int c = 0; c < PROBE_CHAINS; c++)
        chain[c] = v_splat((real)c);
    for (; n_rounds > 0; n_rounds--) {
        UNROLL_PROBE
        for (int c = 0; c < PROBE_CHAINS; c++)
            chain[c] = v_fma(chain[c], by, plus);
    }
    UNROLL_PROBE
    for (int c = 0; c < PROBE_CHAINS; c++)
        sum += chain[c];
    return (double)sum[0];
}

static double probe_read(ptrdiff_t n, const void *x)
{
    const real *at = x;
    vec stream[PROBE_STREAMS] = {{0}}, sum = {0};
    for (; n >= PROBE_STREAMS * VL; n -= PROBE_STREAMS * VL, at += PROBE_STREAMS * VL) {
        UNROLL_PROBE
        for (int s = 0; s < PROBE_STREAMS; s++)
            stream[s] += v_load(at + s * VL);
    }
    UNROLL_PROBE
    for (int s = 0; s < PROBE_STREAMS; s++)
        sum += stream[s];
    return (double)sum[0];
}
