/* normalization.inc.h: means and deviations down columns and along rows, and what normalising with them gives, forward and backward.
 *
 * A mean is corrected by the mean of what is left when it is subtracted, and a variance by the square of that (Chan, Golub, LeVeque,
 * "Algorithms for computing the sample variance", 1983): both hold where a mean is huge beside the deviations. */

/* ---- strips: columns side by side, whose sums are chains of their own ---- */

enum { STRIP = 4 };

typedef struct strip {
    vec part[STRIP];
} strip;

/* width vectors of a row of n columns from column j on: STRIP of them, none missing, or one, where what is missing reads as 0. */
INLINE strip strip_load(const real *row, ptrdiff_t j, ptrdiff_t n, const int width)
{
    strip s = {0};
    for (int v = 0; v < width; v++)
        s.part[v] = width == STRIP ? v_load(row + j + v * VL) : row_load(row, j + v * VL, n, 0);
    return s;
}

INLINE void strip_store(real *row, ptrdiff_t j, ptrdiff_t n, const int width, strip s)
{
    for (int v = 0; v < width; v++)
        row_store(row, j + v * VL, n, s.part[v]);
}

/* sum += x - centre and squares += (x - centre)^2 over rows begin .. end - 1, ascending. */
INLINE void strip_add_rows(const nnf_normalize *call, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t j, const int width, strip centre,
                           strip *sum, strip *squares)
{
    for (ptrdiff_t i = begin; i < end; i++) {
        const strip x = strip_load(row_of(call->x, i), j, call->shape.columns, width);
        for (int v = 0; v < width; v++) {
            const vec apart = x.part[v] - centre.part[v];
            sum->part[v] += apart;
            squares->part[v] = v_fma(apart, apart, squares->part[v]);
        }
    }
}

/* The same over all rows, shard by shard. */
INLINE void strip_add_shards(const nnf_normalize *call, ptrdiff_t shard_rows, ptrdiff_t j, const int width, strip centre, strip *sum,
                             strip *squares)
{
    *sum = *squares = (strip){0};
    for (ptrdiff_t row = 0; row < call->shape.rows; row += shard_rows) {
        const ptrdiff_t left = call->shape.rows - row;
        strip shard_sum = {0}, shard_squares = {0};
        strip_add_rows(call, row, row + (left < shard_rows ? left : shard_rows), j, width, centre, &shard_sum, &shard_squares);
        for (int v = 0; v < width; v++) {
            sum->part[v] += shard_sum.part[v];
            squares->part[v] += shard_squares.part[v];
        }
    }
}

INLINE vec inverse_deviation(vec variance, double epsilon) { return v_splat(1) / v_sqrt(variance + v_splat((real)epsilon)); }

INLINE void strip_statistics(const nnf_normalize *call, ptrdiff_t shard_rows, void *variance, ptrdiff_t j, const int width)
{
    const ptrdiff_t n = call->shape.columns;
    const vec count = v_splat((real)call->shape.rows);
    strip mean = {0}, spread = {0}, inverse = {0}, sum, squares;
    strip_add_shards(call, shard_rows, j, width, mean, &sum, &squares);
    for (int v = 0; v < width; v++)
        mean.part[v] = sum.part[v] / count;
    strip_add_shards(call, shard_rows, j, width, mean, &sum, &squares);
    for (int v = 0; v < width; v++) {
        const vec rest = sum.part[v] / count;
        mean.part[v] += rest;
        spread.part[v] = v_max(v_fma(-rest, rest, squares.part[v] / count), (vec){0});
        inverse.part[v] = inverse_deviation(spread.part[v], call->epsilon);
    }
    strip_store(call->mean, j, n, width, mean);
    strip_store(variance, j, n, width, spread);
    strip_store(call->inverse, j, n, width, inverse);
}

static void column_statistics(const nnf_normalize *call, ptrdiff_t shard_rows, void *variance)
{
    ptrdiff_t j = 0;
    for (; j + STRIP * VL <= call->shape.columns; j += STRIP * VL)
        strip_statistics(call, shard_rows, variance, j, STRIP);
    for (; j < call->shape.columns; j += VL)
        strip_statistics(call, shard_rows, variance, j, 1);
}

/* ---- sums of gradients down columns ---- */

/* Mean and inverse of element (i, column j and after), of a call whose rows or whose columns have them. */
INLINE vec normalized_at(const nnf_normalize *call, ptrdiff_t i, ptrdiff_t j, vec x, const bool is_by_row)
{
    const ptrdiff_t n = call->shape.columns;
    if (is_by_row)
        return (x - v_splat(((const real *)call->mean)[i])) * v_splat(((const real *)call->inverse)[i]);
    return (x - row_load(call->mean, j, n, 0)) * row_load(call->inverse, j, n, 0);
}

INLINE void strip_gradients(const nnf_normalize *call, nnf_rows gradient, real *sum, real *products, ptrdiff_t j, const int width,
                            const bool is_by_row)
{
    const ptrdiff_t n = call->shape.columns;
    strip s = strip_load(sum, j, n, width), p = strip_load(products, j, n, width);
    for (ptrdiff_t i = 0; i < call->shape.rows; i++) {
        const strip x = strip_load(row_of(call->x, i), j, n, width), g = strip_load(row_of(gradient, i), j, n, width);
        for (int v = 0; v < width; v++) {
            s.part[v] += g.part[v];
            p.part[v] = v_fma(g.part[v], normalized_at(call, i, j + v * VL, x.part[v], is_by_row), p.part[v]);
        }
    }
    strip_store(sum, j, n, width, s);
    strip_store(products, j, n, width, p);
}

INLINE void all_gradients(const nnf_normalize *call, nnf_rows gradient, void *sum, void *products, const bool is_by_row)
{
    ptrdiff_t j = 0;
    for (; j + STRIP * VL <= call->shape.columns; j += STRIP * VL)
        strip_gradients(call, gradient, sum, products, j, STRIP, is_by_row);
    for (; j < call->shape.columns; j += VL)
        strip_gradients(call, gradient, sum, products, j, 1, is_by_row);
}

static void column_gradients(const nnf_normalize *call, nnf_rows gradient, void *sum, void *products)
{
    all_gradients(call, gradient, sum, products, false);
}

static void column_gradients_by_row(const nnf_normalize *call, nnf_rows gradient, void *sum, void *products)
{
    all_gradients(call, gradient, sum, products, true);
}

/* ---- a mean and a deviation for each column ---- */

static void normalize_columns(const nnf_normalize *call, nnf_rows y)
{
    const ptrdiff_t n = call->shape.columns;
    for (ptrdiff_t i = 0; i < call->shape.rows; i++)
        for (ptrdiff_t j = 0; j < n; j += VL) {
            const vec h = normalized_at(call, i, j, row_load(row_of(call->x, i), j, n, 0), false);
            row_store(row_of(y, i), j, n, v_fma(h, row_load(call->gamma, j, n, 0), row_load(call->beta, j, n, 0)));
        }
}

/* Of all that reaches a column only what is left without its mean and its part along h moves x. */
static void normalize_columns_backward(const nnf_normalize *call, const void *sum, const void *products, nnf_rows gradient, nnf_rows grad_x)
{
    const ptrdiff_t n = call->shape.columns;
    const vec share = v_splat((real)1 / (real)call->shape.rows);
    for (ptrdiff_t i = 0; i < call->shape.rows; i++)
        for (ptrdiff_t j = 0; j < n; j += VL) {
            const vec h = normalized_at(call, i, j, row_load(row_of(call->x, i), j, n, 0), false);
            const vec centred = row_load(row_of(gradient, i), j, n, 0) - row_load(sum, j, n, 0) * share;
            const vec left = v_fma(-h, row_load(products, j, n, 0) * share, centred);
            row_store(row_of(grad_x, i), j, n, left * (row_load(call->gamma, j, n, 0) * row_load(call->inverse, j, n, 0)));
        }
}

static void normalize_given_backward(const nnf_normalize *call, nnf_rows gradient, nnf_rows grad_x)
{
    const ptrdiff_t n = call->shape.columns;
    for (ptrdiff_t i = 0; i < call->shape.rows; i++)
        for (ptrdiff_t j = 0; j < n; j += VL) {
            const vec slope = row_load(call->gamma, j, n, 0) * row_load(call->inverse, j, n, 0);
            row_store(row_of(grad_x, i), j, n, row_load(row_of(gradient, i), j, n, 0) * slope);
        }
}

static void invert_deviations(ptrdiff_t n, const void *variance, double epsilon, bool is_bound, void *inverse)
{
    const vec bound = v_splat((real)epsilon);
    for (ptrdiff_t j = 0; j < n; j += VL) {
        const vec v = row_load(variance, j, n, 1);
        row_store(inverse, j, n, is_bound ? v_splat(1) / v_max(v_sqrt(v), bound) : inverse_deviation(v, epsilon));
    }
}

static void blend(ptrdiff_t n, double momentum, const void *x, void *moving)
{
    const vec old = v_splat((real)momentum), new = v_splat((real)(1 - momentum));
    for (ptrdiff_t j = 0; j < n; j += VL)
        row_store(moving, j, n, v_fma(row_load(moving, j, n, 0), old, row_load(x, j, n, 0) * new));
}

/* ---- a mean and a deviation for each row ---- */

/* The sum of x - centre, and of its square. */
INLINE void row_add_up(const real *x, ptrdiff_t n, real centre, real *sum, real *squares)
{
    lanes all = lanes_splat(0), all_squares = lanes_splat(0);
    const vec shift = v_splat(centre);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const vec apart = row_load(x, j + v * VL, n, centre) - shift;
            all.part[v] += apart;
            all_squares.part[v] = v_fma(apart, apart, all_squares.part[v]);
        }
    *sum = lanes_sum(all);
    *squares = lanes_sum(all_squares);
}

INLINE void row_statistics(const real *x, ptrdiff_t n, double epsilon, real *mean, real *inverse)
{
    real sum, squares;
    row_add_up(x, n, 0, &sum, &squares);
    const real guess = sum / (real)n;
    row_add_up(x, n, guess, &sum, &squares);
    const real rest = sum / (real)n, variance = REAL_FMA(-rest, rest, squares / (real)n);
    *mean = guess + rest;
    *inverse = 1 / REAL_SQRT((variance < 0 ? 0 : variance) + (real)epsilon);
}

static void normalize_rows(const nnf_normalize *call, nnf_rows y)
{
    const ptrdiff_t n = call->shape.columns;
    for (ptrdiff_t i = 0; i < call->shape.rows; i++) {
        row_statistics(row_of(call->x, i), n, call->epsilon, (real *)call->mean + i, (real *)call->inverse + i);
        for (ptrdiff_t j = 0; j < n; j += VL) {
            const vec h = normalized_at(call, i, j, row_load(row_of(call->x, i), j, n, 0), true);
            row_store(row_of(y, i), j, n, v_fma(h, row_load(call->gamma, j, n, 0), row_load(call->beta, j, n, 0)));
        }
    }
}

/* What reaches h: its mean along the row, and its part along h. */
INLINE void row_gradient_means(const nnf_normalize *call, nnf_rows gradient, ptrdiff_t i, real *mean, real *along)
{
    const ptrdiff_t n = call->shape.columns;
    lanes sum = lanes_splat(0), products = lanes_splat(0);
    for (ptrdiff_t j = 0; j < n; j += LANES)
        for (int v = 0; v < LANE_VECTORS; v++) {
            const ptrdiff_t at = j + v * VL;
            const vec g = row_load(row_of(gradient, i), at, n, 0) * row_load(call->gamma, at, n, 0);
            const vec h = normalized_at(call, i, at, row_load(row_of(call->x, i), at, n, 0), true);
            sum.part[v] += g;
            products.part[v] = v_fma(g, h, products.part[v]);
        }
    *mean = lanes_sum(sum) / (real)n;
    *along = lanes_sum(products) / (real)n;
}

static void normalize_rows_backward(const nnf_normalize *call, nnf_rows gradient, nnf_rows grad_x)
{
    const ptrdiff_t n = call->shape.columns;
    for (ptrdiff_t i = 0; i < call->shape.rows; i++) {
        real mean, along;
        row_gradient_means(call, gradient, i, &mean, &along);
        const vec inverse = v_splat(((const real *)call->inverse)[i]);
        for (ptrdiff_t j = 0; j < n; j += VL) {
            const vec h = normalized_at(call, i, j, row_load(row_of(call->x, i), j, n, 0), true);
            const vec centred = row_load(row_of(gradient, i), j, n, 0) * row_load(call->gamma, j, n, 0) - v_splat(mean);
            row_store(row_of(grad_x, i), j, n, v_fma(-h, v_splat(along), centred) * inverse);
        }
    }
}
