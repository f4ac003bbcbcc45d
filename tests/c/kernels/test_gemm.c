/* test_gemm.c: every element is the chain that kernels.h writes down, bit for bit, for every shape and layout, cut in pieces
 * or with summands left out. */
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
    bool has_start_rows; /* one for each row of C, else the same for all */
    ptrdiff_t gap;       /* of the rows of B, C and START, beyond the room they must have */
} product;

enum { A, B, C, START, INDEX, N_MATRICES };
static guard_pages memory[N_MATRICES];

static double get(const nnf_kernels *table, const void *array, ptrdiff_t i) { return real_get(table->dtype, array, i); }

static double chain(const nnf_kernels *table, const nnf_gemm *gemm, ptrdiff_t i, ptrdiff_t j)
{
    const void *start = gemm->start;
    double sum = start == NULL ? 0 : get(table, start, i * gemm->start_stride + j);
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
    gemm.start_stride = p->has_start_rows ? stride + 1 : 0;
    gemm.start = p->has_start ? place(table, START, p, p->m == 0 ? room : (p->m - 1) * gemm.start_stride + room) : NULL;
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
    check_set_context("%s f%zu m %td n %td k %td layout %d start %d by rows %d gap %td", table->isa, 8 * size, p->m, p->n, p->k,
                      p->a_layout, p->has_start, p->has_start_rows, p->gap);
    CHECK(is_right);
    CHECK(is_gap_kept);
    free(before);
}

/* Two tiles of the most rows there are, and three more. */
enum { MOST_ROWS = 27 };

static void test_shapes(const nnf_kernels *table)
{
    static const ptrdiff_t sums[] = {0, 1, 2, 19};
    for (ptrdiff_t n = 1; n <= table->panel_width && n <= MAX_SIZE; n++)
        for (ptrdiff_t m = 0; m <= MOST_ROWS; m++)
            for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
                for (int variant = 0; variant < 2 * N_LAYOUTS; variant++) {
                    const product p = {.m = m,
                                       .n = n,
                                       .k = sums[s],
                                       .a_layout = (layout)(variant % N_LAYOUTS),
                                       .has_start = variant % 2,
                                       .has_start_rows = m % 2,
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

/* ---- chains taken up again ---- */

static void set_closed_chains(const nnf_kernels *table, const nnf_gemm *gemm, double *expected)
{
    for (ptrdiff_t i = 0; i < gemm->m; i++)
        for (ptrdiff_t j = 0; j < gemm->n; j++)
            expected[i * gemm->n + j] = chain(table, gemm, i, j);
}

static bool is_as_expected(const nnf_kernels *table, const nnf_gemm *gemm, const double *expected)
{
    bool is_right = true;
    for (ptrdiff_t i = 0; i < gemm->m; i++)
        for (ptrdiff_t j = 0; j < gemm->n; j++)
            is_right &= is_same_number(get(table, gemm->c, i * gemm->c_stride + j), expected[i * gemm->n + j]);
    return is_right;
}

/* The first "cut" summands, then the rest with start = C. */
static void test_cut(const nnf_kernels *table, const product *p, ptrdiff_t cut)
{
    double expected[MOST_ROWS * MAX_SIZE];
    const nnf_gemm whole = make_gemm(table, p);
    set_closed_chains(table, &whole, expected);
    const ptrdiff_t size = (ptrdiff_t)nnf_dtype_size(table->dtype);
    nnf_gemm first = whole, rest = whole;
    first.k = cut;
    rest.k = p->k - cut;
    rest.a = (const char *)whole.a + cut * whole.a_k_stride * size;
    rest.b = (const char *)whole.b + cut * whole.b_stride * size;
    rest.start = whole.c;
    rest.start_stride = whole.c_stride;
    table->gemm(&first);
    table->gemm(&rest);
    check_set_context("%s f%td m %td n %td k %td cut at %td", table->isa, 8 * size, p->m, p->n, p->k, cut);
    CHECK(is_as_expected(table, &whole, expected));
}

static void test_cuts(const nnf_kernels *table)
{
    for (ptrdiff_t n = 1; n <= table->panel_width && n <= MAX_SIZE; n++)
        for (ptrdiff_t m = 1; m <= MOST_ROWS; m += 1 + n % 2)
            for (ptrdiff_t cut = 0; cut <= 9; cut += 3)
                test_cut(table, &(product){m, n, 9, (layout)(m % N_LAYOUTS), n % 3 != 0, m % 2, cut % 2, n % 4}, cut);
}

/* ---- summands left out ---- */

/* Which are listed: every one, none, some at the borders, or a scatter. */
static bool is_listed(int pattern, ptrdiff_t p, ptrdiff_t k)
{
    const bool answers[] = {true, false, p == 0, p == k - 1, p * 7 % 5 < 2};
    return answers[pattern];
}

static void set_zeros(const nnf_kernels *table, const nnf_gemm *gemm, int pattern)
{
    for (ptrdiff_t p = 0; p < gemm->k; p++)
        for (ptrdiff_t i = 0; i < gemm->m && !is_listed(pattern, p, gemm->k); i++)
            real_set(table->dtype, (void *)(uintptr_t)gemm->a, i * gemm->a_row_stride + p * gemm->a_k_stride, (i + p) % 2 ? 0.0 : -0.0);
}

static void test_index(const nnf_kernels *table, const product *p, int pattern)
{
    double expected[MOST_ROWS * MAX_SIZE];
    nnf_gemm gemm = make_gemm(table, p);
    set_zeros(table, &gemm, pattern);
    set_closed_chains(table, &gemm, expected);
    ptrdiff_t n_listed = 0;
    for (ptrdiff_t i = 0; i < p->k; i++)
        n_listed += is_listed(pattern, i, p->k);
    uint16_t *index = guard_pages_place(&memory[INDEX], (size_t)n_listed * sizeof *index, p->at_end);
    for (ptrdiff_t i = 0, at = 0; i < p->k; i++)
        if (is_listed(pattern, i, p->k))
            index[at++] = (uint16_t)i;
    gemm.k = n_listed;
    gemm.index = index;
    table->gemm(&gemm);
    check_set_context("%s f%zu m %td n %td k %td, pattern %d", table->isa, 8 * nnf_dtype_size(table->dtype), p->m, p->n, p->k, pattern);
    CHECK(is_as_expected(table, &gemm, expected));
}

static void test_indices(const nnf_kernels *table)
{
    for (ptrdiff_t n = 1; n <= table->panel_width && n <= MAX_SIZE; n++)
        for (ptrdiff_t m = 0; m <= table->tile_rows; m++)
            for (int pattern = 0; pattern < 5; pattern++) {
                const layout a_layout = pattern % 2 ? BY_ROWS : BY_COLUMNS;
                test_index(table, &(product){m, n, 23, a_layout, m % 3 != 0, n % 2, m % 2, n % 4}, pattern);
                test_index(table, &(product){m, n, 23, a_layout, m % 3 == 0, m % 2, n % 2, 0}, pattern);
            }
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table)) {
            CHECK((*table)->panel_width % (*table)->vector_length == 0);
            test_shapes(*table);
            test_sizes(*table);
            test_cuts(*table);
            test_indices(*table);
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
