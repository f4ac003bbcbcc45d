/* batch_by_shards.c: a huge batch of a small network. A member takes a whole shard, some rows at a time, and adds their part to the
 * shard's own gradients while the rows are still in its cache: the data are read once. Whoever is done takes the next, so that no
 * member waits for one that is slower. After every round of shards their sums are added up in order, so they are the same as
 * those of batch_together.c, which keeps the rows of a shard. */
#include "training/job.h"
#include <string.h>

/* One of the round at hand; its place there is that of its gradients and values. */
typedef struct shard {
    const nnf_batch *batch;
    ptrdiff_t place;
    int64_t first; /* of its rows, in the batch */
    ptrdiff_t n_rows;
    unsigned char *gradients;
    nnf_row_values values;
} shard;

static shard get_shard(const nnf_trainer *trainer, const nnf_member *member, const nnf_batch *batch, int64_t number, ptrdiff_t place)
{
    const ptrdiff_t most_rows = nnf_plan_get_shard_rows(batch->n_rows, member->size);
    const int64_t first = number * most_rows, rest = batch->n_rows - first;
    shard own = {
        .batch = batch,
        .place = place,
        .first = first,
        .n_rows = rest < most_rows ? (ptrdiff_t)rest : most_rows,
        .gradients = trainer->gradients.base + (size_t)(1 + place) * trainer->network->parameter_size,
        .values = trainer->values,
    };
    own.values.value += place * most_rows;
    return own;
}

/* Rows done .. done + n - 1 of a shard, in this member's rows of the workspace. */
static void carry_chunk(nnf_job *job, const nnf_member *member, const shard *own, ptrdiff_t done, ptrdiff_t n)
{
    const nnf_network *network = job->trainer->network;
    const ptrdiff_t begin = (ptrdiff_t)member->index * NNF_CHUNK_ROWS, end = begin + n;
    nnf_passes passes = nnf_job_get_passes(job, own->batch, own->batch->first + own->first + done - begin);
    const nnf_source features = nnf_job_get_source(job, &passes, job->x);
    nnf_row_values values = own->values;
    values.value += done - begin;
    nnf_passes_gather(&passes, &features, begin, end);
    nnf_passes_forward(&passes, begin, end);
    nnf_job_report(job, own->place, nnf_job_measure(job, own->batch, &passes, values, begin, end));
    nnf_passes_backward(&passes, network->first_trained, false, begin, end);
    for (int t = 0; t < network->n_tasks; t++)
        nnf_passes_extend_gradient(&passes, &network->tasks[t], begin, end, own->gradients + nnf_task_offset(network, &network->tasks[t]),
                                   done > 0);
}

static void carry_shard(nnf_job *job, const nnf_member *member, const shard *own)
{
    for (ptrdiff_t done = 0; done < own->n_rows; done += NNF_CHUNK_ROWS) {
        const ptrdiff_t left = own->n_rows - done;
        carry_chunk(job, member, own, done, left < NNF_CHUNK_ROWS ? left : NNF_CHUNK_ROWS);
    }
}

/* Place of the next shard of the round; n or more if there is none, or none is wanted any more. Shards are taken in order and each
 * that was taken is done, so all before one with a fault are. */
static ptrdiff_t take_shard(nnf_job *job, const nnf_member *member, const nnf_batch *batch, ptrdiff_t n)
{
    if (member->index == 0)
        nnf_job_ask(job, batch);
    if (nnf_job_get_fault(job).status != NNF_STATUS_OK)
        return n;
    return atomic_fetch_add_explicit(&job->n_taken, 1, memory_order_relaxed);
}

/* The shards of a round are first .. first + n - 1 of the batch's. */
static void carry_round(nnf_job *job, const nnf_member *member, const nnf_batch *batch, int64_t first, ptrdiff_t n)
{
    for (ptrdiff_t place; (place = take_shard(job, member, batch, n)) < n;) {
        const shard own = get_shard(job->trainer, member, batch, first + place, place);
        carry_shard(job, member, &own);
    }
}

/* By member 0, while the others add. It also begins the count of taken shards anew, so it must stay before the meeting behind which
 * they take those of the next round. */
static void count_round(nnf_job *job, const nnf_member *member, const nnf_batch *batch, int64_t first, ptrdiff_t n)
{
    for (ptrdiff_t place = 0; place < n; place++) {
        const shard own = get_shard(job->trainer, member, batch, first + place, place);
        nnf_job_count(job, member, batch, own.values, own.first, own.n_rows);
    }
    atomic_store_explicit(&job->n_taken, 0, memory_order_relaxed);
}

/* Adds a round's n shards to this member's blocks, which with the last round are updated. */
static void add_round(const nnf_job *job, const nnf_member *member, ptrdiff_t n, bool is_first, bool is_last)
{
    const nnf_trainer *trainer = job->trainer;
    const nnf_plan *plan = nnf_job_get_plan(job, member);
    const nnf_network *network = trainer->network;
    for (int t = 0; t < network->n_tasks; t++)
        if (plan->owner[t] == member->index) {
            const ptrdiff_t size = nnf_task_size(network, &network->tasks[t]);
            unsigned char *sum = trainer->gradients.base + nnf_task_offset(network, &network->tasks[t]), *part = sum;
            for (ptrdiff_t place = 0; place < n; place++) {
                part += network->parameter_size;
                if (is_first && place == 0)
                    memcpy(sum, part, (size_t)size * nnf_dtype_size(network->kernels->dtype));
                else
                    network->kernels->add(size, part, sum);
            }
            if (is_last)
                nnf_step_take(trainer->step, &network->tasks[t], sum);
        }
}

bool nnf_batch_run_by_shards(nnf_job *job, nnf_member *member, const nnf_batch *batch)
{
    const nnf_trainer *trainer = job->trainer;
    const ptrdiff_t n_shards = nnf_plan_count_shards(batch->n_rows, member->size);
    const ptrdiff_t most = nnf_plan_choose_round(trainer->network, batch->n_rows, member->size);
    for (ptrdiff_t first = 0; first < n_shards; first += most) {
        const ptrdiff_t n = n_shards - first < most ? n_shards - first : most;
        const bool is_last = first + n == n_shards;
        if (member->index == 0)
            nnf_job_prepare_step(job, batch);
        carry_round(job, member, batch, first, n);
        nnf_team_barrier(member);
        if (nnf_job_get_fault(job).status != NNF_STATUS_OK)
            return false;
        if (member->index == 0)
            count_round(job, member, batch, first, n);
        add_round(job, member, n, first == 0, is_last);
        if (is_last)
            nnf_job_finish_step(job, member);
        nnf_team_barrier(member);
    }
    if (member->index == 0)
        nnf_job_count_penalty(job, batch);
    return true;
}
