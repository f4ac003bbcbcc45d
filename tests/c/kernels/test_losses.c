/* test_losses.c: every loss and metric: the same bits from every table, and the formula's numbers. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { OUTPUT, TARGET, GRADIENT, ROW_VALUE };

typedef struct loss_call {
    int code; /* nnf_loss or nnf_metric */
    nnf_shape shape;
    ptrdiff_t stride;
    bool with_gradient;
} loss_call;

static const double scale = 0.25;

static void call_loss(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const loss_call *call = arguments;
    const nnf_loss_rows loss = {.shape = call->shape,
                                .output = {data[OUTPUT], call->stride},
                                .target = {data[TARGET], call->stride},
                                .gradient = {call->with_gradient ? data[GRADIENT] : NULL, call->stride},
                                .scale = scale,
                                .row_loss = data[ROW_VALUE]};
    table->loss[call->code](&loss);
}

static void call_metric(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const loss_call *call = arguments;
    table->metric[call->code](call->shape, (nnf_rows){data[OUTPUT], call->stride}, (nnf_rows){data[TARGET], call->stride}, data[ROW_VALUE]);
}

/* ---- references: one row in double; y and g are replaced ---- */

typedef double (*row_reference)(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g);

static double sum_squared_error(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    double loss = 0;
    (void)dtype;
    for (ptrdiff_t j = 0; j < n; j++) {
        loss += (y[j] - t[j]) * (y[j] - t[j]);
        g[j] = 2 * (y[j] - t[j]);
    }
    return loss;
}

static double divide_row(ptrdiff_t n, double *g, double loss)
{
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] /= (double)n;
    return loss / (double)n;
}

static double mean_squared_error(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    return divide_row(n, g, sum_squared_error(dtype, n, y, t, g));
}

/* Probabilities are kept 1e-7 away from 0 and 1, in the dtype. */
static double clip(nnf_dtype dtype, double p)
{
    const double low = dtype == NNF_F32 ? (double)1e-7f : 1e-7, high = dtype == NNF_F32 ? (double)(1 - 1e-7f) : 1 - 1e-7;
    return p < low ? low : p > high ? high : p;
}

static double binary_crossentropy(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    double loss = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        const double p = clip(dtype, y[j]);
        loss -= t[j] * log(p) + (1 - t[j]) * log1p(-p);
        g[j] = p == y[j] ? (p - t[j]) / (p * (1 - p)) : 0;
    }
    return divide_row(n, g, loss);
}

static double binary_crossentropy_logits(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    double loss = 0;
    (void)dtype;
    for (ptrdiff_t j = 0; j < n; j++) {
        loss += fmax(y[j], 0) - y[j] * t[j] + log1p(exp(-fabs(y[j])));
        y[j] = 1 / (1 + exp(-y[j]));
        g[j] = y[j] - t[j];
    }
    return divide_row(n, g, loss);
}

/* -sum t log clip(y / sum y); where a share is clipped, the loss does not depend on it. */
static double categorical_crossentropy(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    double sum = 0, loss = 0, weight = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        sum += y[j];
    for (ptrdiff_t j = 0; j < n; j++) {
        const double q = clip(dtype, y[j] / sum);
        loss -= t[j] * log(q);
        g[j] = q == y[j] / sum ? t[j] / y[j] : 0;
        weight += q == y[j] / sum ? t[j] : 0;
    }
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] = weight / sum - g[j];
    return loss;
}

static double categorical_crossentropy_logits(nnf_dtype dtype, ptrdiff_t n, double *y, const double *t, double *g)
{
    double max = -INFINITY, sum = 0, loss = 0, weight = 0;
    (void)dtype;
    for (ptrdiff_t j = 0; j < n; j++)
        max = fmax(max, y[j]);
    for (ptrdiff_t j = 0; j < n; j++)
        sum += exp(y[j] - max);
    for (ptrdiff_t j = 0; j < n; j++) {
        loss -= t[j] * (y[j] - max - log(sum));
        y[j] = exp(y[j] - max) / sum;
        weight += t[j];
    }
    for (ptrdiff_t j = 0; j < n; j++)
        g[j] = weight * y[j] - t[j];
    return loss;
}

static const struct {
    const char *name;
    row_reference reference;
} losses[] = {
#define NNF_ROW(code, name) [NNF_LOSS_##code] = {#name, name},
    NNF_LOSS_LIST(NNF_ROW)
#undef NNF_ROW
};

/* ---- comparison ---- */

static bool takes_logits(int loss) { return strstr(losses[loss].name, "_logits") != NULL; }

static bool takes_probabilities(int loss) { return strstr(losses[loss].name, "crossentropy") != NULL && !takes_logits(loss); }

static arrays make_arrays(nnf_dtype dtype, const loss_call *call)
{
    const ptrdiff_t n = call->shape.columns == 0 ? 0 : (call->shape.rows - 1) * call->stride + call->shape.columns;
    const double limit = takes_logits(call->code) ? 20 : 3;
    arrays all = {0};
    for (int i = OUTPUT; i <= GRADIENT; i++) {
        arrays_add(&all, (size_t)n * nnf_dtype_size(dtype));
        real_fill(dtype, all.data[i], n, (uint64_t)(n + 1000 * i), 0.01, 0.99);
    }
    arrays_add(&all, (size_t)call->shape.rows * sizeof(double));
    if (!takes_probabilities(call->code))
        real_fill(dtype, all.data[OUTPUT], n, (uint64_t)n, -limit, limit);
    else
        for (ptrdiff_t i = 3; i < n; i += 11) /* where the clip bites */
            real_set(dtype, all.data[OUTPUT], i, (double)(i % 2));
    return all;
}

static bool is_near(nnf_dtype dtype, double got, double expected, double magnitude)
{
    const double unit = dtype == NNF_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    return fabs(got - expected) <= 16 * unit * (1 + magnitude);
}

static bool is_row_right(nnf_dtype dtype, const loss_call *call, const arrays *before, const arrays *after, ptrdiff_t i)
{
    const ptrdiff_t n = call->shape.columns, at = i * call->stride;
    double y[MAX_SIZE], t[MAX_SIZE], g[MAX_SIZE], steepest = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        y[j] = real_get(dtype, before->data[OUTPUT], at + j);
        t[j] = real_get(dtype, before->data[TARGET], at + j);
    }
    const double loss = losses[call->code].reference(dtype, n, y, t, g);
    bool is_right = is_near(dtype, ((double *)after->data[ROW_VALUE])[i], loss, fabs(loss));
    for (ptrdiff_t j = 0; j < n; j++)
        steepest = fmax(steepest, fabs(g[j]));
    for (ptrdiff_t j = 0; j < n; j++) {
        const double untouched = real_get(dtype, before->data[GRADIENT], at + j);
        is_right &= is_near(dtype, real_get(dtype, after->data[OUTPUT], at + j), y[j], 0);
        is_right &=
            is_near(dtype, real_get(dtype, after->data[GRADIENT], at + j), call->with_gradient ? scale * g[j] : untouched, steepest);
    }
    return is_right;
}

static bool are_gaps_kept(nnf_dtype dtype, const loss_call *call, const arrays *before, const arrays *after)
{
    for (int a = OUTPUT; a <= GRADIENT; a++)
        for (ptrdiff_t i = 0; i < (ptrdiff_t)(after->size[a] / nnf_dtype_size(dtype)); i++)
            if (i % call->stride >= call->shape.columns && real_get(dtype, before->data[a], i) != real_get(dtype, after->data[a], i))
                return false;
    return true;
}

static void test_loss(nnf_dtype dtype, const loss_call *call)
{
    arrays before = make_arrays(dtype, call), after = make_arrays(dtype, call);
    check_set_context("f%zu %s columns %td", 8 * nnf_dtype_size(dtype), losses[call->code].name, call->shape.columns);
    CHECK(tables_agree(dtype, call_loss, call, &after));
    for (ptrdiff_t i = 0; i < call->shape.rows && call->shape.columns > 0; i++)
        CHECK(is_row_right(dtype, call, &before, &after, i));
    CHECK(are_gaps_kept(dtype, call, &before, &after));
    arrays_free(&before);
    arrays_free(&after);
}

/* ---- metrics ---- */

static ptrdiff_t find_largest(const double *x, ptrdiff_t n)
{
    ptrdiff_t best = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        best = x[j] > x[best] ? j : best;
    return best;
}

static double metric_of_row(nnf_metric metric, const double *y, const double *t, ptrdiff_t n)
{
    double n_same = 0, squares = 0, distances = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        n_same += (y[j] > 0.5) == (t[j] > 0.5);
        squares += (y[j] - t[j]) * (y[j] - t[j]);
        distances += fabs(y[j] - t[j]);
    }
    const double value[] = {[NNF_METRIC_BINARY_ACCURACY] = n_same / (double)n,
                            [NNF_METRIC_CATEGORICAL_ACCURACY] = find_largest(y, n) == find_largest(t, n),
                            [NNF_METRIC_MEAN_SQUARED_ERROR] = squares / (double)n,
                            [NNF_METRIC_MEAN_ABSOLUTE_ERROR] = distances / (double)n};
    return value[metric];
}

/* Row 0 is right, row 1 is all equal: the first of equals counts. */
static void test_metric(nnf_dtype dtype, const loss_call *call)
{
    arrays all = make_arrays(dtype, call);
    check_set_context("f%zu metric %d columns %td", 8 * nnf_dtype_size(dtype), call->code, call->shape.columns);
    memcpy(all.data[OUTPUT], all.data[TARGET], (size_t)call->shape.columns * nnf_dtype_size(dtype));
    for (ptrdiff_t j = 0; j < call->shape.columns; j++)
        real_set(dtype, all.data[OUTPUT], call->stride + j, 0.75);
    CHECK(tables_agree(dtype, call_metric, call, &all));
    for (ptrdiff_t i = 0; i < call->shape.rows; i++) {
        double y[MAX_SIZE], t[MAX_SIZE];
        for (ptrdiff_t j = 0; j < call->shape.columns; j++) {
            y[j] = real_get(dtype, all.data[OUTPUT], i * call->stride + j);
            t[j] = real_get(dtype, all.data[TARGET], i * call->stride + j);
        }
        const double expected = metric_of_row((nnf_metric)call->code, y, t, call->shape.columns);
        CHECK(is_near(NNF_F64, ((double *)all.data[ROW_VALUE])[i], expected, expected));
    }
    arrays_free(&all);
}

static void test_all(nnf_dtype dtype)
{
    for (ptrdiff_t n = 0; n <= MAX_SIZE; n++)
        for (int variant = 0; variant < 2; variant++) {
            loss_call call = {0, {3, n}, n + 1 + 3 * variant, variant == 0};
            for (call.code = 0; call.code < NNF_N_LOSSES; call.code++)
                test_loss(dtype, &call);
            for (call.code = 0; call.code < NNF_N_METRICS && n > 0; call.code++)
                test_metric(dtype, &call);
        }
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
