/* trainer.c: see trainer.h. */
#include "training/trainer.h"
#include "base/clock.h"
#include "ops/work.h"
#include "training/job.h"
#include <stdlib.h>
#include <string.h>

static ptrdiff_t least(int64_t a, ptrdiff_t b) { return a < b ? (ptrdiff_t)a : b; }

/* ---- a run ---- */

static int64_t count_batches(const nnf_job *job) { return 1 + (job->x->n_rows - 1) / job->batch_size; }

static int64_t get_end(const nnf_job *job)
{
    const int64_t n_batches = count_batches(job), left = n_batches - job->run->first_batch;
    return job->run->n_batches > 0 && job->run->n_batches < left ? job->run->first_batch + job->run->n_batches : n_batches;
}

static nnf_batch get_batch(const nnf_job *job, uint32_t epoch, int64_t number, int64_t n_batches)
{
    const int64_t first = number * job->batch_size, left = job->x->n_rows - first;
    return (nnf_batch){epoch, number, n_batches, first, left < job->batch_size ? left : job->batch_size};
}

/* Sums up the weights of the epoch's batches in the order that has been made for it. */
static void weigh_batches(const nnf_job *job)
{
    const nnf_trainer *trainer = job->trainer;
    for (int64_t number = job->run->first_batch; number < job->end; number++) {
        const nnf_batch batch = get_batch(job, 0, number, job->end);
        const nnf_source weights = {.matrix = job->run->weights, .order = trainer->order.sample, .first = batch.first};
        trainer->batch_weight[number - job->run->first_batch] = nnf_batches_sum_weights(&weights, 0, (ptrdiff_t)batch.n_rows);
    }
}

/* Batches first .. first + n - 1 of an epoch; false if the run ends in them. */
static bool run_batches(nnf_job *job, nnf_member *member, uint32_t epoch, int64_t first, int64_t n)
{
    const bool by_shards = nnf_plan_is_by_shards(job->trainer->network, job->batch_size);
    for (int64_t number = first; number < first + n; number++) {
        const nnf_batch batch = get_batch(job, epoch, number, count_batches(job));
        if (!(by_shards ? nnf_batch_run_by_shards : nnf_batch_run_together)(job, member, &batch))
            return false;
    }
    return true;
}

/* From batch "number" on: one by the team, or some by member 0. Returns how many, or 0 if the run ends. */
static int64_t advance(nnf_job *job, nnf_member *member, uint32_t epoch, int64_t number)
{
    const int64_t n_alone = least(job->n_alone, job->end - number);
    if (n_alone == 0)
        return run_batches(job, member, epoch, number, 1);
    nnf_member lone = {.team = member->team, .size = 1};
    if (member->index == 0)
        run_batches(job, &lone, epoch, number, n_alone);
    nnf_team_barrier(member);
    /* Between the two meetings nobody reports, so all read the same. */
    const bool goes_on = nnf_job_get_fault(job).status == NNF_STATUS_OK;
    if (member->index == 0) {
        job->n_alone = 0;
        nnf_alone_return(&job->alone, member, n_alone, nnf_clock_get());
    }
    nnf_team_barrier(member);
    return goes_on ? n_alone : 0;
}

static void run_epochs(nnf_member *member, void *argument)
{
    nnf_job *job = argument;
    nnf_trainer *trainer = job->trainer;
    const nnf_run *run = job->run;
    if (member->index == 0) {
        const ptrdiff_t n_rows = nnf_plan_choose_rows(trainer->network, job->batch_size);
        job->alone = nnf_alone_start(member, nnf_clock_get());
        nnf_plan_make(&trainer->plan, trainer->network, n_rows, member->size);
        nnf_plan_make(&trainer->plan_alone, trainer->network, n_rows, 1);
    }
    for (uint32_t epoch = 0; epoch < run->n_epochs; epoch++) {
        if (member->index == 0) {
            nnf_order_shuffle(&trainer->order, run->seed, run->first_epoch + epoch);
            if (nnf_job_has_batch_weights(job))
                weigh_batches(job);
        }
        nnf_team_barrier(member);
        for (int64_t number = run->first_batch, n; number < job->end; number += n) {
            n = advance(job, member, epoch, number);
            if (n == 0)
                return;
        }
        if (member->index == 0)
            job->stats[epoch].is_finished = true;
    }
}

/* ---- its memory ---- */

/* Sums of shards: one array laid out like the parameters, and if members take whole shards one more for each of a round. */
static bool reserve_gradients(nnf_trainer *trainer, ptrdiff_t n_arrays)
{
    const size_t size = nnf_size_multiply(trainer->network->parameter_size, (size_t)n_arrays);
    if (trainer->gradients.base && trainer->gradients.size >= size)
        return true;
    nnf_arena_free(&trainer->gradients);
    nnf_arena_plan(&trainer->gradients, size);
    return nnf_arena_create(&trainer->gradients);
}

static bool reserve_values(nnf_trainer *trainer, ptrdiff_t n_rows)
{
    if (trainer->values.n_rows >= n_rows)
        return true;
    const size_t size = sizeof(double) * (size_t)nnf_objective_count_values(&trainer->objective);
    double *value = realloc(trainer->values.value, nnf_size_multiply((size_t)n_rows, size));
    if (!value)
        return false;
    trainer->values = (nnf_row_values){.value = value, .n_rows = n_rows};
    return true;
}

static bool reserve_batch_weights(nnf_trainer *trainer, const nnf_job *job)
{
    if (!nnf_job_has_batch_weights(job))
        return true;
    const size_t n_batches = (size_t)(job->end - job->run->first_batch);
    double *weight = realloc(trainer->batch_weight, nnf_size_multiply(n_batches, sizeof *weight));
    trainer->batch_weight = weight ? weight : trainer->batch_weight;
    return weight;
}

static bool reserve(nnf_trainer *trainer, const nnf_job *job, int n_threads)
{
    const ptrdiff_t n_rows = nnf_plan_choose_rows(trainer->network, job->batch_size);
    const bool by_shards = nnf_plan_is_by_shards(trainer->network, job->batch_size);
    const ptrdiff_t n_shards = by_shards ? nnf_plan_limit_round(trainer->network, job->batch_size, n_threads) : 0;
    if (job->batch_size > n_rows && !reserve_gradients(trainer, 1 + n_shards))
        return false;
    if (!nnf_plan_reserve(&trainer->plan, trainer->network) || !nnf_plan_reserve(&trainer->plan_alone, trainer->network) ||
        !nnf_order_reserve(&trainer->order, job->x->n_rows, job->run->shuffle) || !reserve_batch_weights(trainer, job))
        return false;
    if (by_shards)
        return reserve_values(trainer, n_shards * nnf_plan_get_shard_rows(job->batch_size, n_threads)) &&
               nnf_workspace_reserve(&trainer->workspace, trainer->network, (ptrdiff_t)n_threads * NNF_CHUNK_ROWS, true);
    const ptrdiff_t n_ahead = job->batch_size == 1; /* a row for what the next batch begins with */
    return reserve_values(trainer, n_rows) && nnf_workspace_reserve(&trainer->workspace, trainer->network, n_rows + n_ahead, true);
}

static int choose_threads(const nnf_job *job)
{
    const double work_per_row = job->trainer->network->work_per_row;
    const double n_batches = (double)(job->end - job->run->first_batch) * job->run->n_epochs;
    return nnf_work_choose_team((double)nnf_plan_choose_rows(job->trainer->network, job->batch_size) * work_per_row / 2,
                                n_batches * (double)job->batch_size * work_per_row);
}

nnf_status nnf_train(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats)
{
    nnf_job job = {
        .trainer = trainer,
        .x = x,
        .y = y,
        .run = run,
        .batch_size = run->batch_size < x->n_rows ? run->batch_size : x->n_rows,
        .stats = stats,
        .report = NNF_NO_REPORT,
    };
    job.end = get_end(&job);
    const int n_threads = choose_threads(&job);
    memset(stats, 0, run->n_epochs * sizeof *stats);
    if (!reserve(trainer, &job, n_threads))
        return NNF_STATUS_OUT_OF_MEMORY;
    trainer->values.weights.matrix = run->weights;
    job.poller = nnf_poller_start(run->poll, run->poll_argument);
    nnf_step_follow(trainer->step, run->learning_rates);
    nnf_team_run(n_threads, run_epochs, &job);
    nnf_step_follow(trainer->step, NULL);
    const nnf_fault fault = nnf_job_get_fault(&job);
    trainer->bad_layer = fault.layer;
    return fault.status;
}

void nnf_trainer_release(nnf_trainer *trainer)
{
    nnf_workspace_free(&trainer->workspace);
    nnf_arena_free(&trainer->gradients);
    nnf_order_free(&trainer->order);
    nnf_plan_free(&trainer->plan);
    nnf_plan_free(&trainer->plan_alone);
    free(trainer->values.value);
    free(trainer->batch_weight);
}
