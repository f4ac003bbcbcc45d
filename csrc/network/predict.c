/* predict.c: see predict.h. */
#include "network/predict.h"
#include "base/team.h"
#include "network/spares.h"
#include "ops/rows.h"
#include "ops/work.h"
#include <stdatomic.h>
#include <string.h>

/* Multiply-adds of a chunk, at most, where that is more than one row: some 20 ms of a core, after which poll may be asked. */
static const double MOST_WORK = 1e9;

typedef struct prediction {
    nnf_passes passes; /* with chunk_rows for each member */
    const nnf_matrix *x, *out;
    int64_t chunk_rows, n_chunks;
    _Atomic int64_t next_chunk; /* a member that is held up takes fewer */
    nnf_poller poller;
    atomic_bool is_stopped;
} prediction;

void nnf_copy_output(const nnf_network *network, nnf_rows output, ptrdiff_t begin, ptrdiff_t end, const nnf_matrix *out, int64_t first)
{
    const size_t row = (size_t)network->out_size * nnf_dtype_size(network->kernels->dtype);
    for (ptrdiff_t i = begin; i < end; i++)
        memcpy((char *)out->data + (first + i - begin) * out->row_stride, nnf_rows_at(network->kernels, output, i, 0).data, row);
}

static void predict_chunk(const prediction *p, ptrdiff_t base, int64_t chunk)
{
    const int64_t first = chunk * p->chunk_rows, left = p->x->n_rows - first;
    const ptrdiff_t end = base + (ptrdiff_t)(left < p->chunk_rows ? left : p->chunk_rows);
    nnf_passes passes = p->passes;
    nnf_passes_gather(&passes, &(nnf_source){.matrix = p->x, .first = first - base}, base, end);
    nnf_passes_forward(&passes, base, end);
    nnf_copy_output(passes.network, nnf_passes_get_output(&passes), base, end, p->out, first);
}

static void predict_member(nnf_member *member, void *argument)
{
    prediction *p = argument;
    int64_t chunk;
    while ((chunk = atomic_fetch_add(&p->next_chunk, 1)) < p->n_chunks && !atomic_load(&p->is_stopped)) {
        const nnf_progress progress = {.batch = chunk, .n_batches = p->n_chunks};
        if (member->index == 0 && !nnf_poller_ask(&p->poller, &progress))
            atomic_store(&p->is_stopped, true);
        else
            predict_chunk(p, (ptrdiff_t)member->index * (ptrdiff_t)p->chunk_rows, chunk);
    }
}

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Fewer rows than a tile has take a member nearly as long as all: it waits for the weights. */
static int choose_threads(const nnf_network *network, int64_t n_rows)
{
    const int64_t n_tiles = divide_up(n_rows, network->kernels->tile_rows);
    const int worth = nnf_work_choose_threads((double)n_rows * network->work_per_row / 3);
    return n_tiles < worth ? (int)n_tiles : worth;
}

/* Rows of a chunk: as many chunks for each member, all alike. */
static int64_t choose_chunk_rows(double work_per_row, int64_t n_rows, int n_threads)
{
    const nnf_float_state caller = nnf_float_state_enter();
    const double bearable = MOST_WORK / work_per_row;
    const int64_t most = bearable >= NNF_CHUNK_ROWS ? NNF_CHUNK_ROWS : bearable < 1 ? 1 : (int64_t)bearable;
    nnf_float_state_set(caller);
    return divide_up(n_rows, n_threads * divide_up(n_rows, n_threads * most));
}

nnf_status nnf_predict(const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out, nnf_poll poll, void *poll_argument)
{
    const double work_per_row = network->work_per_row / 3;
    const int n_threads = choose_threads(network, x->n_rows);
    const int64_t chunk_rows = choose_chunk_rows(work_per_row, x->n_rows, n_threads);
    nnf_workspace *workspace = nnf_spares_take(network->spares);
    if (!workspace)
        return NNF_STATUS_OUT_OF_MEMORY;
    prediction p = {
        .passes = {.network = network, .workspace = workspace},
        .x = x,
        .out = out,
        .chunk_rows = chunk_rows,
        .n_chunks = divide_up(x->n_rows, chunk_rows),
        .poller = nnf_poller_start(poll, poll_argument),
    };
    const bool has_room = nnf_workspace_reserve(workspace, network, (ptrdiff_t)(n_threads * chunk_rows), false);
    if (has_room)
        nnf_team_run(n_threads, predict_member, &p);
    nnf_spares_give(network->spares, workspace);
    return !has_room ? NNF_STATUS_OUT_OF_MEMORY : atomic_load(&p.is_stopped) ? NNF_STATUS_STOPPED : NNF_STATUS_OK;
}
