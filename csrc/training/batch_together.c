/* batch_together.c: a batch in which every row, or every panel of a layer, is one member's. A batch of more than NNF_SHARD_ROWS rows
 * is done shard by shard, the blocks' gradients added up in order. */
#include "training/job.h"
#include <string.h>

/* Some rows of the batch, at most NNF_SHARD_ROWS. */
typedef struct shard_rows {
    const nnf_batch *batch;
    int64_t done; /* rows of the batch before it */
    ptrdiff_t n_rows;
    bool is_first, is_last;
} shard_rows;

/* ---- phase 1: through the layers and back ---- */

static nnf_part get_part(const nnf_member *member, ptrdiff_t n_rows, bool by_columns)
{
    int64_t begin, end;
    nnf_team_share(member, n_rows, &begin, &end);
    if (by_columns)
        return (nnf_part){0, n_rows, member->index, member->size};
    return nnf_part_of_rows((ptrdiff_t)begin, (ptrdiff_t)end);
}

/* Leaves the outputs of this member's rows complete. Members meet wherever one needs what another makes. */
static void go_forward(const nnf_plan *plan, nnf_member *member, const nnf_passes *passes, ptrdiff_t n_rows)
{
    bool is_split = false; /* what the last layer gave lies with the members by columns */
    for (int l = 0; l < passes->network->n_layers; l++)
        if (nnf_passes_has_layer(passes, l)) {
            if (plan->by_columns[l] || is_split)
                nnf_team_barrier(member);
            const nnf_part part = get_part(member, n_rows, plan->by_columns[l]);
            nnf_passes_layer_forward(passes, l, &part);
            is_split = plan->by_columns[l];
        }
    if (is_split)
        nnf_team_barrier(member);
}

static void go_back(const nnf_plan *plan, nnf_member *member, const nnf_passes *passes, ptrdiff_t n_rows)
{
    const int lowest = passes->network->first_trained;
    bool is_split = false;
    for (int l = passes->network->n_layers - 1; l >= lowest; l--) {
        const bool by_columns = plan->by_columns[l];
        if (is_split && !by_columns) {
            nnf_team_barrier(member);
            is_split = false;
        }
        const nnf_part at_hand = get_part(member, n_rows, is_split);
        nnf_passes_layer_derive(passes, l, &at_hand);
        if (l > lowest) {
            if (by_columns)
                nnf_team_barrier(member);
            const nnf_part part = get_part(member, n_rows, by_columns);
            nnf_passes_layer_descend(passes, l, &part);
            is_split = by_columns;
        }
    }
}

static void carry_rows(nnf_job *job, nnf_member *member, const shard_rows *shard, nnf_passes *passes)
{
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    const nnf_part rows = get_part(member, shard->n_rows, false);
    const nnf_source features = nnf_job_get_source(job, passes, job->x);
    nnf_passes_gather(passes, &features, rows.begin, rows.end);
    go_forward(plan, member, passes, shard->n_rows);
    nnf_job_measure(job, shard->batch, passes, job->trainer->values, rows.begin, rows.end);
    go_back(plan, member, passes, shard->n_rows);
}

/* ---- phase 2: blocks of parameters ---- */

/* The gradient of all shards so far: the tile itself where the batch has only one. */
static void *add_up(const nnf_trainer *trainer, const nnf_task *task, const shard_rows *shard, void *tile)
{
    const nnf_network *network = trainer->network;
    unsigned char *sum = trainer->gradients.base + nnf_task_offset(network, task);
    if (shard->is_first && shard->is_last)
        return tile;
    if (shard->is_first)
        memcpy(sum, tile, (size_t)nnf_task_size(network, task) * nnf_dtype_size(network->kernels->dtype));
    else
        network->kernels->add(nnf_task_size(network, task), tile, sum);
    return sum;
}

static void update_block(const nnf_trainer *trainer, const nnf_task *task, const shard_rows *shard, const nnf_passes *passes)
{
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    if (shard->batch->n_rows == 1 && nnf_step_is_plain(trainer->step, task)) {
        nnf_step_take_row(trainer->step, passes, task);
        return;
    }
    nnf_passes_block_gradient(passes, task, shard->n_rows, tile);
    void *gradient = add_up(trainer, task, shard, tile);
    if (shard->is_last)
        nnf_step_take(trainer->step, task, gradient);
}

static void update_blocks(const nnf_job *job, const nnf_member *member, const shard_rows *shard, const nnf_passes *passes)
{
    const nnf_network *network = job->trainer->network;
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    for (int t = 0; t < network->n_tasks; t++)
        if (plan->owner[t] == member->index)
            update_block(job->trainer, &network->tasks[t], shard, passes);
}

/* ---- both ---- */

static bool run_shard(nnf_job *job, nnf_member *member, const shard_rows *shard)
{
    nnf_trainer *trainer = job->trainer;
    nnf_passes passes = nnf_job_get_passes(job, shard->batch, shard->batch->first + shard->done);
    if (member->index == 0) {
        nnf_job_ask(job, shard->batch);
        if (shard->is_last)
            nnf_step_prepare(trainer->step);
    }
    carry_rows(job, member, shard, &passes);
    nnf_team_barrier(member);
    if (atomic_load(&job->verdict) != NNF_STATUS_OK)
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
    for (int64_t done = 0; done < batch->n_rows; done += NNF_SHARD_ROWS) {
        const int64_t rest = batch->n_rows - done;
        const shard_rows shard = {
            .batch = batch,
            .done = done,
            .n_rows = rest < NNF_SHARD_ROWS ? (ptrdiff_t)rest : NNF_SHARD_ROWS,
            .is_first = done == 0,
            .is_last = rest <= NNF_SHARD_ROWS,
        };
        if (!run_shard(job, member, &shard))
            return false;
    }
    return true;
}
