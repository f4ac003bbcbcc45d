/* avx2.c: AVX2 with FMA: Intel Haswell and later, AMD Zen 1 and later.
 *
 * 16 registers of 32 bytes. The tile keeps 6 x 2 accumulators, 2 vectors of B and 1 element of A: 15 registers. */
#define ISA avx2
#define ISA_FEATURES NNF_CPU_AVX2_FMA
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#define TILE_VECTORS 2

#define V_NATIVE
#define V_NATIVE_PARTS
#define V_NATIVE_BOUNDS
#define V_NATIVE_BITS
#if REAL_BITS == 32
#define V_NATIVE_LOOKUP /* doubles have no permutation for it */
#endif
#include "kernels/simd.inc.h"

#include <immintrin.h>

#if REAL_BITS == 32
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE vec v_sqrt(vec x) { return (vec)_mm256_sqrt_ps((__m256)x); }
INLINE vec v_select_below(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, _mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OQ));
}
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, _mm256_cmp_ps((__m256)a, (__m256)b, _CMP_EQ_OQ));
}
INLINE __m256i first_lanes(ptrdiff_t n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)); }
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    const __m256i mask = first_lanes(n);
    return (vec)_mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask), (__m256)mask);
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { _mm256_maskstore_ps(p, first_lanes(n), (__m256)x); }
/* The instructions give their second operand where either is NaN or both are 0. */
INLINE vec v_max(vec x, vec bound) { return (vec)_mm256_max_ps((__m256)bound, (__m256)x); }
INLINE vec v_min(vec x, vec bound) { return (vec)_mm256_min_ps((__m256)bound, (__m256)x); }
INLINE uint32_t v_nonzero(vec x) { return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_NEQ_UQ)); }
/* Bit 3 of the place, moved to the sign, chooses the half. */
INLINE vec v_lookup(const real table[16], ivec place)
{
    const __m256i i = (__m256i)place;
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), i), high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), i);
    return (vec)_mm256_blendv_ps(low, high, (__m256)_mm256_slli_epi32(i, 28));
}
#else
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
INLINE vec v_sqrt(vec x) { return (vec)_mm256_sqrt_pd((__m256d)x); }
INLINE vec v_select_below(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm256_blendv_pd((__m256d)no, (__m256d)yes, _mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_LT_OQ));
}
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no)
{
    return (vec)_mm256_blendv_pd((__m256d)no, (__m256d)yes, _mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_EQ_OQ));
}
INLINE __m256i first_lanes(ptrdiff_t n) { return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3)); }
INLINE vec v_load_part(const real *p, ptrdiff_t n, real fill)
{
    const __m256i mask = first_lanes(n);
    return (vec)_mm256_blendv_pd(_mm256_set1_pd(fill), _mm256_maskload_pd(p, mask), (__m256d)mask);
}
INLINE void v_store_part(real *p, ptrdiff_t n, vec x) { _mm256_maskstore_pd(p, first_lanes(n), (__m256d)x); }
/* The instructions give their second operand where either is NaN or both are 0. */
INLINE vec v_max(vec x, vec bound) { return (vec)_mm256_max_pd((__m256d)bound, (__m256d)x); }
INLINE vec v_min(vec x, vec bound) { return (vec)_mm256_min_pd((__m256d)bound, (__m256d)x); }
INLINE uint32_t v_nonzero(vec x) { return (uint32_t)_mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, _mm256_setzero_pd(), _CMP_NEQ_UQ)); }
#endif

#include "kernels/instantiate.inc.h"
