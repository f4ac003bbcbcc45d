/* simd.inc.h: the vector vocabulary. Mathematics is written once in these words, for any width and type.
 *
 * Parameters:
 *   REAL_BITS       32 or 64, from the build: real is float or double
 *   VECTOR_BYTES    16, 32 or 64: the width of a register
 *   V_NATIVE        defined if the ISA file gives v_fma, v_sqrt, v_select_below and v_select_equal by intrinsics
 *
 * A vector of compiler type "vec" takes + - * / and comparisons as it stands; comparisons give an "ivec" of 0 and -1.
 * Meaning is IEEE with no contraction: the compiler flags forbid it. */

#include <stddef.h>
#include <stdint.h>

#if REAL_BITS == 32
typedef float real;
typedef int32_t integer;
#elif REAL_BITS == 64
typedef double real;
typedef int64_t integer;
#else
#error "REAL_BITS must be 32 or 64"
#endif

#if VECTOR_BYTES != 16 && VECTOR_BYTES != 32 && VECTOR_BYTES != 64
#error "VECTOR_BYTES must be 16, 32 or 64"
#endif

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef integer ivec __attribute__((vector_size(VECTOR_BYTES)));
typedef real vec_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

enum { VL = VECTOR_BYTES / sizeof(real) };

#define INLINE static inline __attribute__((always_inline, unused))

INLINE vec v_load(const real *p) { return (vec) * (const vec_unaligned *)p; }
INLINE void v_store(real *p, vec x) { *(vec_unaligned *)p = (vec_unaligned)x; }
INLINE vec v_splat(real x) { return x - (vec){0}; } /* -0 stays -0 */
INLINE ivec v_bits(vec x) { return (ivec)x; }
INLINE vec v_from_bits(ivec x) { return (vec)x; }

/* The first n < VL elements; the rest reads as fill. */
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    vec x = v_splat(fill);
    __builtin_memcpy(&x, p, (size_t)n * sizeof(real));
    return x;
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { __builtin_memcpy(p, &x, (size_t)n * sizeof(real)); }

/* a * b + c, rounded once. */
INLINE vec v_fma(vec a, vec b, vec c);
INLINE vec v_sqrt(vec x);
/* a < b ? yes : no; no where a or b is NaN. */
INLINE vec v_select_below(vec a, vec b, vec yes, vec no);
/* a == b ? yes : no */
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no);

#if REAL_BITS == 32
#define REAL_FMA __builtin_fmaf
#define REAL_SQRT __builtin_sqrtf
#else
#define REAL_FMA __builtin_fma
#define REAL_SQRT __builtin_sqrt
#endif

#ifndef V_NATIVE
INLINE vec v_fma(vec a, vec b, vec c)
{
    for (int i = 0; i < VL; i++)
        c[i] = REAL_FMA(a[i], b[i], c[i]);
    return c;
}
INLINE vec v_sqrt(vec x)
{
    for (int i = 0; i < VL; i++)
        x[i] = REAL_SQRT(x[i]);
    return x;
}
INLINE vec v_choose(ivec mask, vec yes, vec no) { return v_from_bits((v_bits(yes) & mask) | (v_bits(no) & ~mask)); }
INLINE vec v_select_below(vec a, vec b, vec yes, vec no) { return v_choose(a < b, yes, no); }
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no) { return v_choose(a == b, yes, no); }
#endif

INLINE vec v_abs(vec x) { return v_from_bits(v_bits(x) & ~v_bits(v_splat((real)-0.0))); }
/* |magnitude| with the sign of sign */
INLINE vec v_copy_sign(vec magnitude, vec sign)
{
    const ivec sign_bit = v_bits(v_splat((real)-0.0));
    return v_from_bits((v_bits(magnitude) & ~sign_bit) | (v_bits(sign) & sign_bit));
}
/* The larger; x where either is NaN, so v_max(x, bound) lets NaN through. */
INLINE vec v_max(vec x, vec bound) { return v_select_below(x, bound, bound, x); }
/* The smaller; likewise. */
INLINE vec v_min(vec x, vec bound) { return v_select_below(bound, x, bound, x); }
