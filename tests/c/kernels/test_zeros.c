/* test_zeros.c: marks of what is not 0 and the lists made of them, element by element against their definition. Arrays have
 * exactly the room that kernels.h asks for and lie beside guard pages. */
#include "check.h"
#include "guard_pages.h"
#include "kernels/tables.h"

#include <math.h>
#include <string.h>

enum { X, MARKS, LIST, N_ARRAYS, MAX_ROWS = 70, MAX_WORDS = 5, UNTOUCHED = 0x5a };
static guard_pages memory[N_ARRAYS];

static ptrdiff_t count_words(ptrdiff_t n_columns) { return (n_columns + NNF_MARK_COLUMNS - 1) / NNF_MARK_COLUMNS; }

static void *place(int array, size_t size, bool at_end) { return memset(guard_pages_place(&memory[array], size, at_end), UNTOUCHED, size); }

/* ---- marks ---- */

typedef struct mark_case {
    nnf_shape shape;
    ptrdiff_t x_gap, marks_gap;
    bool at_end;
} mark_case;

/* Zeros of both signs, NaN, infinity, the smallest normal number of either sign, and ordinary numbers. */
static double make_element(nnf_dtype dtype, ptrdiff_t i)
{
    const double least = dtype == NNF_F32 ? 0x1p-126 : 0x1p-1022;
    const double some[] = {0, -0.0, NAN, 0, -0.0, 1, INFINITY, 0, 0, -least, -0.0, least, 0, -NAN, -3};
    return some[(i * 7 + i / 11) % 15];
}

static bool is_marked_right(const mark_case *c, const void *x, nnf_dtype dtype, const uint32_t *marks, ptrdiff_t stride)
{
    bool is_right = true;
    for (ptrdiff_t w = 0; w < count_words(c->shape.columns); w++)
        for (ptrdiff_t i = 0; i < stride && (w < count_words(c->shape.columns) - 1 || i < c->shape.rows); i++) {
            uint32_t expected = 0;
            for (ptrdiff_t j = 0; j < NNF_MARK_COLUMNS && i < c->shape.rows && NNF_MARK_COLUMNS * w + j < c->shape.columns; j++) {
                const double element = real_get(dtype, x, i * (c->shape.columns + c->x_gap) + NNF_MARK_COLUMNS * w + j);
                expected |= (uint32_t)(isnan(element) || fabs(element) > 0) << j;
            }
            is_right &= marks[w * stride + i] == (i < c->shape.rows ? expected : UNTOUCHED * 0x01010101u);
        }
    return is_right;
}

static void test_mark(const nnf_kernels *table, const mark_case *c)
{
    const ptrdiff_t x_stride = c->shape.columns + c->x_gap, stride = c->shape.rows + c->marks_gap;
    const ptrdiff_t n_elements = (c->shape.rows - 1) * x_stride + c->shape.columns;
    const ptrdiff_t n_marks = (count_words(c->shape.columns) - 1) * stride + c->shape.rows;
    void *x = place(X, (size_t)n_elements * nnf_dtype_size(table->dtype), c->at_end);
    uint32_t *marks = place(MARKS, (size_t)n_marks * sizeof *marks, c->at_end);
    for (ptrdiff_t i = 0; i < n_elements; i++)
        real_set(table->dtype, x, i, i % x_stride < c->shape.columns ? make_element(table->dtype, i) : 1);
    table->mark(c->shape, (nnf_rows){x, x_stride}, marks, stride);
    check_set_context("%s f%zu %td x %td", table->isa, 8 * nnf_dtype_size(table->dtype), c->shape.rows, c->shape.columns);
    CHECK(is_marked_right(c, x, table->dtype, marks, stride));
}

static void test_marks(const nnf_kernels *table)
{
    for (ptrdiff_t columns = 1; columns <= 2 * MAX_SIZE; columns++)
        for (int variant = 0; variant < 6; variant++)
            test_mark(table, &(mark_case){{1 + variant % 3 * 8, columns}, variant % 2 * 5, variant / 3 * 3, variant % 2});
}

/* ---- lists ---- */

/* Marks of which none, few, half, many or all are set. */
enum { N_DENSITIES = 5, MAX_MARKS = MAX_WORDS * (MAX_ROWS + 3) };
static uint32_t drawn[N_DENSITIES][MAX_MARKS];

static void draw_marks(void)
{
    nnf_random_stream stream = {91, 0, 0};
    for (ptrdiff_t i = 0; i < MAX_MARKS; i++) {
        uint32_t bits[NNF_RANDOM_GROUP];
        nnf_random_get_group(stream, (uint64_t)i, bits);
        const uint32_t some[] = {0, bits[0] & bits[1] & bits[2] & bits[3], bits[0], bits[0] | bits[1] | bits[2], UINT32_MAX};
        for (int density = 0; density < N_DENSITIES; density++)
            drawn[density][i] = some[density];
    }
}

static uint32_t *place_marks(ptrdiff_t room, ptrdiff_t n, int density, bool at_end)
{
    uint32_t *marks = place(MARKS, (size_t)room * sizeof *marks, at_end);
    return memcpy(marks, drawn[density], (size_t)n * sizeof *marks);
}

/* A list with room for what kernels.h promises at most, which ends where a guard begins. */
static void check_list(const uint16_t *expected, ptrdiff_t n_expected, const uint16_t *list, ptrdiff_t n)
{
    CHECK(n == n_expected);
    CHECK(n != n_expected || memcmp(list, expected, (size_t)n * sizeof *list) == 0);
}

static void test_list_columns(const nnf_kernels *table, ptrdiff_t n_rows, ptrdiff_t n_words, int density, bool at_end)
{
    const ptrdiff_t stride = n_rows + density % 2 * 3, n_marks = (n_words - 1) * stride + n_rows;
    uint16_t expected[MAX_WORDS * NNF_MARK_COLUMNS];
    ptrdiff_t n_expected = 0;
    const uint32_t *marks = place_marks(n_marks, n_marks, density, at_end);
    for (ptrdiff_t w = 0; w < n_words; w++) {
        uint32_t any = 0;
        for (ptrdiff_t i = 0; i < n_rows; i++)
            any |= marks[w * stride + i];
        for (ptrdiff_t bit = 0; bit < NNF_MARK_COLUMNS; bit++)
            if (any >> bit & 1)
                expected[n_expected++] = (uint16_t)(NNF_MARK_COLUMNS * w + bit);
    }
    uint16_t *list = place(LIST, (size_t)(n_expected + NNF_LIST_ROOM) * sizeof *list, at_end);
    const ptrdiff_t n = table->list_columns(marks, stride, n_rows, n_words, list);
    check_set_context("%s columns of %td rows, %td words, density %d", table->isa, n_rows, n_words, density);
    check_list(expected, n_expected, list, n);
}

static void test_list_rows(const nnf_kernels *table, ptrdiff_t n_rows, uint32_t columns, int density, bool at_end)
{
    const ptrdiff_t room = (n_rows + 15) / 16 * 16;
    uint16_t expected[MAX_ROWS];
    ptrdiff_t n_expected = 0;
    const uint32_t *marks = place_marks(room, n_rows, density, at_end); /* the room beyond has marks of its own, which do not count */
    for (ptrdiff_t i = 0; i < n_rows; i++)
        if (marks[i] & columns)
            expected[n_expected++] = (uint16_t)i;
    uint16_t *list = place(LIST, (size_t)(n_expected + NNF_LIST_ROOM) * sizeof *list, at_end);
    const ptrdiff_t n = table->list_rows(marks, columns, n_rows, list);
    check_set_context("%s of %td rows those with %x, density %d", table->isa, n_rows, (unsigned)columns, density);
    check_list(expected, n_expected, list, n);
}

static void test_lists(const nnf_kernels *table)
{
    static const uint32_t columns[] = {0, 1, 0xf0, 0x80000000u, 0xf0000000u, UINT32_MAX};
    for (ptrdiff_t n_rows = 1; n_rows <= MAX_ROWS; n_rows++)
        for (int density = 0; density < N_DENSITIES; density++)
            for (int at_end = 0; at_end < 2; at_end++) {
                for (ptrdiff_t n_words = 1; n_words <= MAX_WORDS; n_words++)
                    test_list_columns(table, n_rows, n_words, density, at_end);
                for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
                    test_list_rows(table, n_rows, columns[c], density, at_end);
            }
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table)) {
            test_marks(*table);
            test_lists(*table);
        }
}

int main(void)
{
    for (int i = 0; i < N_ARRAYS; i++)
        if (!CHECK(guard_pages_create(&memory[i], MAX_ARRAY_BYTES)))
            return check_finish();
    draw_marks();
    tables_run(test_tables);
    return check_finish();
}
