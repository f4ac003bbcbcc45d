/* avx512.c: AVX-512 F, DQ, BW, VL: Intel Skylake-X and later servers, Ice Lake and Tiger Lake; AMD Zen 4 and 5.
 *
 * 32 registers of 64 bytes. The tile keeps 6 x 4 accumulators, 4 vectors of B and 1 element of A: 29 registers. */
#define ISA avx512
#define ISA_FEATURES NNF_CPU_AVX512
#define VECTOR_BYTES 64
#define TILE_ROWS 6
#define TILE_VECTORS 4

#define V_NATIVE
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
#endif

#include "kernels/instantiate.inc.h"
