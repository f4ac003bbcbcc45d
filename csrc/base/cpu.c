/* cpu.c: feature bits and usable cores. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/cpu.h"
#include "base/cgroup.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0: the registers that the operating system saves for us. */
static uint32_t read_saved_registers(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool has_all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

uint32_t nnf_cpu_get_features(void)
{
    enum { SAVES_AVX = 0x06, SAVES_AVX512 = 0xe6 };
    uint32_t eax, ebx, ecx, edx, features = 0;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !has_all(ecx, bit_OSXSAVE | bit_AVX | bit_FMA))
        return 0;
    const uint32_t saved = read_saved_registers();
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !has_all(ebx, bit_AVX2) || !has_all(saved, SAVES_AVX))
        return 0;
    features |= NNF_CPU_AVX2_FMA;
    if (has_all(ebx, bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL) && has_all(saved, SAVES_AVX512))
        features |= NNF_CPU_AVX512;
    return features;
}
#elif defined(__aarch64__)
uint32_t nnf_cpu_get_features(void) { return NNF_CPU_NEON; /* part of the architecture */ }
#else
uint32_t nnf_cpu_get_features(void) { return 0; }
#endif

#if defined(__linux__)
/* 0 if the mask cannot be had. It is asked for with more room until the kernel's own fits. */
static int count_cores_of_affinity(void)
{
    for (size_t n_cores = CPU_SETSIZE; n_cores <= 1 << 20; n_cores *= 2) {
        const size_t size = CPU_ALLOC_SIZE(n_cores);
        cpu_set_t *mask = CPU_ALLOC(n_cores);
        if (mask == NULL)
            return 0;
        const bool fits = sched_getaffinity(0, size, mask) == 0;
        const int n_usable = fits ? CPU_COUNT_S(size, mask) : 0;
        CPU_FREE(mask);
        if (fits)
            return n_usable;
    }
    return 0;
}
#else
static int count_cores_of_affinity(void) { return 0; }
#endif

int nnf_cpu_count_usable_cores(void)
{
    int n_cores = count_cores_of_affinity();
    if (n_cores < 1)
        n_cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    const int quota = nnf_cgroup_count_cores("");
    n_cores = quota < n_cores ? quota : n_cores;
    return n_cores < 1 ? 1 : n_cores;
}
