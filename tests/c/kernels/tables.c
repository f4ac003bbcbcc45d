/* tables.c: see tables.h. */
#include "kernels/tables.h"
#include "base/team.h"
#include "guard_pages.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static guard_pages memory[MAX_ARRAYS];

static void call_on_copies(const nnf_kernels *table, kernel_call call, const void *arguments, const arrays *all, bool at_end,
                           void *copy[MAX_ARRAYS])
{
    for (int i = 0; i < all->n; i++) {
        if (memory[i].begin == NULL && !guard_pages_create(&memory[i], MAX_ARRAY_BYTES))
            abort();
        copy[i] = guard_pages_place(&memory[i], all->size[i], at_end);
        memcpy(copy[i], all->data[i], all->size[i]);
    }
    call(table, copy, arguments);
}

/* A NaN is a NaN: which of two operands gives its sign is the compiler's choice. */
static bool is_same_real(nnf_dtype dtype, const void *a, const void *b, ptrdiff_t i)
{
    const size_t size = nnf_dtype_size(dtype), at = (size_t)i * size;
    return memcmp((const char *)a + at, (const char *)b + at, size) == 0 || (isnan(real_get(dtype, a, i)) && isnan(real_get(dtype, b, i)));
}

static bool is_same(nnf_dtype dtype, const arrays *all, void *const *a, void *const *b)
{
    for (int i = 0; i < all->n; i++) {
        if (memcmp(a[i], b[i], all->size[i]) == 0)
            continue;
        const ptrdiff_t n = (ptrdiff_t)(all->size[i] / nnf_dtype_size(dtype));
        for (ptrdiff_t j = 0; j < n; j++)
            if (!is_same_real(dtype, a[i], b[i], j))
                return false;
    }
    return true;
}

bool tables_agree(nnf_dtype dtype, kernel_call call, const void *arguments, arrays *all)
{
    void *first[MAX_ARRAYS] = {NULL};
    bool do_agree = true;
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        for (int at_end = 1; at_end >= 0; at_end--) {
            void *copy[MAX_ARRAYS];
            if ((*table)->dtype != dtype || !nnf_kernels_can_run(*table))
                continue;
            call_on_copies(*table, call, arguments, all, at_end, copy);
            for (int i = 0; i < all->n && first[all->n - 1] == NULL; i++) {
                first[i] = malloc(all->size[i] + 1);
                memcpy(first[i], copy[i], all->size[i]);
            }
            do_agree &= is_same(dtype, all, first, copy);
        }
    for (int i = 0; i < all->n; i++) {
        memcpy(all->data[i], first[i], all->size[i]);
        free(first[i]);
    }
    return do_agree;
}

int arrays_add(arrays *all, size_t size)
{
    all->size[all->n] = size;
    all->data[all->n] = calloc(1, size + 1);
    return all->n++;
}

void arrays_free(arrays *all)
{
    for (int i = 0; i < all->n; i++)
        free(all->data[i]);
    all->n = 0;
}

static void run_both(nnf_member *member, void *argument)
{
    void (*const *test)(nnf_dtype) = argument;
    (void)member;
    (*test)(NNF_F32);
    (*test)(NNF_F64);
}

void tables_run(void (*test)(nnf_dtype dtype)) { nnf_team_run(1, run_both, &test); }

double real_get(nnf_dtype dtype, const void *array, ptrdiff_t i)
{
    return dtype == NNF_F32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

void real_set(nnf_dtype dtype, void *array, ptrdiff_t i, double x)
{
    if (dtype == NNF_F32)
        ((float *)array)[i] = (float)x;
    else
        ((double *)array)[i] = x;
}

void real_fill(nnf_dtype dtype, void *array, ptrdiff_t n, uint64_t seed, double low, double high)
{
    double *x = malloc((size_t)(n + 1) * sizeof *x);
    nnf_random_uniform((nnf_random_stream){seed, 0, 0}, n, x);
    for (ptrdiff_t i = 0; i < n; i++)
        real_set(dtype, array, i, low + (high - low) * x[i]);
    free(x);
}

double real_error(nnf_dtype dtype, double got, long double expected)
{
    const int n_digits = dtype == NNF_F32 ? FLT_MANT_DIG : DBL_MANT_DIG;
    const long double smallest = dtype == NNF_F32 ? (long double)FLT_MIN : DBL_MIN;
    const long double largest = dtype == NNF_F32 ? (long double)FLT_MAX : DBL_MAX;
    if (isnan(got) || isnan(expected))
        return isnan(got) && isnan(expected) ? 0 : INFINITY;
    if (isinf(got) || isinf(expected) || fabsl(expected) > largest)
        return isinf(got) && fabsl(expected) > largest && (got > 0) == (expected > 0) ? 0 : INFINITY;
    if (fabsl(expected) <= smallest)
        return fabsl(got - expected) <= smallest ? 0 : INFINITY;
    return (double)(fabsl(got - expected) / ldexpl(1, ilogbl(expected) + 1 - n_digits));
}
