/* cpu.h: what this processor can do and how many cores this process may use. Compiled without ISA flags. */
#ifndef NNF_BASE_CPU_H
#define NNF_BASE_CPU_H

#include <stdint.h>

enum nnf_cpu_feature {
    NNF_CPU_AVX2_FMA = 1 << 0, /* AVX2 and FMA, usable: the operating system saves the registers */
    NNF_CPU_AVX512 = 1 << 1,   /* AVX-512 F, DQ, BW, VL, usable */
    NNF_CPU_NEON = 1 << 2,
};

/* A set of nnf_cpu_feature bits. */
uint32_t nnf_cpu_get_features(void);

/* Cores this process may use: the least of the affinity mask and the cgroup quota (v1 and v2, every level
 * up to the root, quotas rounded up), at least 1. */
int nnf_cpu_count_usable_cores(void);

#endif
