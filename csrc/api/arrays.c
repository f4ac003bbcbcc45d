/* arrays.c: bare kernels on whole arrays of the caller's. */
#include "api/core.h"
#include "base/float_state.h"
#include "base/random.h"
#include "base/team.h"
#include "nnfast.h"
#include "ops/optimizer.h"
#include "ops/rows.h"
#include "ops/work.h"
#include <string.h>

/* ---- activations ---- */

/* Multiply-adds an element is worth: what an exponential costs. */
static const double ELEMENT_WORK = 20;

typedef struct activation_job {
    const nnf_kernels *kernels;
    nnf_activation_forward forward; /* one of the two */
    nnf_activation_backward backward;
    nnf_shape shape;
    nnf_rows from, to;
    double parameter;
} activation_job;

static void activate_member(nnf_member *member, void *argument)
{
    const activation_job *job = argument;
    int64_t begin, end;
    nnf_team_share(member, job->shape.rows, &begin, &end);
    const nnf_shape shape = {end - begin, job->shape.columns};
    const nnf_rows from = nnf_rows_at(job->kernels, job->from, begin, 0), to = nnf_rows_at(job->kernels, job->to, begin, 0);
    if (job->forward)
        job->forward(shape, from, to, job->parameter);
    else
        job->backward(shape, from, to, job->parameter);
}

static nnf_status activate(nnf_activation activation, const nnf_matrix *from, const nnf_matrix *to, double parameter, bool forward)
{
    if ((unsigned)activation >= NNF_N_ACTIVATIONS || !nnf_is_real(from, to->dtype, to->n_rows, to->n_columns) ||
        !nnf_is_real(to, to->dtype, to->n_rows, to->n_columns))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_kernels *kernels = nnf_core_get_kernels(to->dtype);
    activation_job job = {
        .kernels = kernels,
        .forward = forward ? kernels->activation_forward[activation] : NULL,
        .backward = kernels->activation_backward[activation],
        .shape = {(ptrdiff_t)to->n_rows, (ptrdiff_t)to->n_columns},
        .from = nnf_matrix_rows(from),
        .to = nnf_matrix_rows(to),
        .parameter = parameter,
    };
    nnf_team_run(nnf_work_choose_threads(ELEMENT_WORK * (double)to->n_rows * (double)to->n_columns), activate_member, &job);
    return NNF_STATUS_OK;
}

nnf_status nnf_array_activation(nnf_activation activation, const nnf_matrix *x, const nnf_matrix *y, double parameter)
{
    return activate(activation, x, y, parameter, true);
}

nnf_status nnf_array_activation_gradient(nnf_activation activation, const nnf_matrix *saved, const nnf_matrix *gradient, double parameter)
{
    return activate(activation, saved, gradient, parameter, false);
}

/* ---- losses ---- */

typedef struct loss_job {
    const nnf_kernels *kernels;
    nnf_loss loss;
    nnf_loss_rows rows;
} loss_job;

static void loss_member(nnf_member *member, void *argument)
{
    const loss_job *job = argument;
    int64_t begin, end;
    nnf_team_share(member, job->rows.shape.rows, &begin, &end);
    nnf_loss_rows part = job->rows;
    part.shape.rows = end - begin;
    part.output = nnf_rows_at(job->kernels, part.output, begin, 0);
    part.target = nnf_rows_at(job->kernels, part.target, begin, 0);
    part.row_loss += begin;
    if (part.gradient.data)
        part.gradient = nnf_rows_at(job->kernels, part.gradient, begin, 0);
    job->kernels->loss[job->loss](&part);
}

nnf_status nnf_array_loss(const nnf_objective *objective, const nnf_matrix *output, const nnf_matrix *target, double scale,
                          double *row_loss, const nnf_matrix *gradient)
{
    if ((unsigned)objective->loss >= NNF_N_LOSSES || !nnf_is_real(output, output->dtype, output->n_rows, output->n_columns) ||
        !nnf_is_real(target, output->dtype, output->n_rows, output->n_columns) ||
        (gradient && !nnf_is_real(gradient, output->dtype, output->n_rows, output->n_columns)))
        return NNF_STATUS_INVALID_ARGUMENT;
    loss_job job = {
        .kernels = nnf_core_get_kernels(output->dtype),
        .loss = objective->loss,
        .rows = {.shape = {(ptrdiff_t)output->n_rows, (ptrdiff_t)output->n_columns},
                 .output = nnf_matrix_rows(output),
                 .target = nnf_matrix_rows(target),
                 .gradient = gradient ? nnf_matrix_rows(gradient) : (nnf_rows){0},
                 .scale = scale,
                 .row_loss = row_loss},
    };
    memcpy(job.rows.parameter, objective->loss_parameters, sizeof job.rows.parameter);
    nnf_team_run(nnf_work_choose_threads(ELEMENT_WORK * (double)output->n_rows * (double)output->n_columns), loss_member, &job);
    return NNF_STATUS_OK;
}

nnf_status nnf_array_metric(nnf_metric metric, const nnf_matrix *output, const nnf_matrix *target, double parameter, double *row_value)
{
    if ((unsigned)metric >= NNF_N_METRICS || !nnf_is_real(output, output->dtype, output->n_rows, output->n_columns) ||
        !nnf_is_real(target, output->dtype, output->n_rows, output->n_columns))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_shape shape = {(ptrdiff_t)output->n_rows, (ptrdiff_t)output->n_columns};
    const nnf_float_state caller = nnf_float_state_enter();
    nnf_core_get_kernels(output->dtype)->metric[metric](shape, nnf_matrix_rows(output), nnf_matrix_rows(target), parameter, row_value);
    nnf_float_state_set(caller);
    return NNF_STATUS_OK;
}

/* ---- updates ---- */

nnf_status nnf_array_update(const nnf_array_step *step)
{
    if ((unsigned)step->rule >= NNF_N_OPTIMIZERS || !nnf_is_compute_dtype(step->dtype) || step->n < 0 || step->step < 1)
        return NNF_STATUS_INVALID_ARGUMENT;
    const size_t n_hyperparameters = (size_t)nnf_rule_count_hyperparameters(step->rule);
    nnf_rule borrowed = {
        .kernels = nnf_core_get_kernels(step->dtype),
        .rule = step->rule,
        .weight_decay = step->weight_decay,
        .step = step->step - 1,
        .n_slots = nnf_rule_count_slots(step->rule),
    };
    memcpy(borrowed.hyperparameter, step->hyperparameters, n_hyperparameters * sizeof *step->hyperparameters);
    for (int s = 0; s < borrowed.n_slots; s++)
        borrowed.slot[s] = step->slots[s];
    const nnf_float_state caller = nnf_float_state_enter();
    nnf_rule_prepare(&borrowed, step->hyperparameters[0]);
    nnf_rule_update(&borrowed, step->parameter, 0, (ptrdiff_t)step->n, step->gradient);
    nnf_float_state_set(caller);
    return NNF_STATUS_OK;
}

/* ---- checks and random numbers ---- */

int64_t nnf_array_find_not_finite(const nnf_matrix *x)
{
    if (!nnf_is_real(x, x->dtype, x->n_rows, x->n_columns))
        return -1;
    const nnf_shape shape = {(ptrdiff_t)x->n_rows, (ptrdiff_t)x->n_columns};
    const nnf_float_state caller = nnf_float_state_enter();
    const int64_t index = nnf_core_get_kernels(x->dtype)->find_not_finite(shape, nnf_matrix_rows(x));
    nnf_float_state_set(caller);
    return index;
}

void nnf_random_order(uint64_t seed, uint32_t epoch, uint32_t n, uint32_t *order)
{
    nnf_random_shuffle((nnf_random_stream){seed, NNF_RANDOM_SHUFFLE, epoch}, n, order);
}

void nnf_random_fill_uniform(uint64_t seed, int layer, int64_t n, double *out)
{
    nnf_random_uniform((nnf_random_stream){seed, NNF_RANDOM_INITIALIZE | (uint32_t)layer << 8, 0}, n, out);
}

void nnf_array_normal_quantile(int64_t n, const double *probability, double *out)
{
    const nnf_float_state caller = nnf_float_state_enter();
    nnf_core_get_kernels(NNF_F64)->normal_quantile((ptrdiff_t)n, probability, out);
    nnf_float_state_set(caller);
}
