/* dispatch.c: which table of kernels this process uses. Compiled without ISA flags. */
#include "base/cpu.h"
#include "kernels/isa_list.h" /* written by the build: one row an ISA, best first */
#include "kernels/kernels.h"
#include <string.h>

#define NNF_ROW(isa) extern const nnf_kernels nnf_kernels_##isa##_f32, nnf_kernels_##isa##_f64;
NNF_ISA_LIST(NNF_ROW)
#undef NNF_ROW

const nnf_kernels *const nnf_kernel_tables[] = {
#define NNF_ROW(isa) &nnf_kernels_##isa##_f32, &nnf_kernels_##isa##_f64,
    NNF_ISA_LIST(NNF_ROW)
#undef NNF_ROW
        NULL,
};

bool nnf_kernels_can_run(const nnf_kernels *table) { return (table->cpu_features & ~nnf_cpu_get_features()) == 0; }

const nnf_kernels *nnf_kernels_get(nnf_dtype dtype, const char *isa)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table; table++)
        if ((*table)->dtype == dtype && (!isa || strcmp((*table)->isa, isa) == 0) && nnf_kernels_can_run(*table))
            return *table;
    return NULL;
}
