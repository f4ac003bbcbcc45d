/* batch_together.c: a batch in which every row, or every panel of a layer, is one member's. A batch of more than NNF_SHARD_ROWS rows
 * is done shard by shard, the blocks' gradients added up in order; or in one piece, where a layer takes the statistics of the batch. */
#include "network/normalizing.h"
#include "network/team_passes.h"
#include "training/ahead.h"
#include <string.h>

/* Some rows of the batch, at most NNF_SHARD_ROWS; or all, where a layer takes the statistics of the batch. */
typedef struct shard_rows {
    const nnf_batch *batch;
    int64_t done; /* rows of the batch before it */
    ptrdiff_t n_rows;
    bool is_first, is_last;
    bool looks_ahead; /* see ahead.h */
} shard_rows;

/* ---- phase 1: through the layers and back ---- */

static void carry_rows(nnf_job *job, nnf_member *member, const shard_rows *shard, nnf_passes *passes)
{
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    const nnf_part rows = nnf_team_passes_get_part(member, shard->n_rows, false);
    if (!passes->is_begun) {
        const nnf_source features = nnf_job_get_source(job, passes, job->x);
        nnf_passes_gather(passes, &features, rows.begin, rows.end);
    }
    nnf_team_passes_forward(passes, member, plan->by_columns, shard->n_rows);
    nnf_job_report(job, 0, nnf_job_measure(job, shard->batch, passes, job->trainer->values, rows.begin, rows.end));
    nnf_team_passes_backward(passes, member, plan->by_columns, shard->n_rows, passes->network->first_trained, false);
}

/* ---- phase 2: blocks of parameters ---- */

/* The gradient of all shards so far: the tile itself where the batch has only one. */
static void *add_up(const nnf_trainer *trainer, const nnf_task *task, const shard_rows *shard, void *tile)
{
    const nnf_network *network = trainer->network;
    if (shard->is_first && shard->is_last)
        return tile;
    unsigned char *sum = trainer->gradients.base + nnf_task_offset(network, task);
    if (shard->is_first)
        memcpy(sum, tile, (size_t)nnf_task_size(network, task) * nnf_dtype_size(network->kernels->dtype));
    else
        network->kernels->add(nnf_task_size(network, task), tile, sum);
    return sum;
}

static void update_block(const nnf_trainer *trainer, const nnf_task *task, const shard_rows *shard, const nnf_passes *passes)
{
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    if (shard->batch->n_rows == 1 && trainer->step->is_plain) {
        nnf_step_take_row(trainer->step, passes, task);
        return;
    }
    nnf_passes_block_gradient(passes, task, shard->n_rows, tile);
    void *gradient = add_up(trainer, task, shard, tile);
    if (shard->is_last)
        nnf_step_take(trainer->step, task, gradient);
}

/* What nnf_ahead_run updates. */
static bool is_first_weights(const nnf_task *task) { return task->layer == 0 && task->which == NNF_WEIGHTS; }

static void update_blocks(nnf_job *job, const nnf_member *member, const shard_rows *shard, const nnf_passes *passes)
{
    const nnf_network *network = job->trainer->network;
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    for (int t = 0; t < network->n_tasks; t++)
        if (plan->owner[t] == member->index && !(shard->looks_ahead && is_first_weights(&network->tasks[t])))
            update_block(job->trainer, &network->tasks[t], shard, passes);
    if (shard->looks_ahead)
        nnf_ahead_run(job, shard->batch, passes);
    const nnf_part columns = nnf_team_passes_get_part(member, shard->n_rows, true);
    nnf_normalizing_learn(passes, &columns);
}

/* ---- both ---- */

static bool run_shard(nnf_job *job, nnf_member *member, const shard_rows *shard)
{
    nnf_trainer *trainer = job->trainer;
    nnf_passes passes = nnf_job_get_passes(job, shard->batch, shard->batch->first + shard->done);
    if (member->index == 0) {
        nnf_job_ask(job, shard->batch);
        if (shard->is_last)
            nnf_job_prepare_step(job, shard->batch);
    }
    nnf_ahead_take_up(job, member, &passes);
    if (shard->looks_ahead)
        nnf_ahead_ask(job, shard->batch);
    carry_rows(job, member, shard, &passes);
    nnf_team_barrier(member);
    if (nnf_job_get_fault(job).status != NNF_STATUS_OK)
        return false;
    if (member->index == 0)
        nnf_job_count(job, member, shard->batch, trainer->values, shard->done, shard->n_rows);
    update_blocks(job, member, shard, &passes);
    if (shard->is_last)
        nnf_job_finish_step(job, member);
    nnf_team_barrier(member);
    if (member->index == 0 && shard->is_last)
        nnf_job_count_penalty(job, shard->batch);
    return true;
}

bool nnf_batch_run_together(nnf_job *job, nnf_member *member, const nnf_batch *batch)
{
    const int64_t most = nnf_plan_choose_rows(job->trainer->network, batch->n_rows);
    for (int64_t done = 0; done < batch->n_rows; done += most) {
        const int64_t rest = batch->n_rows - done;
        const shard_rows shard = {
            .batch = batch,
            .done = done,
            .n_rows = (ptrdiff_t)(rest < most ? rest : most),
            .is_first = done == 0,
            .is_last = rest <= most,
            .looks_ahead = nnf_ahead_is_possible(job, member, batch),
        };
        if (!run_shard(job, member, &shard))
            return false;
    }
    return true;
}
