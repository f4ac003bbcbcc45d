/* avx512.c: AVX-512 F, DQ, BW, VL: Intel Skylake-X and later servers, Ice Lake and Tiger Lake; AMD Zen 4 and 5.
 *
 * 32 registers of 64 bytes. The tile keeps 6 x 4 accumulators, 4 vectors of B and 1 element of A: 29 registers. */
#define ISA avx512
#define ISA_FEATURES NNF_CPU_AVX512
#define VECTOR_BYTES 64
#define TILE_ROWS 6
#define TILE_VECTORS 4

#define V_NATIVE
#define V_NATIVE_PARTS
#define V_NATIVE_BOUNDS
#define V_NATIVE_BITS
#define V_NATIVE_LOOKUP
#define V_NATIVE_LISTS
#include "kernels/simd.inc.h"

#include <immintrin.h>

#if REAL_BITS == 32
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
INLINE vec v_sqrt(vec x) { return (vec)_mm512_sqrt_ps((__m512)x); }
INLINE vec v_select_below(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ), (__m512)no, (__m512)yes);
}
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ), (__m512)no, (__m512)yes);
}
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    return (vec)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1), p);
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x); }
/* The instructions give their second operand where either is NaN or both are 0. */
INLINE vec v_max(vec x, vec bound) { return (vec)_mm512_max_ps((__m512)bound, (__m512)x); }
INLINE vec v_min(vec x, vec bound) { return (vec)_mm512_min_ps((__m512)bound, (__m512)x); }
INLINE uint32_t v_nonzero(vec x) { return _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_NEQ_UQ); }
INLINE vec v_lookup(const real table[16], ivec place) { return (vec)_mm512_permutexvar_ps((__m512i)place, _mm512_loadu_ps(table)); }
#else
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
INLINE vec v_sqrt(vec x) { return (vec)_mm512_sqrt_pd((__m512d)x); }
INLINE vec v_select_below(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm512_mask_blend_pd(_mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ), (__m512d)no, (__m512d)yes);
}
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm512_mask_blend_pd(_mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_EQ_OQ), (__m512d)no, (__m512d)yes);
}
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    return (vec)_mm512_mask_loadu_pd(_mm512_set1_pd(fill), (__mmask8)((1u << n) - 1), p);
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)x); }
/* The instructions give their second operand where either is NaN or both are 0. */
INLINE vec v_max(vec x, vec bound) { return (vec)_mm512_max_pd((__m512d)bound, (__m512d)x); }
INLINE vec v_min(vec x, vec bound) { return (vec)_mm512_min_pd((__m512d)bound, (__m512d)x); }
INLINE uint32_t v_nonzero(vec x) { return _mm512_cmp_pd_mask((__m512d)x, _mm512_setzero_pd(), _CMP_NEQ_UQ); }
INLINE vec v_lookup(const real table[16], ivec place)
{
    return (vec)_mm512_permutex2var_pd(_mm512_loadu_pd(table), (__m512i)place, _mm512_loadu_pd(table + 8));
}
#endif

INLINE uint32_t words_with(const uint32_t *word, uint32_t mask)
{
    return _mm512_test_epi32_mask(_mm512_loadu_si512(word), _mm512_set1_epi32((int)mask));
}
/* Compressed in a register and stored whole: a compressing store is slow microcode on Zen 4. */
INLINE uint16_t *list_append(uint16_t *end, uint32_t bits, int base)
{
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i kept = _mm512_maskz_compress_epi32((__mmask16)bits, _mm512_add_epi32(places, _mm512_set1_epi32(base)));
    _mm256_storeu_si256((__m256i *)end, _mm512_cvtepi32_epi16(kept));
    return end + __builtin_popcount(bits);
}

#include "kernels/instantiate.inc.h"
