/* job.c: see job.h. */
#include "training/job.h"
#include "base/clock.h"
#include <math.h>

/* ---- reports ---- */

/* Reports are numbers, so that one atomic keeps the least: that of the lowest shard of the round, in it a label before a loss that is
 * not finite, then the lowest layer. A stop is behind them all. */
static const int64_t STOP = NNF_NO_REPORT - 1;

static int64_t number_report(ptrdiff_t place, nnf_fault fault)
{
    const int64_t kind = 2 * (int64_t)place + (fault.status == NNF_STATUS_NOT_FINITE);
    return kind * ((int64_t)1 << 32) + fault.layer + 1;
}

static void keep_least(nnf_job *job, int64_t report)
{
    int64_t known = atomic_load(&job->report);
    while (report < known && !atomic_compare_exchange_weak(&job->report, &known, report)) {
    }
}

void nnf_job_report(nnf_job *job, ptrdiff_t place, nnf_fault fault)
{
    if (fault.status != NNF_STATUS_OK)
        keep_least(job, number_report(place, fault));
}

nnf_fault nnf_job_get_fault(const nnf_job *job)
{
    const int64_t report = atomic_load(&job->report);
    if (report >= STOP)
        return (nnf_fault){.status = report == STOP ? NNF_STATUS_STOPPED : NNF_STATUS_OK};
    const bool is_label = (report >> 32) % 2 == 0;
    return (nnf_fault){is_label ? NNF_STATUS_LABEL_OUT_OF_RANGE : NNF_STATUS_NOT_FINITE, (int)(report & INT32_MAX) - 1};
}

/* ---- what members ask ---- */

bool nnf_job_has_batch_weights(const nnf_job *job)
{
    return job->run->weights && job->trainer->objective.reduction == NNF_REDUCTION_WEIGHTED_MEAN;
}

void nnf_job_ask(nnf_job *job, const nnf_batch *batch)
{
    const nnf_stats *stats = &job->stats[batch->epoch];
    const double n = nnf_job_has_batch_weights(job) ? stats->weight : (double)stats->n_rows;
    const double loss = n > 0 ? stats->loss / n + stats->penalty / (double)stats->n_rows : 0;
    const nnf_progress progress = {batch->epoch, batch->number, batch->n_batches, loss};
    if (!nnf_poller_ask(&job->poller, &progress))
        keep_least(job, STOP);
}

const nnf_plan *nnf_job_get_plan(const nnf_job *job, const nnf_member *member)
{
    return member->size == 1 ? &job->trainer->plan_alone : &job->trainer->plan;
}

nnf_passes nnf_job_get_passes(const nnf_job *job, const nnf_batch *batch, int64_t position)
{
    return (nnf_passes){
        .network = job->trainer->network,
        .workspace = &job->trainer->workspace,
        .mode =
            {
                .training = true,
                .to_logits = nnf_objective_takes_logits(&job->trainer->objective),
                .seed = job->run->seed,
                .epoch = job->run->first_epoch + batch->epoch,
                .position = (uint64_t)position,
            },
    };
}

nnf_source nnf_job_get_source(const nnf_job *job, const nnf_passes *passes, const nnf_matrix *matrix)
{
    const uint32_t *order = job->trainer->order.sample;
    const int64_t first = (int64_t)passes->mode.position;
    if (order && job->batch_size == 1)
        return (nnf_source){.matrix = matrix, .first = (int64_t)order[first]};
    return (nnf_source){.matrix = matrix, .order = order, .first = first};
}

/* ---- from outputs to losses ---- */

/* Rows whose loss is finite are left out, whatever their layers gave: else it would matter which rows are measured together. */
static int find_bad_layer(const nnf_passes *passes, nnf_row_values values, ptrdiff_t begin, ptrdiff_t end)
{
    int lowest = passes->network->n_layers;
    for (ptrdiff_t i = begin; i < end; i++)
        if (!isfinite(values.value[i])) {
            const int bad = nnf_passes_find_not_finite(passes, i, i + 1);
            lowest = bad < lowest ? bad : lowest;
        }
    return lowest;
}

/* Of all rows of a batch. */
static double get_weight(const nnf_job *job, const nnf_batch *batch)
{
    return nnf_job_has_batch_weights(job) ? job->trainer->batch_weight[batch->number - job->run->first_batch] : (double)batch->n_rows;
}

void nnf_job_prepare_step(const nnf_job *job, const nnf_batch *batch)
{
    const nnf_trainer *trainer = job->trainer;
    nnf_step_prepare(trainer->step, nnf_objective_get_penalty_share(&trainer->objective, batch->n_rows, get_weight(job, batch)));
}

nnf_fault nnf_job_measure(const nnf_job *job, const nnf_batch *batch, const nnf_passes *passes, nnf_row_values values, ptrdiff_t begin,
                          ptrdiff_t end)
{
    const nnf_objective *objective = &job->trainer->objective;
    const nnf_source targets = nnf_job_get_source(job, passes, job->y);
    const bool has_labels = nnf_batches_gather_targets(passes, &targets, begin, end);
    values.weights = nnf_job_get_source(job, passes, job->run->weights);
    const double scale = nnf_objective_get_scale(objective, batch->n_rows, get_weight(job, batch));
    const bool is_finite = nnf_objective_measure(objective, passes, scale, values, begin, end);
    if (job->run->outputs) {
        const nnf_source outputs = nnf_job_get_source(job, passes, job->run->outputs);
        nnf_batches_scatter_outputs(passes, &outputs, begin, end);
    }
    if (!has_labels)
        return (nnf_fault){.status = NNF_STATUS_LABEL_OUT_OF_RANGE};
    return is_finite ? (nnf_fault){.status = NNF_STATUS_OK}
                     : (nnf_fault){NNF_STATUS_NOT_FINITE, find_bad_layer(passes, values, begin, end)};
}

void nnf_job_count(nnf_job *job, const nnf_member *member, const nnf_batch *batch, nnf_row_values values, int64_t done, ptrdiff_t n_rows)
{
    const int n_metrics = job->trainer->objective.n_metrics;
    if (done == 0)
        job->batch = (nnf_stats){0};
    nnf_stats_add_rows(&job->batch, values, n_metrics, n_rows);
    if (done + n_rows == batch->n_rows) {
        nnf_stats_add(&job->stats[batch->epoch], &job->batch, n_metrics);
        job->stats[batch->epoch].n_batches++;
        nnf_step_count(job->trainer->step);
        if (member->size > 1)
            job->n_alone = nnf_alone_choose(&job->alone, member, nnf_clock_get());
    }
}

void nnf_job_finish_step(nnf_job *job, nnf_member *member)
{
    const nnf_step *step = job->trainer->step;
    const nnf_network *network = job->trainer->network;
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    for (nnf_step_phase phase = 0; phase < NNF_N_STEP_PHASES; phase++)
        if (nnf_step_has_phase(step, phase)) {
            nnf_step_factor factor = {0};
            nnf_team_barrier(member);
            for (int t = 0; t < network->n_tasks; t++)
                if (plan->owner[t] == member->index)
                    nnf_step_run_phase(step, phase, &network->tasks[t], &factor);
        }
}

void nnf_job_count_penalty(nnf_job *job, const nnf_batch *batch)
{
    job->stats[batch->epoch].penalty += (double)batch->n_rows * nnf_step_get_penalty(job->trainer->step);
}
