/* test_losses.c: every loss and metric: the same bits from every table, and the formula's numbers. */
#include "check.h"
#include "kernels/loss_references.h"
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
    double parameter; /* of a metric */
} loss_call;

static const double scale = 0.25;
/* Good for every loss, exact in both dtypes: half a balance is a balance, too. */
static const double parameters[NNF_MAX_LOSS_PARAMETERS] = {0.5, 0.75, 0.5, 0.25};

static void call_loss(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const loss_call *call = arguments;
    const nnf_loss_rows loss = {.shape = call->shape,
                                .output = {data[OUTPUT], call->stride},
                                .target = {data[TARGET], call->stride},
                                .gradient = {call->with_gradient ? data[GRADIENT] : NULL, call->stride},
                                .scale = scale,
                                .parameter = {parameters[0], parameters[1], parameters[2], parameters[3]},
                                .row_loss = data[ROW_VALUE]};
    table->loss[call->code](&loss);
}

static void call_metric(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const loss_call *call = arguments;
    table->metric[call->code](call->shape, (nnf_rows){data[OUTPUT], call->stride}, (nnf_rows){data[TARGET], call->stride}, call->parameter,
                              data[ROW_VALUE]);
}

/* ---- comparison ---- */

static bool takes_logits(int loss) { return strstr(loss_references[loss].name, "_logits") != NULL; }

static bool takes_probabilities(int loss)
{
    const char *name = loss_references[loss].name;
    return (strstr(name, "crossentropy") != NULL && !takes_logits(loss)) || loss == NNF_LOSS_KL_DIVERGENCE || loss == NNF_LOSS_POISSON;
}

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
    const double loss = loss_references[call->code].f(dtype, parameters, n, y, t, g);
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
    check_set_context("f%zu %s columns %td", 8 * nnf_dtype_size(dtype), loss_references[call->code].name, call->shape.columns);
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

static double metric_of_row(const loss_call *call, const double *y, const double *t, ptrdiff_t n)
{
    double n_same = 0, squares = 0, distances = 0, shares = 0, n_larger = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        n_same += (y[j] > call->parameter) == (t[j] > 0.5);
        squares += (y[j] - t[j]) * (y[j] - t[j]);
        distances += fabs(y[j] - t[j]);
        shares += fabs(y[j] - t[j]) / fmax(fabs(t[j]), 1e-7);
        n_larger += y[j] > y[find_largest(t, n)];
    }
    const double value[] = {[NNF_METRIC_BINARY_ACCURACY] = n_same / (double)n,
                            [NNF_METRIC_CATEGORICAL_ACCURACY] = find_largest(y, n) == find_largest(t, n),
                            [NNF_METRIC_TOP_K_CATEGORICAL_ACCURACY] = n_larger < call->parameter,
                            [NNF_METRIC_MEAN_SQUARED_ERROR] = squares / (double)n,
                            [NNF_METRIC_MEAN_ABSOLUTE_ERROR] = distances / (double)n,
                            [NNF_METRIC_MEAN_ABSOLUTE_PERCENTAGE_ERROR] = 100 * shares / (double)n};
    return value[call->code];
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
        const double expected = metric_of_row(call, y, t, call->shape.columns);
        CHECK(is_near(NNF_F64, ((double *)all.data[ROW_VALUE])[i], expected, expected));
    }
    arrays_free(&all);
}

static void test_all(nnf_dtype dtype)
{
    for (ptrdiff_t n = 0; n <= MAX_SIZE; n++)
        for (int variant = 0; variant < 2; variant++) {
            loss_call call = {0, {3, n}, n + 1 + 3 * variant, variant == 0, 0};
            for (call.code = 0; call.code < NNF_N_LOSSES; call.code++)
                test_loss(dtype, &call);
            for (call.code = 0; call.code < NNF_N_METRICS && n > 0; call.code++) {
                call.parameter = call.code == NNF_METRIC_BINARY_ACCURACY ? 0.25 + 0.5 * variant : 1 + 2 * variant;
                test_metric(dtype, &call);
            }
        }
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
