/* test_rows.c: gathering, class labels, dropout, rescaling, weighing, sums, transposes and the search for NaN: the same bits from every
 * table, and exactly the numbers that kernels.h writes down. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>
#include <string.h>

static double fma_of(nnf_dtype dtype, double x, double scale, double offset)
{
    return dtype == NNF_F32 ? (double)fmaf((float)x, (float)scale, (float)offset) : fma(x, scale, offset);
}

static double round_to(nnf_dtype dtype, double x) { return dtype == NNF_F32 ? (double)(float)x : x; }

/* ---- gathering ---- */

enum { N_SOURCE_ROWS = 9, N_ROWS = 5 };
static const uint32_t order[N_ROWS] = {8, 0, 3, 3, 7};

typedef struct gather_call {
    nnf_dtype source;
    ptrdiff_t columns, source_stride, stride;
    bool in_order;
} gather_call;

enum { SOURCE, DESTINATION };
static const double gather_scale = 1.0 / 255, gather_offset = -0.5;

static void call_gather(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const gather_call *call = arguments;
    const nnf_gather gather = {.shape = {N_ROWS, call->columns},
                               .source = data[SOURCE],
                               .source_stride = call->source_stride,
                               .order = call->in_order ? NULL : order,
                               .first = 4, /* the last row then is the source's last */
                               .destination = {data[DESTINATION], call->stride},
                               .scale = gather_scale,
                               .offset = gather_offset};
    table->gather[call->source](&gather);
}

static double source_get(const gather_call *call, const arrays *all, ptrdiff_t row, ptrdiff_t column)
{
    const unsigned char *start = (const unsigned char *)all->data[SOURCE] + row * call->source_stride;
    double x;
    float narrow;
    switch (call->source) {
    case NNF_U8:
        return start[column];
    case NNF_F32:
        memcpy(&narrow, start + 4 * column, sizeof narrow);
        return (double)narrow;
    default:
        memcpy(&x, start + 8 * column, sizeof x);
        return x;
    }
}

static void fill_source(const gather_call *call, void *source, ptrdiff_t n_bytes)
{
    const ptrdiff_t size = (ptrdiff_t)nnf_dtype_size(call->source);
    for (ptrdiff_t row = 0; row < N_SOURCE_ROWS && n_bytes > 0; row++) {
        unsigned char *start = (unsigned char *)source + row * call->source_stride;
        if (call->source != NNF_U8)
            real_fill(call->source, start, call->columns, (uint64_t)row, -300, 300);
        for (ptrdiff_t j = 0; j < call->columns && call->source == NNF_U8; j++)
            start[j * size] = (unsigned char)(row * 37 + j * 11);
    }
}

static void test_gather(nnf_dtype dtype, const gather_call *call)
{
    const size_t size = nnf_dtype_size(call->source);
    const size_t n_bytes = call->columns == 0 ? 0 : (size_t)((N_SOURCE_ROWS - 1) * call->source_stride) + (size_t)call->columns * size;
    arrays all = {0};
    arrays_add(&all, n_bytes);
    arrays_add(&all, call->columns == 0 ? 0 : (size_t)((N_ROWS - 1) * call->stride + call->columns) * nnf_dtype_size(dtype));
    fill_source(call, all.data[SOURCE], (ptrdiff_t)n_bytes);
    CHECK(tables_agree(dtype, call_gather, call, &all));
    bool is_right = true;
    for (ptrdiff_t i = 0; i < N_ROWS; i++)
        for (ptrdiff_t j = 0; j < call->stride && (i < N_ROWS - 1 || j < call->columns); j++) {
            const double x = j < call->columns ? source_get(call, &all, call->in_order ? 4 + i : order[i], j) : 0;
            const double expected = j < call->columns ? fma_of(dtype, x, gather_scale, gather_offset) : 0;
            is_right &= call->columns == 0 || real_get(dtype, all.data[DESTINATION], i * call->stride + j) == expected;
        }
    CHECK(is_right);
    arrays_free(&all);
}

static void test_gathers(nnf_dtype dtype, ptrdiff_t n)
{
    static const nnf_dtype sources[] = {NNF_F32, NNF_F64, NNF_U8};
    for (int s = 0; s < 3; s++)
        for (int variant = 0; variant < 4; variant++) {
            const ptrdiff_t size = (ptrdiff_t)nnf_dtype_size(sources[s]);
            const gather_call call = {sources[s], n, (n + variant % 2) * size, n + variant, variant / 2};
            check_set_context("f%zu gather from dtype %d, %td columns, variant %d", 8 * nnf_dtype_size(dtype), sources[s], n, variant);
            test_gather(dtype, &call);
        }
}

/* ---- gathering sparse rows ---- */

/* Rows that end before they begin, begin before the first element or end after the last, are read as far as there is something. */
static const int64_t borders[N_SOURCE_ROWS + 1] = {INT64_MIN, 2, 2, 5, 40, INT64_MAX, -3, 30, 11, 41};
enum { N_STORED = 40, VALUES = 0, INDPTR, INDICES, EXPANDED };

static void call_gather_csr(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const gather_call *call = arguments;
    const nnf_csr csr = {data[INDPTR], data[INDICES], N_STORED};
    table->gather_csr[call->source](&(nnf_gather){.shape = {N_ROWS, call->columns},
                                                  .source = data[VALUES],
                                                  .csr = &csr,
                                                  .order = call->in_order ? NULL : order,
                                                  .first = 4,
                                                  .destination = {data[EXPANDED], call->stride},
                                                  .scale = gather_scale,
                                                  .offset = gather_offset});
}

static int64_t clamp_border(int64_t border) { return border < 0 ? 0 : border > N_STORED ? N_STORED : border; }

/* What the row should hold in the column: the last element stored for it, or 0. */
static double stored_get(const gather_call *call, const arrays *all, ptrdiff_t row, ptrdiff_t column)
{
    const gather_call as_one_row = {.source = call->source};
    const int32_t *indices = all->data[INDICES];
    double x = 0;
    for (int64_t k = clamp_border(borders[row]); k < clamp_border(borders[row + 1]); k++)
        if (indices[k] == column)
            x = source_get(&as_one_row, all, 0, (ptrdiff_t)k);
    return x;
}

static void fill_stored(const gather_call *call, arrays *all)
{
    const gather_call as_one_row = {.source = call->source, .columns = N_STORED};
    int32_t *indices = all->data[INDICES];
    fill_source(&as_one_row, all->data[VALUES], 1);
    memcpy(all->data[INDPTR], borders, sizeof borders);
    for (int k = 0; k < N_STORED; k++)
        indices[k] = k % 7 == 3 ? INT32_MIN + k : k % 7 == 5 ? INT32_MAX - k : (int32_t)((k * 29 + 3) % (call->columns + 2)) - 1;
}

static void test_gather_csr(nnf_dtype dtype, const gather_call *call)
{
    arrays all = {0};
    arrays_add(&all, N_STORED * nnf_dtype_size(call->source));
    arrays_add(&all, sizeof borders);
    arrays_add(&all, N_STORED * sizeof(int32_t));
    arrays_add(&all, (size_t)((N_ROWS - 1) * call->stride + call->columns) * nnf_dtype_size(dtype));
    fill_stored(call, &all);
    CHECK(tables_agree(dtype, call_gather_csr, call, &all));
    bool is_right = true;
    for (ptrdiff_t i = 0; i < N_ROWS; i++)
        for (ptrdiff_t j = 0; j < call->stride && (i < N_ROWS - 1 || j < call->columns); j++) {
            const double x = j < call->columns ? stored_get(call, &all, call->in_order ? 4 + i : order[i], j) : 0;
            const double expected = j < call->columns ? fma_of(dtype, x, gather_scale, gather_offset) : 0;
            is_right &= real_get(dtype, all.data[EXPANDED], i * call->stride + j) == expected;
        }
    CHECK(is_right);
    arrays_free(&all);
}

static void test_gathers_csr(nnf_dtype dtype, ptrdiff_t n)
{
    static const nnf_dtype sources[] = {NNF_F32, NNF_F64, NNF_U8};
    for (int s = 0; s < 3; s++)
        for (int variant = 0; variant < 4; variant++) {
            const gather_call call = {.source = sources[s], .columns = n, .stride = n + variant, .in_order = variant / 2};
            check_set_context("f%zu sparse gather from dtype %d, %td columns, variant %d", 8 * nnf_dtype_size(dtype), sources[s], n,
                              variant);
            test_gather_csr(dtype, &call);
        }
}

/* ---- one-hot rows ---- */

typedef struct label_call {
    ptrdiff_t n_classes;
    bool in_order;
} label_call;

enum { LABELS, ROWS, RESULT };

static void call_one_hot(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const label_call *call = arguments;
    const nnf_shape shape = {N_ROWS, call->n_classes};
    const int64_t first_bad =
        table->one_hot(shape, data[LABELS], call->in_order ? NULL : order, 4, (nnf_rows){data[ROWS], call->n_classes + 2});
    memcpy(data[RESULT], &first_bad, sizeof first_bad);
}

/* Labels outside: -1 in row 3, n_classes in row 7. */
static void test_one_hot(nnf_dtype dtype, const label_call *call)
{
    const ptrdiff_t n = call->n_classes;
    int32_t label[N_SOURCE_ROWS];
    arrays all = {0};
    for (int i = 0; i < N_SOURCE_ROWS; i++)
        label[i] = i == 3 ? -1 : i == 7 || n == 0 ? (int32_t)n : (int32_t)(i * 5 % n);
    memcpy(all.data[arrays_add(&all, sizeof label)], label, sizeof label);
    arrays_add(&all, (size_t)((N_ROWS - 1) * (n + 2) + n) * nnf_dtype_size(dtype));
    arrays_add(&all, sizeof(int64_t));
    real_fill(dtype, all.data[ROWS], (N_ROWS - 1) * (n + 2) + n, 1, 2, 3);
    check_set_context("f%zu one_hot of %td classes", 8 * nnf_dtype_size(dtype), n);
    CHECK(tables_agree(dtype, call_one_hot, call, &all));
    int64_t first_bad = -1;
    for (ptrdiff_t i = N_ROWS - 1; i >= 0; i--) {
        const int32_t class = label[call->in_order ? 4 + i : (ptrdiff_t)order[i]];
        first_bad = class < 0 || class >= n ? i : first_bad;
        for (ptrdiff_t j = 0; j < n; j++)
            CHECK(real_get(dtype, all.data[ROWS], i * (n + 2) + j) == (j == class));
        for (ptrdiff_t j = n; j < n + 2 && i < N_ROWS - 1; j++)
            CHECK(real_get(dtype, all.data[ROWS], i * (n + 2) + j) >= 2);
    }
    CHECK(memcmp(all.data[RESULT], &first_bad, sizeof first_bad) == 0);
    arrays_free(&all);
}

/* ---- dropout and rescaling ---- */

typedef struct map_call {
    nnf_shape shape;
    ptrdiff_t stride;
    bool in_place;
    double a, b; /* rate; scale and offset */
    uint64_t first;
} map_call;

static const nnf_random_stream stream = {77, NNF_RANDOM_DROPOUT | 3 << 8, 5};

static void call_dropout(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const map_call *call = arguments;
    const nnf_rows factor = {data[2], call->stride};
    table->draw_dropout(call->shape, call->a, stream, call->first, factor);
    table->apply_dropout(call->shape, factor, (nnf_rows){data[0], call->stride}, (nnf_rows){data[call->in_place ? 0 : 1], call->stride});
}

static void call_rescale(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const map_call *call = arguments;
    table->rescale(call->shape, (nnf_rows){data[0], call->stride}, (nnf_rows){data[call->in_place ? 0 : 1], call->stride}, call->a,
                   call->b);
}

static double dropout_of(nnf_dtype dtype, const map_call *call, double x, uint64_t index)
{
    uint32_t bits[NNF_RANDOM_GROUP];
    nnf_random_get_group(stream, index / NNF_RANDOM_GROUP, bits);
    const bool is_kept = bits[index % NNF_RANDOM_GROUP] >= (uint32_t)(call->a * 0x1p32);
    return is_kept ? round_to(dtype, x * round_to(dtype, 1 / (1 - call->a))) : 0;
}

static void test_map(nnf_dtype dtype, const map_call *call, bool is_dropout)
{
    const ptrdiff_t n = call->shape.columns == 0 ? 0 : (call->shape.rows - 1) * call->stride + call->shape.columns;
    arrays before = {0}, after = {0};
    for (int i = 0; i < 6; i++) {
        arrays *all = i % 2 ? &before : &after;
        real_fill(dtype, all->data[arrays_add(all, (size_t)n * nnf_dtype_size(dtype))], n, (uint64_t)(i / 2), -5, 5);
    }
    CHECK(tables_agree(dtype, is_dropout ? call_dropout : call_rescale, call, &after));
    bool is_right = true;
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t row = i / call->stride, column = i % call->stride;
        const int out = call->in_place ? 0 : 1;
        double expected = real_get(dtype, before.data[out], i), x = real_get(dtype, before.data[0], i);
        if (column < call->shape.columns && is_dropout)
            expected = dropout_of(dtype, call, x, call->first + (uint64_t)(row * call->shape.columns + column));
        else if (column < call->shape.columns)
            expected = fma_of(dtype, x, call->a, call->b);
        is_right &= real_get(dtype, after.data[out], i) == expected;
    }
    CHECK(is_right);
    arrays_free(&before);
    arrays_free(&after);
}

static void test_maps(nnf_dtype dtype, ptrdiff_t n)
{
    static const double rates[] = {0, 0.1, 0.5, 0.999};
    for (int variant = 0; variant < 4; variant++) {
        map_call call = {{3, n}, n + 1 + variant, variant % 2, rates[variant], 0, (uint64_t)(variant * 61)};
        check_set_context("f%zu dropout of %td columns, rate %g", 8 * nnf_dtype_size(dtype), n, call.a);
        test_map(dtype, &call, true);
        call.a = 1.7, call.b = -0.3;
        check_set_context("f%zu rescale of %td columns", 8 * nnf_dtype_size(dtype), n);
        test_map(dtype, &call, false);
    }
}

/* ---- weighing ---- */

static void call_weigh(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const map_call *call = arguments;
    table->weigh(call->shape, data[1], (nnf_rows){data[0], call->stride});
}

/* The weight of row 1 is 1, which changes no bit; that of row 2 is 0. */
static void test_weigh(nnf_dtype dtype, ptrdiff_t n)
{
    static const double weight[] = {0.3, 1, 0};
    const map_call call = {{3, n}, n + 2, false, 0, 0, 0};
    const ptrdiff_t size = 2 * call.stride + n;
    arrays before = {0}, after = {0};
    for (int i = 0; i < 2; i++) {
        arrays *all = i == 0 ? &before : &after;
        real_fill(dtype, all->data[arrays_add(all, (size_t)size * nnf_dtype_size(dtype))], size, 5, -5, 5);
        memcpy(all->data[arrays_add(all, sizeof weight)], weight, sizeof weight);
    }
    check_set_context("f%zu weigh %td columns", 8 * nnf_dtype_size(dtype), n);
    CHECK(tables_agree(dtype, call_weigh, &call, &after));
    bool is_right = true;
    for (ptrdiff_t i = 0; i < size; i++) {
        const double x = real_get(dtype, before.data[0], i), factor = round_to(dtype, weight[i / call.stride]);
        is_right &= real_get(dtype, after.data[0], i) == (i % call.stride < n ? round_to(dtype, x * factor) : x);
    }
    CHECK(is_right);
    arrays_free(&before);
    arrays_free(&after);
}

/* About the lengths, in bytes, from which on fewer rows are asked for ahead than there are. */
static const ptrdiff_t long_rows[] = {128, 255, 256, 257, 511, 512, 1025, 2047, 2048};

static void test_all(nnf_dtype dtype)
{
    for (ptrdiff_t n = 0; n <= MAX_SIZE; n++) {
        test_gathers(dtype, n);
        test_gathers_csr(dtype, n);
        test_one_hot(dtype, &(label_call){n, false});
        test_one_hot(dtype, &(label_call){n, true});
        test_maps(dtype, n);
        test_weigh(dtype, n);
    }
    for (size_t i = 0; i < sizeof long_rows / sizeof *long_rows; i++)
        test_gathers(dtype, long_rows[i]);
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
