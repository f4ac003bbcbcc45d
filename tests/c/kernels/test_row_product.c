/* test_row_product.c: every element is the chain that kernels.h writes down, bit for bit, for any number of panels, and no memory
 * beyond what the contract names is touched. */
#include "check.h"
#include "guard_pages.h"
#include "kernels/tables.h"

#include <math.h>

typedef struct product {
    ptrdiff_t n, k;
    ptrdiff_t gap; /* between panels */
    bool at_end;
} product;

enum { A, B, START, C, N_ARRAYS };
static guard_pages memory[N_ARRAYS];

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t step) { return (n + step - 1) / step * step; }

static void *place(const nnf_kernels *table, int array, ptrdiff_t n_elements, bool at_end)
{
    void *data = guard_pages_place(&memory[array], (size_t)n_elements * nnf_dtype_size(table->dtype), at_end);
    real_fill(table->dtype, data, n_elements, (uint64_t)(array + 1), -1, 1);
    for (ptrdiff_t i = 0; i < n_elements; i += 5)
        real_set(table->dtype, data, i, i % 2 ? 0.0 : -0.0); /* zeros of both signs meet */
    return data;
}

static double chain(const nnf_kernels *table, const nnf_row_product *row, ptrdiff_t j)
{
    const ptrdiff_t panel = j / table->panel_width, left = round_up(row->n - panel * table->panel_width, table->vector_length);
    const ptrdiff_t width = left < table->panel_width ? left : table->panel_width;
    const ptrdiff_t first = panel * row->b_panel_stride + j % table->panel_width;
    double sum = real_get(table->dtype, row->start, j);
    for (ptrdiff_t p = 0; p < row->k; p++) {
        const double a = real_get(table->dtype, row->a, p), b = real_get(table->dtype, row->b, first + p * width);
        sum = table->dtype == NNF_F32 ? (double)fmaf((float)a, (float)b, (float)sum) : fma(a, b, sum);
    }
    return sum + 0.0;
}

static void test_product(const nnf_kernels *table, const product *p)
{
    const ptrdiff_t room = round_up(p->n, table->vector_length), n_gaps = (p->n - 1) / table->panel_width;
    const nnf_row_product row = {
        .n = p->n,
        .k = p->k,
        .a = place(table, A, p->k, p->at_end),
        .b = place(table, B, room * p->k + n_gaps * p->gap, p->at_end),
        .b_panel_stride = table->panel_width * p->k + p->gap,
        .start = place(table, START, room, p->at_end),
        .c = place(table, C, room, p->at_end),
    };
    table->row_product(&row);
    bool is_right = true;
    for (ptrdiff_t j = 0; j < p->n; j++) {
        const double expected = chain(table, &row, j), got = real_get(table->dtype, row.c, j);
        is_right &= got == expected && signbit(got) == signbit(expected);
    }
    check_set_context("%s f%zu n %td k %td gap %td at end %d", table->isa, 8 * nnf_dtype_size(table->dtype), p->n, p->k, p->gap, p->at_end);
    CHECK(is_right);
}

/* Every number of columns up to more panels than are taken together, twice. */
static void test_table(const nnf_kernels *table)
{
    static const ptrdiff_t sums[] = {0, 1, 2, 19, MAX_SIZE};
    for (ptrdiff_t n = 1; n <= 20 * table->vector_length + 3; n++)
        for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
            for (int variant = 0; variant < 4; variant++)
                test_product(table, &(product){.n = n, .k = sums[s], .gap = variant / 2 * 3, .at_end = variant % 2});
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table))
            test_table(*table);
}

int main(void)
{
    for (int i = 0; i < N_ARRAYS; i++)
        if (!CHECK(guard_pages_create(&memory[i], MAX_ARRAY_BYTES)))
            return check_finish();
    tables_run(test_tables);
    return check_finish();
}
