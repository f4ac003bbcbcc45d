/* job.c: see job.h. */
#include "training/job.h"
#include "base/clock.h"

/* Of what members meet between two meetings a bad label is told before a loss that is not finite, and either before a stop, whoever
 * was first. */
static void report(nnf_job *job, nnf_status status)
{
    static const unsigned char rank[] = {
        [NNF_STATUS_OK] = 0, [NNF_STATUS_STOPPED] = 1, [NNF_STATUS_NOT_FINITE] = 2, [NNF_STATUS_LABEL_OUT_OF_RANGE] = 3};
    nnf_status known = atomic_load(&job->verdict);
    while (rank[known] < rank[status] && !atomic_compare_exchange_weak(&job->verdict, &known, status)) {
    }
}

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
        report(job, NNF_STATUS_STOPPED);
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

static void report_not_finite(nnf_job *job, const nnf_passes *passes, ptrdiff_t begin, ptrdiff_t end)
{
    const int bad = nnf_passes_find_not_finite(passes, begin, end);
    int known = atomic_load(&job->bad_layer);
    while (bad < known && !atomic_compare_exchange_weak(&job->bad_layer, &known, bad)) {
    }
    report(job, NNF_STATUS_NOT_FINITE);
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

void nnf_job_measure(nnf_job *job, const nnf_batch *batch, const nnf_passes *passes, nnf_row_values values, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_objective *objective = &job->trainer->objective;
    const nnf_source targets = nnf_job_get_source(job, passes, job->y);
    if (!nnf_batches_gather_targets(passes, &targets, begin, end))
        report(job, NNF_STATUS_LABEL_OUT_OF_RANGE);
    values.weights = nnf_job_get_source(job, passes, job->run->weights);
    const double scale = nnf_objective_get_scale(objective, batch->n_rows, get_weight(job, batch));
    if (!nnf_objective_measure(objective, passes, scale, values, begin, end))
        report_not_finite(job, passes, begin, end);
    if (job->run->outputs) {
        const nnf_source outputs = nnf_job_get_source(job, passes, job->run->outputs);
        nnf_batches_scatter_outputs(passes, &outputs, begin, end);
    }
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
