/* ulp.inc.h: the distance of a result to the exact value, in units of the exact value's last place. After cases.inc.h. */

#include <stdint.h>
#include <string.h>

#if REAL_BITS == 32
#define REAL_SMALLEST FLT_MIN
#define REAL_LARGEST FLT_MAX
#define REAL_EPSILON FLT_EPSILON
#define REAL_ABS fabsf
#else
#define REAL_SMALLEST DBL_MIN
#define REAL_LARGEST DBL_MAX
#define REAL_EPSILON DBL_EPSILON
#define REAL_ABS fabs
#endif

/* The last place of a real of that size, which is not below the normal numbers. */
static inline wide last_place(wide size)
{
#if REAL_BITS == 32
    uint64_t bits;
    memcpy(&bits, &size, sizeof bits);
    bits &= 0x7ff0000000000000u;
    memcpy(&size, &bits, sizeof bits);
    return size * 0x1p-23;
#elif defined EXACT
    int exponent;
    frexpq(size, &exponent);
    return ldexpq(REAL_EPSILON, exponent - 1);
#else
    size *= 1 - 0x1p-57L; /* at a power of two that long double may have rounded to, the smaller place: rather too many ULP */
    const uint64_t one = (uint64_t)1 << 63; /* the mantissa of a power of two, below the exponent */
    memcpy(&size, &one, sizeof one);
    return size * REAL_EPSILON;
#endif
}

/* Infinity counts as the number after the largest where the exact value is not above that. */
static inline double error_in_ulp(real y, wide exact)
{
    const wide size = exact < 0 ? -exact : exact, largest = REAL_LARGEST, after = largest * (1 + (wide)REAL_EPSILON / 2);
    const wide difference = (y == INFINITY ? after : y == -INFINITY ? -after : (wide)y) - exact;
    const double regular = (double)((difference < 0 ? -difference : difference) / last_place(size));
    const double below = REAL_ABS(y) < 2 * REAL_SMALLEST ? 0 : INFINITY; /* may be 0, or come from flushed summands */
    const double above = (exact < 0 ? y == -INFINITY : y == INFINITY) ? 0 : REAL_ABS(y) == REAL_LARGEST ? 1 : INFINITY;
    const double missing = y != y ? 0 : INFINITY;
    const double error = size < REAL_SMALLEST ? below : size > largest * (1 + (wide)REAL_EPSILON / 4) ? above : regular;
    return exact != exact ? missing : error == error ? error : INFINITY;
}
