/* avx2.c: AVX2 with FMA: Intel Haswell and later, AMD Zen 1 and later.
 *
 * 16 registers of 32 bytes. The tile keeps 6 x 2 accumulators, 2 vectors of B and 1 element of A: 15 registers. */
#define ISA avx2
#define ISA_FEATURES NNF_CPU_AVX2_FMA
#define VECTOR_BYTES 32
#define TILE_ROWS 6
#define TILE_VECTORS 2

#define V_NATIVE
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
#endif

#include "kernels/instantiate.inc.h"
