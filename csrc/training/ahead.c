/* ahead.c: see ahead.h. */
#include "training/ahead.h"
#include "ops/rows.h"

/* The first layer has weights, which the rule and nothing else updates, and there is a next batch. */
bool nnf_ahead_is_possible(const nnf_job *job, const nnf_member *member, const nnf_batch *batch)
{
    const nnf_network *network = job->trainer->network;
    const nnf_step *step = job->trainer->step;
    if (job->batch_size > 1 || member->size > 1 || batch->number + 1 == job->end)
        return false;
    if (!step->is_plain || step->penalties || step->rule.weight_decay != 0 || !network->kernels->update_multiply[step->rule.rule])
        return false;
    return nnf_network_trains(network, 0, NNF_WEIGHTS);
}

void nnf_ahead_take_up(const nnf_job *job, const nnf_member *member, nnf_passes *passes)
{
    const nnf_passes *next = &job->next;
    if (member->size == 1 && next->is_begun && next->mode.epoch == passes->mode.epoch && next->mode.position == passes->mode.position)
        *passes = *next;
}

static nnf_passes get_next(const nnf_job *job, const nnf_batch *batch) { return nnf_job_get_passes(job, batch, batch->first + 1); }

void nnf_ahead_ask(const nnf_job *job, const nnf_batch *batch)
{
    const nnf_passes next = get_next(job, batch);
    const nnf_source features = nnf_job_get_source(job, &next, job->x), targets = nnf_job_get_source(job, &next, job->y);
    nnf_source_ask_for_row(&features, 0);
    nnf_source_ask_for_row(&targets, 0);
}

/* The one of two rows that the passes at hand do not read. */
static nnf_rows get_free_input(const nnf_passes *passes)
{
    const nnf_rows input = passes->workspace->input;
    return nnf_passes_get_input(passes, 0).data == input.data ? nnf_rows_at(passes->network->kernels, input, 1, 0) : input;
}

void nnf_ahead_run(nnf_job *job, const nnf_batch *batch, const nnf_passes *passes)
{
    nnf_passes next = get_next(job, batch);
    next.is_begun = true;
    next.in_place = get_free_input(passes);
    const nnf_source features = nnf_job_get_source(job, &next, job->x);
    nnf_passes_gather(&next, &features, 0, 1);
    nnf_passes_update_and_begin(passes, &job->trainer->step->rule, &next);
    job->next = next;
}
