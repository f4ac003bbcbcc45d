/* batch_by_shards.c: a huge batch of a small network. Each member takes a whole shard, some rows at a time, and adds their part to
 * gradients of its own while the rows are still in its cache: the data are read once. After every round of shards the
 * members' sums are added up in order, so they are the same as those of batch_together.c, which keeps the rows of a shard. */
#include "training/job.h"
#include <string.h>

static void *get_own_gradients(const nnf_trainer *trainer, int member)
{
    return trainer->gradients.base + (size_t)(1 + member) * trainer->network->parameter_size;
}

static nnf_row_values get_own_values(const nnf_trainer *trainer, int member, ptrdiff_t shard_rows)
{
    nnf_row_values values = trainer->values;
    values.value += member * shard_rows;
    return values;
}

static ptrdiff_t count_rows(const nnf_batch *batch, int64_t shard, ptrdiff_t shard_rows)
{
    const int64_t rest = batch->n_rows - shard * shard_rows;
    return rest < shard_rows ? (ptrdiff_t)rest : shard_rows;
}

/* Rows done .. done + n - 1 of a shard that begins with the batch's row first, in this member's rows of the workspace. */
static void carry_chunk(nnf_job *job, const nnf_member *member, const nnf_batch *batch, int64_t first, ptrdiff_t done, ptrdiff_t n)
{
    const nnf_trainer *trainer = job->trainer;
    const nnf_network *network = trainer->network;
    const ptrdiff_t begin = (ptrdiff_t)member->index * NNF_CHUNK_ROWS, end = begin + n;
    nnf_passes passes = nnf_job_get_passes(job, batch, batch->first + first + done - begin);
    const nnf_source features = nnf_job_get_source(job, &passes, job->x);
    nnf_row_values values = get_own_values(trainer, member->index, nnf_plan_get_shard_rows(batch->n_rows, member->size));
    values.value += done - begin;
    nnf_passes_gather(&passes, &features, begin, end);
    nnf_passes_forward(&passes, begin, end);
    nnf_job_measure(job, batch, &passes, values, begin, end);
    nnf_passes_backward(&passes, network->first_trained, false, begin, end);
    unsigned char *gradients = get_own_gradients(trainer, member->index);
    for (int t = 0; t < network->n_tasks; t++)
        nnf_passes_extend_gradient(&passes, &network->tasks[t], begin, end, gradients + nnf_task_offset(network, &network->tasks[t]),
                                   done > 0);
}

/* Adds the shards of a round to this member's blocks, which with the last round are updated. */
static void add_round(const nnf_job *job, const nnf_member *member, int64_t first, int64_t n_shards)
{
    const nnf_trainer *trainer = job->trainer;
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    const nnf_network *network = trainer->network;
    const int64_t left = n_shards - first;
    for (int t = 0; t < network->n_tasks; t++)
        if (plan->owner[t] == member->index) {
            const size_t offset = nnf_task_offset(network, &network->tasks[t]);
            const ptrdiff_t size = nnf_task_size(network, &network->tasks[t]);
            unsigned char *sum = trainer->gradients.base + offset;
            for (int m = 0; m < member->size && m < left; m++) {
                const void *part = (unsigned char *)get_own_gradients(trainer, m) + offset;
                if (first == 0 && m == 0)
                    memcpy(sum, part, (size_t)size * nnf_dtype_size(network->kernels->dtype));
                else
                    network->kernels->add(size, part, sum);
            }
            if (left <= member->size)
                nnf_step_take(trainer->step, &network->tasks[t], sum);
        }
}

static void carry_shard(nnf_job *job, const nnf_member *member, const nnf_batch *batch, int64_t shard)
{
    const ptrdiff_t shard_rows = nnf_plan_get_shard_rows(batch->n_rows, member->size), n_rows = count_rows(batch, shard, shard_rows);
    for (ptrdiff_t done = 0; done < n_rows; done += NNF_CHUNK_ROWS)
        carry_chunk(job, member, batch, shard * shard_rows, done, n_rows - done < NNF_CHUNK_ROWS ? n_rows - done : NNF_CHUNK_ROWS);
}

bool nnf_batch_run_by_shards(nnf_job *job, nnf_member *member, const nnf_batch *batch)
{
    nnf_trainer *trainer = job->trainer;
    const ptrdiff_t shard_rows = nnf_plan_get_shard_rows(batch->n_rows, member->size);
    const int64_t n_shards = (batch->n_rows + shard_rows - 1) / shard_rows;
    for (int64_t first = 0; first < n_shards; first += member->size) {
        if (member->index == 0) {
            nnf_job_ask(job, batch);
            nnf_job_prepare_step(job, batch);
        }
        if (first + member->index < n_shards)
            carry_shard(job, member, batch, first + member->index);
        nnf_team_barrier(member);
        if (atomic_load(&job->verdict) != NNF_STATUS_OK)
            return false;
        for (int m = 0; member->index == 0 && m < member->size && first + m < n_shards; m++)
            nnf_job_count(job, member, batch, get_own_values(trainer, m, shard_rows), (first + m) * shard_rows,
                          count_rows(batch, first + m, shard_rows));
        add_round(job, member, first, n_shards);
        if (first + member->size >= n_shards)
            nnf_job_finish_step(job, member);
        nnf_team_barrier(member);
    }
    if (member->index == 0)
        nnf_job_count_penalty(job, batch);
    return true;
}
