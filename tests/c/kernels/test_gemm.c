/* test_gemm.c: every element is the chain that kernels.h writes down, bit for bit, for every shape and layout. */
#include "check.h"
#include "guard_pages.h"
#include "kernels/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum layout { BY_ROWS, BY_COLUMNS, ALL_ONES, N_LAYOUTS } layout;

typedef struct product {
    ptrdiff_t m, n, k;
    layout a_layout;
    bool has_start, at_end;
    ptrdiff_t gap; /* of the rows of B and C, beyond the room they must have */
} product;

enum { A, B, C, START, N_MATRICES };
static guard_pages memory[N_MATRICES];

static double get(const nnf_kernels *table, const void *array, ptrdiff_t i) { return real_get(table->dtype, array, i); }

static double chain(const nnf_kernels *table, const nnf_gemm *gemm, ptrdiff_t i, ptrdiff_t j)
{
    const void *start = gemm->start;
    double sum = start == NULL ? 0 : get(table, start, j);
    for (ptrdiff_t p = 0; p < gemm->k; p++) {
        const double a = get(table, gemm->a, i * gemm->a_row_stride + p * gemm->a_k_stride);
        const double b = get(table, gemm->b, p * gemm->b_stride + j);
        sum = table->dtype == NNF_F32 ? (double)fmaf((float)a, (float)b, (float)sum) : fma(a, b, sum);
    }
    return sum + 0.0;
}

/* rows x columns reals between guards; the last row has room for round_up(columns, vector_length) only. */
static void *place(const nnf_kernels *table, int matrix, const product *p, ptrdiff_t n_elements)
{
    void *data = guard_pages_place(&memory[matrix], (size_t)n_elements * nnf_dtype_size(table->dtype), p->at_end);
    real_fill(table->dtype, data, n_elements, (uint64_t)(matrix + 1), -1, 1);
    for (ptrdiff_t i = 0; i < n_elements; i += 5)
        real_set(table->dtype, data, i, i % 2 ? 0.0 : -0.0); /* zeros of both signs meet */
    return data;
}

static nnf_gemm make_gemm(const nnf_kernels *table, const product *p)
{
    const ptrdiff_t length = table->vector_length, room = (p->n + length - 1) / length * length, stride = room + p->gap;
    nnf_gemm gemm = {.m = p->m, .n = p->n, .k = p->k, .b_stride = stride, .c_stride = stride};
    gemm.a_row_stride = p->a_layout == BY_ROWS ? p->k : p->a_layout == BY_COLUMNS ? 1 : 0;
    gemm.a_k_stride = p->a_layout == BY_ROWS ? 1 : p->a_layout == BY_COLUMNS ? p->m : 0;
    gemm.a = p->a_layout == ALL_ONES ? table->one : place(table, A, p, p->m * p->k);
    gemm.b = place(table, B, p, p->k == 0 ? 0 : (p->k - 1) * stride + room);
    gemm.c = place(table, C, p, p->m == 0 ? 0 : (p->m - 1) * stride + room);
    gemm.start = p->has_start ? place(table, START, p, room) : NULL;
    return gemm;
}

static bool is_same_number(double a, double b) { return a == b && signbit(a) == signbit(b); }

static void test_product(const nnf_kernels *table, const product *p)
{
    const nnf_gemm gemm = make_gemm(table, p);
    const size_t size = nnf_dtype_size(table->dtype);
    const ptrdiff_t room = gemm.c_stride - p->gap;
    const ptrdiff_t n_elements = p->m == 0 ? 0 : (p->m - 1) * gemm.c_stride + room;
    unsigned char *before = malloc((size_t)n_elements * size + 1);
    memcpy(before, gemm.c, (size_t)n_elements * size);
    table->gemm(&gemm);
    bool is_right = true, is_gap_kept = true;
    for (ptrdiff_t i = 0; i < p->m; i++) {
        for (ptrdiff_t j = 0; j < p->n; j++)
            is_right &= is_same_number(get(table, gemm.c, i * gemm.c_stride + j), chain(table, &gemm, i, j));
        for (ptrdiff_t j = i * gemm.c_stride + room; j < (i + 1) * gemm.c_stride && j < n_elements; j++)
            is_gap_kept &= is_same_number(get(table, gemm.c, j), get(table, before, j));
    }
    check_set_context("%s f%zu m %td n %td k %td layout %d start %d gap %td", table->isa, 8 * size, p->m, p->n, p->k, p->a_layout,
                      p->has_start, p->gap);
    CHECK(is_right);
    CHECK(is_gap_kept);
    free(before);
}

static void test_shapes(const nnf_kernels *table)
{
    static const ptrdiff_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 13}, sums[] = {0, 1, 2, 19};
    for (ptrdiff_t n = 1; n <= table->panel_width && n <= MAX_SIZE; n++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
                for (int variant = 0; variant < 2 * N_LAYOUTS; variant++) {
                    const product p = {.m = rows[r],
                                       .n = n,
                                       .k = sums[s],
                                       .a_layout = (layout)(variant % N_LAYOUTS),
                                       .has_start = variant % 2,
                                       .at_end = (variant / 2 + n) % 2,
                                       .gap = variant / 3 * 5};
                    test_product(table, &p);
                }
}

/* m and k take every size too. */
static void test_sizes(const nnf_kernels *table)
{
    for (ptrdiff_t size = 0; size <= MAX_SIZE; size++) {
        const product by_rows = {.m = size, .n = table->panel_width, .k = 3, .at_end = true};
        const product by_sums = {.m = 2, .n = 1, .k = size, .a_layout = BY_COLUMNS, .has_start = true, .at_end = true};
        test_product(table, &by_rows);
        test_product(table, &by_sums);
    }
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table)) {
            CHECK((*table)->panel_width % (*table)->vector_length == 0);
            test_shapes(*table);
            test_sizes(*table);
        }
}

int main(void)
{
    for (int i = 0; i < N_MATRICES; i++)
        if (!CHECK(guard_pages_create(&memory[i], MAX_ARRAY_BYTES)))
            return check_finish();
    tables_run(test_tables);
    return check_finish();
}
