/* objective.c: see objective.h. */
#include "training/objective.h"
#include "ops/rows.h"
#include "training/batches.h"
#include <string.h>

bool nnf_objective_takes_logits(const nnf_objective *objective)
{
    return nnf_loss_get_activation(objective->loss) != NNF_ACTIVATION_LINEAR;
}

static double get_share(const nnf_objective *objective, int64_t batch_size, double weight)
{
    if (objective->reduction == NNF_REDUCTION_SUM || objective->loss == NNF_LOSS_SUM_SQUARED_ERROR)
        return 1.0;
    if (objective->reduction == NNF_REDUCTION_MEAN)
        return 1.0 / (double)batch_size;
    return weight > 0 ? 1.0 / weight : 1.0; /* where all weigh nothing, so do the gradients that this multiplies */
}

/* A factor of 1 changes no bit. */
double nnf_objective_get_scale(const nnf_objective *objective, int64_t batch_size, double weight)
{
    return get_share(objective, batch_size, weight) * objective->gradient_factor;
}

double nnf_objective_get_penalty_share(const nnf_objective *objective, int64_t batch_size, double weight)
{
    return objective->divides_penalties ? get_share(objective, batch_size, weight) : 1;
}

/* ---- weights ---- */

enum { ELEMENTS = 64 };

/* Elements of a row are taken as rows of one column each: their gradients have the same bits so, and their losses can be had. */
static void measure_elements(const nnf_objective *objective, const nnf_kernels *kernels, const nnf_loss_rows *whole,
                             const nnf_source *weights, ptrdiff_t begin)
{
    const double factor = nnf_loss_get_elements(objective->loss) == NNF_LOSS_ELEMENTS_SUM ? 1 : 1.0 / (double)whole->shape.columns;
    nnf_loss_rows part = *whole;
    part.scale = whole->scale * factor;
    for (ptrdiff_t i = 0; i < whole->shape.rows; i++) {
        const unsigned char *row = nnf_source_get_row(weights, begin + i);
        double sum = 0;
        for (ptrdiff_t j = 0; j < whole->shape.columns; j += ELEMENTS) {
            double weight[ELEMENTS], loss[ELEMENTS];
            const ptrdiff_t left = whole->shape.columns - j, n = left < ELEMENTS ? left : ELEMENTS;
            memcpy(weight, row + j * (ptrdiff_t)sizeof *weight, (size_t)n * sizeof *weight);
            part.shape = (nnf_shape){n, 1};
            part.output = (nnf_rows){nnf_rows_at(kernels, whole->output, i, j).data, 1};
            part.target = (nnf_rows){nnf_rows_at(kernels, whole->target, i, j).data, 1};
            if (whole->gradient.data)
                part.gradient = (nnf_rows){nnf_rows_at(kernels, whole->gradient, i, j).data, 1};
            part.row_loss = loss;
            kernels->loss[objective->loss](&part);
            for (ptrdiff_t e = 0; e < n; e++)
                sum += loss[e] * weight[e];
            if (part.gradient.data)
                kernels->weigh(part.shape, weight, part.gradient);
        }
        whole->row_loss[i] = sum * factor;
    }
}

/* A weight of 1 changes no bit. */
static void weigh_loss(const nnf_kernels *kernels, const nnf_loss_rows *loss, const double *weight)
{
    for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
        loss->row_loss[i] *= weight[i];
    if (loss->gradient.data)
        kernels->weigh(loss->shape, weight, loss->gradient);
}

static void measure_metrics(const nnf_objective *objective, const nnf_kernels *kernels, const nnf_loss_rows *loss, nnf_row_values values,
                            const double *weight)
{
    for (int m = 0; m < objective->n_metrics; m++) {
        double *value = loss->row_loss + (1 + m) * values.n_rows;
        kernels->metric[objective->metrics[m]](loss->shape, loss->output, loss->target, objective->metric_parameters[m], value);
        if (weight && m >= objective->n_metrics - objective->n_weighted)
            for (ptrdiff_t i = 0; i < loss->shape.rows; i++)
                value[i] *= weight[i];
    }
}

/* ---- both ---- */

bool nnf_objective_measure(const nnf_objective *objective, const nnf_passes *passes, double gradient_scale, nnf_row_values values,
                           ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_kernels *kernels = passes->network->kernels;
    const nnf_shape shape = {end - begin, passes->network->out_size};
    const nnf_rows output = nnf_rows_at(kernels, nnf_passes_get_output(passes), begin, 0);
    const nnf_rows target = nnf_rows_at(kernels, passes->workspace->target, begin, 0);
    nnf_loss_rows loss = {.shape = shape, .output = output, .target = target, .scale = gradient_scale, .row_loss = values.value + begin};
    memcpy(loss.parameter, objective->loss_parameters, sizeof loss.parameter);
    if (gradient_scale != 0)
        loss.gradient = nnf_rows_at(kernels, nnf_passes_get_output_gradient(passes), begin, 0);
    double *weight = values.weights.matrix ? nnf_row_values_get_weights(values, objective->n_metrics) : NULL;
    if (weight)
        nnf_batches_gather_weights(&values.weights, begin, end, weight);
    if (weight && values.weights.matrix->n_columns > 1) {
        measure_elements(objective, kernels, &loss, &values.weights, begin);
    } else {
        kernels->loss[objective->loss](&loss);
        if (weight)
            weigh_loss(kernels, &loss, weight + begin);
    }
    measure_metrics(objective, kernels, &loss, values, weight ? weight + begin : NULL);
    double check = 0;
    for (ptrdiff_t i = 0; i < shape.rows; i++) {
        loss.row_loss[i] *= objective->loss_factor;
        check += loss.row_loss[i] * 0; /* 0, or NaN */
    }
    return check == 0;
}

/* Halves are cut at the largest power of two below n, so the tree depends on n alone. */
static double sum_tree(const double *value, ptrdiff_t n)
{
    if (n <= 8) {
        double sum = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            sum += value[i];
        return sum;
    }
    ptrdiff_t half = 8;
    while (half * 2 < n)
        half *= 2;
    return sum_tree(value, half) + sum_tree(value + half, n - half);
}

void nnf_stats_add_rows(nnf_stats *stats, nnf_row_values values, int n_metrics, ptrdiff_t n)
{
    stats->loss += sum_tree(values.value, n);
    for (int m = 0; m < n_metrics; m++)
        stats->metric[m] += sum_tree(values.value + (1 + m) * values.n_rows, n);
    stats->weight += values.weights.matrix ? sum_tree(nnf_row_values_get_weights(values, n_metrics), n) : (double)n;
    stats->n_rows += n;
}

void nnf_stats_add(nnf_stats *stats, const nnf_stats *part, int n_metrics)
{
    stats->loss += part->loss;
    for (int m = 0; m < n_metrics; m++)
        stats->metric[m] += part->metric[m];
    stats->weight += part->weight;
    stats->n_rows += part->n_rows;
}
