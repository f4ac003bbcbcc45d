/* test_probe.c: the probes do their work: as many multiply-adds as asked for, and no read beyond the end. */
#include "check.h"
#include "kernels/tables.h"

/* Half of it plus 1, again and again, brings any number to 2. */
static void test_multiply_adds(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table)) {
            const int n = (*table)->probe_chains;
            CHECK(n >= 10);
            CHECK((*table)->probe_multiply_adds(0, 0.5, 1) == n * (n - 1) / 2);
            CHECK((*table)->probe_multiply_adds(1, 0.5, 1) == n * (n - 1) / 4.0 + n);
            CHECK((*table)->probe_multiply_adds(100, 0.5, 1) == 2 * n);
        }
}

static void call_read(const nnf_kernels *table, void *const *data, const void *arguments)
{
    table->probe_read(*(const ptrdiff_t *)arguments, data[0]);
}

static void test_read(nnf_dtype dtype)
{
    for (ptrdiff_t n = 0; n <= 3000; n += 37) {
        arrays all = {0};
        real_fill(dtype, all.data[arrays_add(&all, (size_t)n * nnf_dtype_size(dtype))], n, 1, -1, 1);
        CHECK(tables_agree(dtype, call_read, &n, &all));
        arrays_free(&all);
    }
}

int main(void)
{
    tables_run(test_multiply_adds);
    tables_run(test_read);
    return check_finish();
}
