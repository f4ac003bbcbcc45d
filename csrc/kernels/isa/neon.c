/* neon.c: Advanced SIMD of 64-bit ARM: every ARMv8-A core, Apple M, AWS Graviton, Ampere.
 *
 * 32 registers of 16 bytes. The tile keeps 6 x 4 accumulators, 4 vectors of B and 1 element of A: 29 registers.
 * The portable comparisons and selects compile to one instruction each here. */
#define ISA neon
#define ISA_FEATURES NNF_CPU_NEON
#define VECTOR_BYTES 16
#define TILE_ROWS 6
#define TILE_VECTORS 4

#define V_NATIVE
#if REAL_BITS == 32
#define V_NATIVE_LOOKUP /* sixteen doubles do not fit into four registers */
#endif
#include "kernels/simd.inc.h"

#include <arm_neon.h>

#if REAL_BITS == 32
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
INLINE vec v_sqrt(vec x) { return (vec)vsqrtq_f32((float32x4_t)x); }
INLINE vec v_choose(ivec mask, vec yes, vec no) { return (vec)vbslq_f32((uint32x4_t)mask, (float32x4_t)yes, (float32x4_t)no); }
/* Four bytes an element: those of the place times 4. */
INLINE vec v_lookup(const real table[16], ivec place)
{
    const uint32x4_t first = vandq_u32((uint32x4_t)place, vdupq_n_u32(15));
    const uint32x4_t bytes = vmlaq_u32(vdupq_n_u32(0x03020100), first, vdupq_n_u32(0x04040404));
    return (vec)vqtbl4q_u8(vld1q_u8_x4((const uint8_t *)table), (uint8x16_t)bytes);
}
#else
INLINE vec v_fma(vec a, vec b, vec c) { return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
INLINE vec v_sqrt(vec x) { return (vec)vsqrtq_f64((float64x2_t)x); }
INLINE vec v_choose(ivec mask, vec yes, vec no) { return (vec)vbslq_f64((uint64x2_t)mask, (float64x2_t)yes, (float64x2_t)no); }
#endif
INLINE vec v_select_below(vec a, vec b, vec yes, vec no) { return v_choose(a < b, yes, no); }
INLINE vec v_select_equal(vec a, vec b, vec yes, vec no) { return v_choose(a == b, yes, no); }

#include "kernels/instantiate.inc.h"
