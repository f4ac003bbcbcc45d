/* float_state.h: the floating-point state of a thread: the core's own, and the caller's to be put back. */
#ifndef NNF_BASE_FLOAT_STATE_H
#define NNF_BASE_FLOAT_STATE_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* Control bits and the sticky exception flags. */
typedef struct nnf_float_state {
    uint64_t control, flags;
} nnf_float_state;

#if defined(__x86_64__)

static inline nnf_float_state nnf_float_state_get(void) { return (nnf_float_state){_mm_getcsr(), 0}; }

static inline void nnf_float_state_set(nnf_float_state state) { _mm_setcsr((unsigned)state.control); }

/* MXCSR: flush results (bit 15) and operands (bit 6), exceptions masked (7 to 12), to nearest (13 and 14 clear). */
#define NNF_FLOAT_STATE_OF_CORE ((nnf_float_state){1u << 15 | 1u << 6 | 0x3fu << 7, 0})

#elif defined(__aarch64__)

static inline nnf_float_state nnf_float_state_get(void)
{
    nnf_float_state state;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(state.control), "=r"(state.flags));
    return state;
}

static inline void nnf_float_state_set(nnf_float_state state)
{
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(state.control), "r"(state.flags) : "memory");
}

/* FPCR: flush operands and results (bit 24); traps, default NaN and other roundings off. */
#define NNF_FLOAT_STATE_OF_CORE ((nnf_float_state){1u << 24, 0})

#else
#error "no known way to flush denormals on this processor"
#endif

/* The core's from here on; returns the caller's. */
static inline nnf_float_state nnf_float_state_enter(void)
{
    const nnf_float_state caller = nnf_float_state_get();
    nnf_float_state_set(NNF_FLOAT_STATE_OF_CORE);
    return caller;
}

#endif
