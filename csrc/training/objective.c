/* objective.c: see objective.h. */
#include "training/objective.h"
#include "ops/rows.h"
#include <string.h>

bool nnf_objective_takes_logits(const nnf_objective *objective)
{
    return nnf_loss_get_activation(objective->loss) != NNF_ACTIVATION_LINEAR;
}

double nnf_objective_get_scale(const nnf_objective *objective, int64_t batch_size)
{
    const bool is_sum = objective->reduction == NNF_REDUCTION_SUM || objective->loss == NNF_LOSS_SUM_SQUARED_ERROR;
    return is_sum ? 1.0 : 1.0 / (double)batch_size;
}

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
    kernels->loss[objective->loss](&loss);
    for (int m = 0; m < objective->n_metrics; m++)
        kernels->metric[objective->metrics[m]](shape, output, target, values.value + (1 + m) * values.n_rows + begin);
    double check = 0;
    for (ptrdiff_t i = 0; i < shape.rows; i++)
        check += loss.row_loss[i] * 0; /* 0, or NaN */
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
    stats->n_rows += n;
}

void nnf_stats_add(nnf_stats *stats, const nnf_stats *part, int n_metrics)
{
    stats->loss += part->loss;
    for (int m = 0; m < n_metrics; m++)
        stats->metric[m] += part->metric[m];
    stats->n_rows += part->n_rows;
}
