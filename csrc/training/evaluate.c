/* evaluate.c: see evaluate.h. */
#include "training/evaluate.h"
#include "base/float_state.h"
#include "base/team.h"
#include "network/penalty.h"
#include "ops/work.h"
#include "training/batches.h"
#include <stdatomic.h>
#include <stdlib.h>

typedef struct evaluation {
    nnf_passes passes; /* with NNF_CHUNK_ROWS for each member */
    const nnf_objective *objective;
    const nnf_matrix *x, *y;
    const nnf_run *run;
    nnf_row_values values; /* likewise */
    nnf_stats *chunk;      /* one a chunk, so that their sum has one order */
    int64_t n_chunks;
    _Atomic int64_t next_chunk;
    nnf_poller poller;
    _Atomic nnf_status verdict;
} evaluation;

static void evaluate_chunk(evaluation *e, ptrdiff_t base, int64_t chunk)
{
    const int64_t first = chunk * NNF_CHUNK_ROWS, left = e->x->n_rows - first;
    const ptrdiff_t n = left < NNF_CHUNK_ROWS ? (ptrdiff_t)left : NNF_CHUNK_ROWS, end = base + n;
    nnf_passes passes = e->passes;
    nnf_passes_gather(&passes, &(nnf_source){.matrix = e->x, .first = first - base}, base, end);
    if (!nnf_batches_gather_targets(&passes, &(nnf_source){.matrix = e->y, .first = first - base}, base, end))
        atomic_store(&e->verdict, NNF_STATUS_LABEL_OUT_OF_RANGE);
    nnf_passes_forward(&passes, base, end);
    nnf_row_values own = e->values;
    own.weights = (nnf_source){.matrix = e->run->weights, .first = first - base};
    nnf_objective_measure(e->objective, &passes, 0, own, base, end);
    if (e->run->outputs)
        nnf_batches_scatter_outputs(&passes, &(nnf_source){.matrix = e->run->outputs, .first = first - base}, base, end);
    own.value += base;
    nnf_stats_add_rows(&e->chunk[chunk], own, e->objective->n_metrics, n);
}

static void evaluate_member(nnf_member *member, void *argument)
{
    evaluation *e = argument;
    int64_t chunk;
    while ((chunk = atomic_fetch_add(&e->next_chunk, 1)) < e->n_chunks && atomic_load(&e->verdict) == NNF_STATUS_OK) {
        const nnf_progress progress = {.batch = chunk, .n_batches = e->n_chunks};
        if (member->index == 0 && !nnf_poller_ask(&e->poller, &progress))
            atomic_store(&e->verdict, NNF_STATUS_STOPPED);
        else
            evaluate_chunk(e, (ptrdiff_t)member->index * NNF_CHUNK_ROWS, chunk);
    }
}

static bool reserve(evaluation *e, nnf_workspace *workspace, int n_threads)
{
    const ptrdiff_t n_rows = (ptrdiff_t)n_threads * NNF_CHUNK_ROWS;
    e->n_chunks = (e->x->n_rows + NNF_CHUNK_ROWS - 1) / NNF_CHUNK_ROWS;
    e->chunk = calloc((size_t)e->n_chunks, sizeof *e->chunk);
    double *value = calloc((size_t)n_rows, sizeof(double) * (size_t)nnf_objective_count_values(e->objective));
    e->values = (nnf_row_values){.value = value, .n_rows = n_rows};
    return e->chunk && e->values.value && nnf_workspace_reserve(workspace, e->passes.network, n_rows, false);
}

/* By the calling thread, outside its team. */
static void add_up(const evaluation *e, nnf_stats *stats)
{
    const nnf_float_state caller = nnf_float_state_enter();
    for (int64_t c = 0; c < e->n_chunks; c++)
        nnf_stats_add(stats, &e->chunk[c], e->objective->n_metrics);
    const double share = nnf_objective_get_penalty_share(e->objective, stats->n_rows, stats->weight);
    stats->penalty = (double)stats->n_rows * nnf_penalty_measure(e->passes.network) * share;
    nnf_float_state_set(caller);
}

nnf_status nnf_evaluate(const nnf_network *network, const nnf_objective *objective, const nnf_matrix *x, const nnf_matrix *y,
                        const nnf_run *run, nnf_stats *stats)
{
    const int n_threads = nnf_work_choose_threads((double)x->n_rows * network->work_per_row / 3);
    nnf_workspace workspace = {0};
    evaluation e = {
        .passes = {.network = network, .workspace = &workspace, .mode.to_logits = nnf_objective_takes_logits(objective)},
        .objective = objective,
        .x = x,
        .y = y,
        .run = run,
        .poller = nnf_poller_start(run->poll, run->poll_argument),
        .verdict = NNF_STATUS_OK,
    };
    nnf_status status = NNF_STATUS_OUT_OF_MEMORY;
    *stats = (nnf_stats){0};
    if (reserve(&e, &workspace, n_threads)) {
        nnf_team_run(n_threads, evaluate_member, &e);
        status = e.verdict;
        add_up(&e, stats);
    }
    nnf_workspace_free(&workspace);
    free(e.values.value);
    free(e.chunk);
    return status;
}
