/* tables.h: one kernel call, tried on every table of a dtype that this CPU can run. */
#ifndef NNF_TESTS_TABLES_H
#define NNF_TESTS_TABLES_H

#include "kernels/kernels.h"
#include <stdbool.h>
#include <stddef.h>

enum { MAX_ARRAYS = 6, MAX_ARRAY_BYTES = 1 << 18, MAX_SIZE = 67 };

/* The arrays a call reads and writes. */
typedef struct arrays {
    int n;
    size_t size[MAX_ARRAYS]; /* bytes */
    void *data[MAX_ARRAYS];
} arrays;

typedef void (*kernel_call)(const nnf_kernels *table, void *const *data, const void *arguments);

/* Calls with copies of the arrays that end at a guard page, then with copies that begin after one, for each table. The
 * arrays then hold the result. False if any two results differ in one bit, but for the bits of NaNs. */
bool tables_agree(nnf_dtype dtype, kernel_call call, const void *arguments, arrays *all);

/* Adds an array of zeros; returns its number. */
int arrays_add(arrays *all, size_t size);
void arrays_free(arrays *all);

/* Runs test(dtype) for both dtypes in the core's floating-point state. */
void tables_run(void (*test)(nnf_dtype dtype));

/* Elements of a real array, as doubles. */
double real_get(nnf_dtype dtype, const void *array, ptrdiff_t i);
void real_set(nnf_dtype dtype, void *array, ptrdiff_t i, double x);
/* Numbers in (low, high) that depend on seed alone. */
void real_fill(nnf_dtype dtype, void *array, ptrdiff_t n, uint64_t seed, double low, double high);

/* |got - expected| in units of the last place that expected has in dtype. 0 where both are NaN, or the same infinity, or
 * both so small that they may have been flushed to 0. */
double real_error(nnf_dtype dtype, double got, long double expected);

#endif
