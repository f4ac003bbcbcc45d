/* test_panels.c: the parts of a matrix's panels follow each other, cover all, and are as even as whole panels allow. */
#include "check.h"
#include "kernels/tables.h"
#include "ops/panels.h"

enum { MOST_PARTS = 16, MOST_COLUMNS = 1100 };

static void test_share(const nnf_kernels *table)
{
    for (ptrdiff_t columns = 1; columns <= MOST_COLUMNS; columns++) {
        const nnf_panels panels = nnf_panels_plan(table, 3, columns);
        for (int size = 1; size <= MOST_PARTS; size++) {
            ptrdiff_t covered = 0, n_columns = 0;
            check_set_context("%s f%zu: %td columns, %d parts", table->isa, 8 * nnf_dtype_size(table->dtype), columns, size);
            for (int i = 0; i < size; i++) {
                const nnf_panel_range range = nnf_panels_share(&panels, i, size);
                const ptrdiff_t n = nnf_panels_count_columns(&panels, range);
                CHECK(range.begin == covered && range.end >= range.begin);
                /* Half a panel too much at either end, and the padding of the last. */
                CHECK(n * size <= columns + (panels.width + table->vector_length) * size);
                covered = range.end;
                n_columns += n;
            }
            CHECK(covered == panels.count && n_columns == columns);
        }
    }
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table))
            test_share(*table);
}

int main(void)
{
    tables_run(test_tables);
    return check_finish();
}
