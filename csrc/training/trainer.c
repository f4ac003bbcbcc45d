/* trainer.c: see trainer.h. */
#include "training/trainer.h"
#include "base/team.h"
#include "ops/work.h"
#include "training/poll.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One run, shared by the team. Of this struct only member 0 writes what is not atomic. */
typedef struct epochs_job {
    nnf_trainer *trainer;
    const nnf_matrix *x, *y;
    const nnf_run *run;
    nnf_stats *stats; /* one an epoch */
    nnf_stats batch;  /* of the shards of the batch that are done */
    nnf_poller poller;
    _Atomic nnf_status verdict; /* not OK: the batch is not to be taken */
} epochs_job;

/* Some rows of the data: a batch, or one of its shards. */
typedef struct shard_rows {
    int64_t first; /* position in the epoch */
    ptrdiff_t n_rows;
    bool is_first, is_last; /* of its batch */
    double gradient_scale;
} shard_rows;

/* A bad label is told before a loss that is not finite, and either before a stop, whoever met it first. */
static void report(epochs_job *job, nnf_status status)
{
    static const unsigned char rank[] = {
        [NNF_STATUS_OK] = 0, [NNF_STATUS_STOPPED] = 1, [NNF_STATUS_NOT_FINITE] = 2, [NNF_STATUS_LABEL_OUT_OF_RANGE] = 3};
    nnf_status known = atomic_load(&job->verdict);
    while (rank[known] < rank[status] && !atomic_compare_exchange_weak(&job->verdict, &known, status)) {
    }
}

/* ---- phase 1 ---- */

static nnf_pass_mode get_mode(const epochs_job *job, uint32_t epoch, const shard_rows *shard)
{
    return (nnf_pass_mode){
        .training = true,
        .to_logits = nnf_objective_takes_logits(&job->trainer->objective),
        .seed = job->run->seed,
        .epoch = job->run->first_epoch + epoch,
        .position = (uint64_t)shard->first,
    };
}

/* This member's rows: whole register tiles. */
static void share_rows(const nnf_member *member, const nnf_kernels *kernels, ptrdiff_t n_rows, ptrdiff_t *begin, ptrdiff_t *end)
{
    int64_t first_tile, last_tile;
    nnf_team_share(member, (n_rows + kernels->tile_rows - 1) / kernels->tile_rows, &first_tile, &last_tile);
    *begin = (ptrdiff_t)first_tile * kernels->tile_rows;
    *end = (ptrdiff_t)last_tile * kernels->tile_rows;
    if (*end > n_rows)
        *end = n_rows;
}

static void carry_rows(epochs_job *job, const nnf_member *member, uint32_t epoch, const shard_rows *shard)
{
    nnf_trainer *trainer = job->trainer;
    const nnf_network *network = trainer->network;
    const nnf_pass_mode mode = get_mode(job, epoch, shard);
    const uint32_t *order = trainer->order.sample ? trainer->order.sample + shard->first : NULL;
    const int64_t first = order ? 0 : shard->first;
    ptrdiff_t begin, end;
    share_rows(member, network->kernels, shard->n_rows, &begin, &end);
    if (begin >= end)
        return;
    nnf_passes_gather(network, &trainer->workspace, job->x, order, first, begin, end);
    if (!nnf_batches_gather_targets(network, &trainer->workspace, job->y, order, first, begin, end))
        report(job, NNF_STATUS_LABEL_OUT_OF_RANGE);
    nnf_passes_forward(network, &trainer->workspace, mode, begin, end);
    if (!nnf_objective_measure(&trainer->objective, network, &trainer->workspace, true, shard->gradient_scale, trainer->values, begin, end))
        report(job, NNF_STATUS_NOT_FINITE);
    nnf_passes_backward(network, &trainer->workspace, mode, network->first_trained, false, begin, end);
}

/* ---- phase 2 ---- */

static void update_blocks(epochs_job *job, const shard_rows *shard, int task, int last)
{
    nnf_trainer *trainer = job->trainer;
    const nnf_network *network = trainer->network;
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    for (; task < last; task++) {
        const nnf_task *t = &network->tasks[task];
        const ptrdiff_t size = nnf_task_size(network, t);
        const void *gradient = tile;
        nnf_passes_block_gradient(network, &trainer->workspace, true, t, shard->n_rows, tile);
        if (!(shard->is_first && shard->is_last)) {
            unsigned char *sum = trainer->gradients.base + nnf_task_offset(network, t);
            if (shard->is_first)
                memcpy(sum, tile, (size_t)size * nnf_dtype_size(network->kernels->dtype));
            else
                network->kernels->add(size, tile, sum);
            gradient = sum;
        }
        if (shard->is_last)
            nnf_task_update(network, t, trainer->rule, gradient);
    }
}

/* ---- a batch ---- */

/* The calling thread's own part of phase 1. */
static void ask_and_prepare(epochs_job *job, uint32_t epoch, const shard_rows *shard, int64_t batch, int64_t n_batches)
{
    const nnf_stats *stats = &job->stats[epoch];
    const nnf_progress progress = {epoch, batch, n_batches, stats->n_rows > 0 ? stats->loss / (double)stats->n_rows : 0};
    if (!nnf_poller_ask(&job->poller, &progress))
        report(job, NNF_STATUS_STOPPED);
    job->trainer->n_carried = shard->n_rows;
    if (shard->is_last)
        nnf_rule_prepare(job->trainer->rule);
}

/* The calling thread's own part of phase 2. */
static void count_shard(epochs_job *job, uint32_t epoch, const shard_rows *shard)
{
    nnf_trainer *trainer = job->trainer;
    const int n_metrics = trainer->objective.n_metrics;
    if (shard->is_first)
        job->batch = (nnf_stats){0};
    nnf_stats_add_rows(&job->batch, trainer->values, n_metrics, shard->n_rows);
    if (shard->is_last) {
        nnf_stats_add(&job->stats[epoch], &job->batch, n_metrics);
        job->stats[epoch].n_batches++;
        trainer->rule->step++;
    }
}

/* What one member knows for the whole run. */
typedef struct share {
    nnf_member *member;
    int first_task, last_task;
} share;

/* False if the run ends here. */
static bool run_batch(epochs_job *job, const share *mine, uint32_t epoch, int64_t batch, int64_t n_batches)
{
    const int64_t first = batch * job->run->batch_size, left = job->x->n_rows - first;
    const int64_t size = left < job->run->batch_size ? left : job->run->batch_size;
    for (int64_t done = 0; done < size; done += NNF_SHARD_ROWS) {
        const int64_t rest = size - done;
        const shard_rows shard = {
            .first = first + done,
            .n_rows = rest < NNF_SHARD_ROWS ? (ptrdiff_t)rest : NNF_SHARD_ROWS,
            .is_first = done == 0,
            .is_last = rest <= NNF_SHARD_ROWS,
            .gradient_scale = nnf_objective_get_scale(&job->trainer->objective, size),
        };
        if (mine->member->index == 0)
            ask_and_prepare(job, epoch, &shard, batch, n_batches);
        carry_rows(job, mine->member, epoch, &shard);
        nnf_team_barrier(mine->member);
        if (atomic_load(&job->verdict) != NNF_STATUS_OK)
            return false;
        if (mine->member->index == 0)
            count_shard(job, epoch, &shard);
        update_blocks(job, &shard, mine->first_task, mine->last_task);
        nnf_team_barrier(mine->member);
    }
    return true;
}

/* ---- a run ---- */

static int64_t count_batches(const epochs_job *job) { return 1 + (job->x->n_rows - 1) / job->run->batch_size; }

static void run_epochs(nnf_member *member, void *argument)
{
    epochs_job *job = argument;
    const nnf_run *run = job->run;
    const int64_t n_batches = count_batches(job);
    const int64_t left = n_batches - run->first_batch;
    const int64_t end = run->first_batch + (run->n_batches > 0 && run->n_batches < left ? run->n_batches : left);
    share mine = {.member = member};
    nnf_network_share_tasks(job->trainer->network, member->index, member->size, &mine.first_task, &mine.last_task);
    for (uint32_t epoch = 0; epoch < run->n_epochs; epoch++) {
        if (member->index == 0)
            nnf_order_shuffle(&job->trainer->order, run->seed, run->first_epoch + epoch);
        nnf_team_barrier(member);
        for (int64_t batch = run->first_batch; batch < end; batch++)
            if (!run_batch(job, &mine, epoch, batch, n_batches))
                return;
        if (member->index == 0)
            job->stats[epoch].is_finished = true;
    }
}

/* All memory of a run. */
static bool reserve(nnf_trainer *trainer, const nnf_matrix *x, const nnf_run *run)
{
    const int64_t batch = run->batch_size < x->n_rows ? run->batch_size : x->n_rows;
    const ptrdiff_t n_rows = batch < NNF_SHARD_ROWS ? (ptrdiff_t)batch : NNF_SHARD_ROWS;
    if (batch > NNF_SHARD_ROWS && !trainer->gradients.base) {
        nnf_arena_free(&trainer->gradients);
        nnf_arena_plan(&trainer->gradients, trainer->network->parameter_size);
        if (!nnf_arena_create(&trainer->gradients))
            return false;
    }
    if (trainer->values.n_rows < n_rows) {
        const size_t size = sizeof(double) * (size_t)(1 + trainer->objective.n_metrics);
        double *value = realloc(trainer->values.value, nnf_size_multiply((size_t)n_rows, size));
        if (!value)
            return false;
        trainer->values = (nnf_row_values){value, n_rows};
    }
    return nnf_workspace_reserve(&trainer->workspace, trainer->network, n_rows, true) &&
           nnf_order_reserve(&trainer->order, x->n_rows, run->shuffle);
}

nnf_status nnf_train(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats)
{
    memset(stats, 0, run->n_epochs * sizeof *stats);
    if (!reserve(trainer, x, run))
        return NNF_STATUS_OUT_OF_MEMORY;
    const int64_t batch = run->batch_size < NNF_SHARD_ROWS ? run->batch_size : NNF_SHARD_ROWS;
    const double work = (double)(batch < x->n_rows ? batch : x->n_rows) * trainer->network->work_per_row;
    epochs_job job = {
        .trainer = trainer,
        .x = x,
        .y = y,
        .run = run,
        .stats = stats,
        .poller = nnf_poller_start(run->poll, run->poll_argument),
        .verdict = NNF_STATUS_OK,
    };
    nnf_team_run(nnf_work_choose_threads(work / 2), run_epochs, &job);
    return job.verdict;
}

static bool is_finite(const nnf_trainer *trainer, nnf_rows rows, ptrdiff_t n_columns)
{
    return trainer->network->kernels->find_not_finite((nnf_shape){trainer->n_carried, n_columns}, rows) < 0;
}

int nnf_trainer_find_bad_layer(const nnf_trainer *trainer)
{
    const nnf_network *network = trainer->network;
    if (!is_finite(trainer, trainer->workspace.input, network->in_size))
        return -1;
    int l = 0;
    while (l < network->n_layers && is_finite(trainer, trainer->workspace.layers[l].output, network->layers[l].out_size))
        l++;
    return l;
}

void nnf_trainer_release(nnf_trainer *trainer)
{
    nnf_workspace_free(&trainer->workspace);
    nnf_arena_free(&trainer->gradients);
    nnf_order_free(&trainer->order);
    free(trainer->values.value);
}
