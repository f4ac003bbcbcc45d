/* simd.inc.h: the vector vocabulary. Mathematics is written once in these words, for any width and type.
 *
 * Parameters:
 *   REAL_BITS       32 or 64, from the build: real is float or double
 *   VECTOR_BYTES    16, 32 or 64: the width of a register
 *   V_NATIVE        defined if the ISA file gives v_fma, v_sqrt, v_select_below and v_select_equal by intrinsics
 *   V_NATIVE_PARTS  defined if it gives v_load_part and v_store_part
 *   V_NATIVE_BOUNDS defined if it gives v_max and v_min
 *   V_NATIVE_BITS   defined if it gives v_nonzero
 *   V_NATIVE_LOOKUP defined if it gives v_lookup
 *   V_NATIVE_LISTS  defined if it gives words_with and list_append
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
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill);
/* Writes the first n < VL elements. */
INLINE void v_store_part(real *p, ptrdiff_t n, vec x);

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

#ifndef V_NATIVE_PARTS
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    vec x = v_splat(fill);
    __builtin_memcpy(&x, p, (size_t)n * sizeof(real));
    return x;
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { __builtin_memcpy(p, &x, (size_t)n * sizeof(real)); }
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
/* a[first] b[first] a[first + 1] b[first + 1] ... Inlined with a constant. */
INLINE vec v_zip_from(const int first, vec a, vec b)
{
#if defined(__clang__) /* which sees the shuffle in the loop */
    vec zipped;
    for (int i = 0; i < VL; i++)
        zipped[i] = i % 2 ? b[first + i / 2] : a[first + i / 2];
    return zipped;
#else
    ivec from;
    for (int i = 0; i < VL; i++)
        from[i] = first + i / 2 + i % 2 * VL;
    return __builtin_shuffle(a, b, from);
#endif
}
/* |magnitude| with the sign of sign */
INLINE vec v_copy_sign(vec magnitude, vec sign)
{
    const ivec sign_bit = v_bits(v_splat((real)-0.0));
    return v_from_bits((v_bits(magnitude) & ~sign_bit) | (v_bits(sign) & sign_bit));
}
/* The larger; x where either is NaN or both are 0, so v_max(x, bound) lets NaN through. */
INLINE vec v_max(vec x, vec bound);
/* The smaller; likewise. */
INLINE vec v_min(vec x, vec bound);

#ifndef V_NATIVE_BOUNDS
INLINE vec v_max(vec x, vec bound) { return v_select_below(x, bound, bound, x); }
INLINE vec v_min(vec x, vec bound) { return v_select_below(bound, x, bound, x); }
#endif

/* table[place & 15] in each lane. */
INLINE vec v_lookup(const real table[16], ivec place);

#ifndef V_NATIVE_LOOKUP
INLINE vec v_lookup(const real table[16], ivec place)
{
    vec x;
    for (int i = 0; i < VL; i++)
        x[i] = table[place[i] & 15];
    return x;
}
#endif

/* ---- bits: one for each element ---- */

/* Bit i is set if x[i] is not 0. */
INLINE uint32_t v_nonzero(vec x);
/* Bit i is set if word[i] has one of the bits of mask, i < 16. */
INLINE uint32_t words_with(const uint32_t *word, uint32_t mask);
/* Appends base + i for each of the low 16 bits i that is set, and returns the new end. Writes 16 places. */
INLINE uint16_t *list_append(uint16_t *end, uint32_t bits, int base);

#ifndef V_NATIVE_BITS
INLINE uint32_t v_nonzero(vec x)
{
    uint32_t bits = 0;
    for (int i = 0; i < VL; i++)
        bits |= (uint32_t)(x[i] != 0) << i;
    return bits;
}
#endif

#ifndef V_NATIVE_LISTS
INLINE uint32_t words_with(const uint32_t *word, uint32_t mask)
{
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++)
        bits |= (uint32_t)((word[i] & mask) != 0) << i;
    return bits;
}
INLINE uint16_t *list_append(uint16_t *end, uint32_t bits, int base)
{
    for (; bits != 0; bits &= bits - 1)
        *end++ = (uint16_t)(base + __builtin_ctz(bits));
    return end;
}
#endif
