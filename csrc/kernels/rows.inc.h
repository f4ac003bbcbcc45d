/* rows.inc.h: what is done to rows one at a time: softmax and its logarithm, gathering, dropout, rescaling, and plain copies. */
#include "base/random_block.h"

INLINE real *row_of(nnf_rows rows, ptrdiff_t i) { return (real *)rows.data + i * rows.stride; }

enum { CACHE_LINE = 64 };

/* ---- element by element ---- */

typedef vec (*vector_function)(vec x, vec parameter);

/* Rows that follow each other without a gap are one row. */
INLINE nnf_shape joined(nnf_shape shape, nnf_rows x, nnf_rows y)
{
    const bool is_one = x.stride == shape.columns && y.stride == shape.columns;
    return is_one ? (nnf_shape){1, shape.rows * shape.columns} : shape;
}

INLINE void map_rows(vector_function f, nnf_shape shape, nnf_rows x, nnf_rows y, double parameter)
{
    const vec p = v_splat((real)parameter);
    shape = joined(shape, x, y);
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *from = row_of(x, i);
        real *to = row_of(y, i);
        for (ptrdiff_t j = 0; j < shape.columns; j += VL)
            row_store(to, j, shape.columns, f(row_load(from, j, shape.columns, 0), p));
    }
}

/* gradient *= f(saved) */
INLINE void map_gradient(vector_function f, nnf_shape shape, nnf_rows saved, nnf_rows gradient, double parameter)
{
    const vec p = v_splat((real)parameter);
    shape = joined(shape, saved, gradient);
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *from = row_of(saved, i);
        real *to = row_of(gradient, i);
        for (ptrdiff_t j = 0; j < shape.columns; j += VL)
            row_store(to, j, shape.columns, row_load(to, j, shape.columns, 0) * f(row_load(from, j, shape.columns, 0), p));
    }
}

static void rescale(nnf_shape shape, nnf_rows x, nnf_rows y, double scale, double offset)
{
    const vec factor = v_splat((real)scale), summand = v_splat((real)offset);
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        for (ptrdiff_t j = 0; j < shape.columns; j += VL)
            row_store(row_of(y, i), j, shape.columns, v_fma(row_load(row_of(x, i), j, shape.columns, 0), factor, summand));
}

static void weigh(nnf_shape shape, const double *weight, nnf_rows x)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const vec factor = v_splat((real)weight[i]);
        real *row = row_of(x, i);
        for (ptrdiff_t j = 0; j < shape.columns; j += VL)
            row_store(row, j, shape.columns, row_load(row, j, shape.columns, 0) * factor);
    }
}

static void add(ptrdiff_t n, const void *part, void *total)
{
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(total, j, n, row_load(total, j, n, 0) + row_load(part, j, n, 0));
}

static void normal_quantile(ptrdiff_t n, const void *probability, void *y)
{
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(y, j, n, v_normal_quantile(row_load(probability, j, n, (real)0.5)));
}

/* ---- softmax ---- */

/* e = exp(x - max x); returns the sum of e. e may be x. */
INLINE real row_exp_shifted(const real *x, real *e, ptrdiff_t n, real max)
{
    const vec shift = v_splat(max);
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec grown = v_exp(row_load(x, at, n, max) - shift);
            row_store(e, at, n, grown);
            sum.part[v] += row_mask(grown, at, n);
        }
    return lanes_sum(sum);
}

/* The sum alone; with the same bits. */
INLINE real row_sum_exp_shifted(const real *x, ptrdiff_t n, real max)
{
    lanes sum = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++)
            sum.part[v] += row_mask(v_exp(row_load(x, j + v * VL, n, max) - v_splat(max)), j + v * VL, n);
    return lanes_sum(sum);
}

INLINE void row_divide(real *x, ptrdiff_t n, real divisor)
{
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(x, j, n, row_load(x, j, n, 0) / v_splat(divisor));
}

static void softmax_forward_rows(nnf_shape shape, nnf_rows x, nnf_rows y, double parameter)
{
    (void)parameter;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real max = row_max(row_of(x, i), shape.columns);
        const real sum = row_exp_shifted(row_of(x, i), row_of(y, i), shape.columns, max);
        row_divide(row_of(y, i), shape.columns, sum);
    }
}

/* With y = softmax(x): dL/dx_j = y_j (g_j - sum_i g_i y_i). */
static void softmax_backward_rows(nnf_shape shape, nnf_rows saved, nnf_rows gradient, double parameter)
{
    (void)parameter;
    const ptrdiff_t n = shape.columns;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *y = row_of(saved, i);
        real *g = row_of(gradient, i);
        lanes dot = lanes_splat(0);
        for (ptrdiff_t j = 0; j < n; j += LANES)
            for (int v = 0; v < LANE_VECTORS; v++)
                dot.part[v] = v_fma(row_load(g, j + v * VL, n, 0), row_load(y, j + v * VL, n, 0), dot.part[v]);
        const vec mean = v_splat(lanes_sum(dot));
        for (ptrdiff_t j = 0; j < n; j += VL)
            row_store(g, j, n, row_load(y, j, n, 0) * (row_load(g, j, n, 0) - mean));
    }
}

/* y = x - max x - log of the sum of exp(x - max x) */
static void log_softmax_forward_rows(nnf_shape shape, nnf_rows x, nnf_rows y, double parameter)
{
    (void)parameter;
    const ptrdiff_t n = shape.columns;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *from = row_of(x, i);
        real *to = row_of(y, i);
        const vec max = v_splat(row_max(from, n)), log_sum = v_log(v_splat(row_sum_exp_shifted(from, n, max[0])));
        for (ptrdiff_t j = 0; j < n; j += VL)
            row_store(to, j, n, row_load(from, j, n, 0) - max - log_sum);
    }
}

/* With y = log softmax(x): dL/dx_j = g_j - exp(y_j) sum_i g_i. */
static void log_softmax_backward_rows(nnf_shape shape, nnf_rows saved, nnf_rows gradient, double parameter)
{
    (void)parameter;
    const ptrdiff_t n = shape.columns;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        const real *y = row_of(saved, i);
        real *g = row_of(gradient, i);
        const vec total = v_splat(row_sum(g, n));
        for (ptrdiff_t j = 0; j < n; j += VL)
            row_store(g, j, n, v_fma(-v_exp(row_load(y, j, n, 0)), total, row_load(g, j, n, 0)));
    }
}

/* ---- gathering ---- */

typedef void (*row_converter)(ptrdiff_t n, const void *source, real *destination, real scale, real offset);

#define ROW_CONVERTER(name, type)                                                                                    \
    INLINE void convert_##name(ptrdiff_t n, const void *source, real *restrict destination, real scale, real offset) \
    {                                                                                                                \
        const type *restrict element = source;                                                                       \
        for (ptrdiff_t j = 0; j < n; j++)                                                                            \
            destination[j] = REAL_FMA((real)element[j], scale, offset);                                              \
    }
ROW_CONVERTER(u8, uint8_t)
ROW_CONVERTER(f32, float)
ROW_CONVERTER(f64, double)

INLINE int64_t source_row(const uint32_t *order, int64_t first, ptrdiff_t i) { return order ? (int64_t)order[i] : first + i; }

INLINE const unsigned char *source_at(const nnf_gather *gather, ptrdiff_t i)
{
    return (const unsigned char *)gather->source + source_row(gather->order, gather->first, i) * gather->source_stride;
}

/* Shuffled rows lie anywhere in memory: so many bytes are on their way, two rows at least, while one is converted. */
enum { BYTES_AHEAD = 4096 };

INLINE void ask_for_row(const nnf_gather *gather, ptrdiff_t i, ptrdiff_t bytes)
{
    const unsigned char *row = source_at(gather, i);
    for (ptrdiff_t b = 0; b < bytes; b += CACHE_LINE)
        __builtin_prefetch(row + b);
    __builtin_prefetch(row + bytes - 1);
}

INLINE void gather_rows(row_converter convert, size_t element_size, const nnf_gather *gather)
{
    const ptrdiff_t n = gather->shape.rows, bytes = gather->shape.columns * (ptrdiff_t)element_size;
    if (bytes == 0)
        return;
    const ptrdiff_t ahead = bytes < BYTES_AHEAD / 2 ? BYTES_AHEAD / bytes : 2;
    for (ptrdiff_t i = 0; i < n && i < ahead; i++)
        ask_for_row(gather, i, bytes);
    for (ptrdiff_t i = 0; i < n; i++) {
        if (i + ahead < n)
            ask_for_row(gather, i + ahead, bytes);
        convert(gather->shape.columns, source_at(gather, i), row_of(gather->destination, i), (real)gather->scale, (real)gather->offset);
    }
}
static void gather_u8(const nnf_gather *gather) { gather_rows(convert_u8, sizeof(uint8_t), gather); }
static void gather_f32(const nnf_gather *gather) { gather_rows(convert_f32, sizeof(float), gather); }
static void gather_f64(const nnf_gather *gather) { gather_rows(convert_f64, sizeof(double), gather); }

static int64_t one_hot(nnf_shape shape, const int32_t *label, const uint32_t *order, int64_t first, nnf_rows destination)
{
    int64_t bad = -1;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        real *row = row_of(destination, i);
        /* Read once: the caller's memory may change under us. */
        const int32_t class = *(const volatile int32_t *)&label[source_row(order, first, i)];
        __builtin_memset(row, 0, (size_t)shape.columns * sizeof(real));
        if (class >= 0 && class < shape.columns)
            row[class] = 1;
        else if (bad < 0)
            bad = i;
    }
    return bad;
}

/* ---- dropout ---- */

/* One row, whose first element has number "index". Numbers are made a group at a time; *made tells which group bits holds. */
INLINE void draw_row(real *restrict factor, ptrdiff_t n, real keep_scale, uint32_t threshold, nnf_random_stream stream, uint64_t index,
                     uint32_t bits[restrict NNF_RANDOM_GROUP], uint64_t *made)
{
    for (ptrdiff_t j = 0; j < n;) {
        const uint64_t group = (index + (uint64_t)j) / NNF_RANDOM_GROUP;
        const ptrdiff_t at = (ptrdiff_t)((index + (uint64_t)j) % NNF_RANDOM_GROUP);
        const ptrdiff_t count = n - j < NNF_RANDOM_GROUP - at ? n - j : NNF_RANDOM_GROUP - at;
        if (group != *made)
            nnf_random_group_inline(stream, *made = group, bits);
        for (ptrdiff_t c = 0; c < count; c++)
            factor[j + c] = bits[at + c] >= threshold ? keep_scale : 0;
        j += count;
    }
}

static void draw_dropout(nnf_shape shape, double rate, nnf_random_stream stream, uint64_t first, nnf_rows factor)
{
    const real keep_scale = (real)(1.0 / (1.0 - rate));
    const uint32_t threshold = (uint32_t)(rate * 4294967296.0);
    uint32_t bits[NNF_RANDOM_GROUP];
    uint64_t made = UINT64_MAX;
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        draw_row(row_of(factor, i), shape.columns, keep_scale, threshold, stream, first + (uint64_t)i * (uint64_t)shape.columns, bits,
                 &made);
}

static void apply_dropout(nnf_shape shape, nnf_rows factor, nnf_rows x, nnf_rows y)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        for (ptrdiff_t j = 0; j < shape.columns; j += VL) {
            const vec f = row_load(row_of(factor, i), j, shape.columns, 0), kept = f * row_load(row_of(x, i), j, shape.columns, 0);
            row_store(row_of(y, i), j, shape.columns, v_select_equal(f, (vec){0}, (vec){0}, kept));
        }
}

/* ---- layout and checks ---- */

/* A square of VL x VL: interleaving vector i with vector i + VL / 2, for all i and log2(VL) times over, is the transposition. */
INLINE void transpose_vectors(vec row[VL])
{
    vec mixed[VL];
    for (int step = 1; step < VL; step *= 2) {
        for (int r = 0; r < VL / 2; r++) {
            mixed[2 * r] = v_zip_from(0, row[r], row[r + VL / 2]);
            mixed[2 * r + 1] = v_zip_from(VL / 2, row[r], row[r + VL / 2]);
        }
        __builtin_memcpy(row, mixed, sizeof mixed);
    }
}

INLINE void transpose_square(nnf_rows source, ptrdiff_t i, ptrdiff_t j, nnf_rows destination)
{
    vec row[VL];
    for (int r = 0; r < VL; r++)
        row[r] = v_load(row_of(source, i + r) + j);
    transpose_vectors(row);
    for (int r = 0; r < VL; r++)
        v_store(row_of(destination, j + r) + i, row[r]);
}

static void transpose(nnf_shape shape, nnf_rows source, nnf_rows destination)
{
    for (ptrdiff_t i = 0; i < shape.rows; i += VL)
        for (ptrdiff_t j = 0; j < shape.columns; j += VL) {
            const ptrdiff_t n_rows = shape.rows - i, n_columns = shape.columns - j;
            if (n_rows >= VL && n_columns >= VL)
                transpose_square(source, i, j, destination);
            else
                for (ptrdiff_t r = 0; r < n_rows && r < VL; r++)
                    for (ptrdiff_t c = 0; c < n_columns && c < VL; c++)
                        row_of(destination, j + c)[i + r] = row_of(source, i + r)[j + c];
        }
}

/* x * 0 is 0 but for NaN and infinities: a sum of such products is 0 if all is well. */
INLINE bool row_is_finite(const real *row, ptrdiff_t n)
{
    vec sum = {0};
    for (ptrdiff_t j = 0; j < n; j += VL)
        sum = v_fma(row_load(row, j, n, 0), (vec){0}, sum);
    bool finite = true;
    for (int v = 0; v < VL; v++)
        finite &= sum[v] == 0;
    return finite;
}

static int64_t find_not_finite(nnf_shape shape, nnf_rows x)
{
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        if (!row_is_finite(row_of(x, i), shape.columns))
            for (ptrdiff_t j = 0; j < shape.columns; j++)
                if (!row_is_finite(row_of(x, i) + j, 1))
                    return i * shape.columns + j;
    return -1;
}
