/* core.c: the process: which kernels, how many threads. */
#include "api/core.h"
#include "base/cpu.h"
#include "base/pool.h"
#include "base/team.h"
#include "nnfast.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The tables in use, by dtype. */
static _Atomic(const nnf_kernels *) current[NNF_N_COMPUTE_DTYPES];

const nnf_kernels *nnf_core_get_kernels(nnf_dtype dtype) { return atomic_load(&current[dtype]); }

static bool is_known(const char *isa)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table; table++)
        if (strcmp((*table)->isa, isa) == 0)
            return true;
    return false;
}

nnf_status nnf_core_set_isa(const char *isa)
{
    if (isa && !is_known(isa))
        return NNF_STATUS_UNKNOWN_ISA;
    for (int dtype = 0; dtype < NNF_N_COMPUTE_DTYPES; dtype++) {
        const nnf_kernels *table = nnf_kernels_get((nnf_dtype)dtype, isa);
        if (!table)
            return NNF_STATUS_UNSUPPORTED_ISA;
        atomic_store(&current[dtype], table);
    }
    return NNF_STATUS_OK;
}

nnf_status nnf_core_start(void)
{
    const char *isa = getenv("NNFAST_ISA");
    return nnf_core_set_isa(isa && *isa ? isa : NULL);
}

const char *nnf_core_get_isa(void) { return nnf_core_get_kernels(NNF_F32)->isa; }

const char *nnf_core_get_runnable_isa(int i)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table; table++)
        if ((*table)->dtype == NNF_F32 && nnf_kernels_can_run(*table) && i-- == 0)
            return (*table)->isa;
    return NULL;
}

int nnf_core_get_threads(void) { return nnf_team_get_threads(); }
void nnf_core_set_threads(int n_threads) { nnf_team_set_threads(n_threads); }
int nnf_core_limit_threads(int n_threads) { return nnf_team_limit_threads(n_threads); }
int nnf_core_count_usable_cores(void) { return nnf_cpu_count_usable_cores(); }
bool nnf_core_take_shortage(int *n_wanted, int *n_had) { return nnf_pool_take_shortage(n_wanted, n_had); }
unsigned nnf_core_count_forks(void) { return nnf_pool_count_forks(); }
