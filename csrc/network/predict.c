/* predict.c: see predict.h. */
#include "network/predict.h"
#include "base/team.h"
#include "network/passes.h"
#include "ops/rows.h"
#include "ops/work.h"
#include <string.h>

typedef struct prediction {
    const nnf_network *network;
    const nnf_workspace *workspace; /* NNF_CHUNK_ROWS for each member */
    const nnf_matrix *x, *out;
} prediction;

void nnf_copy_output(const nnf_network *network, nnf_rows output, ptrdiff_t begin, ptrdiff_t end, const nnf_matrix *out, int64_t first)
{
    const size_t row = (size_t)network->out_size * nnf_dtype_size(network->kernels->dtype);
    for (ptrdiff_t i = begin; i < end; i++)
        memcpy((char *)out->data + (first + i - begin) * out->row_stride, nnf_rows_at(network->kernels, output, i, 0).data, row);
}

static void predict_member(nnf_member *member, void *argument)
{
    const prediction *p = argument;
    const int64_t n_chunks = (p->x->n_rows + NNF_CHUNK_ROWS - 1) / NNF_CHUNK_ROWS;
    const ptrdiff_t base = (ptrdiff_t)member->index * NNF_CHUNK_ROWS;
    int64_t chunk, end;
    nnf_team_share(member, n_chunks, &chunk, &end);
    for (; chunk < end; chunk++) {
        const int64_t first = chunk * NNF_CHUNK_ROWS, left = p->x->n_rows - first;
        const ptrdiff_t n = left < NNF_CHUNK_ROWS ? (ptrdiff_t)left : NNF_CHUNK_ROWS;
        nnf_passes_gather(p->network, p->workspace, p->x, NULL, first - base, base, base + n);
        nnf_passes_forward(p->network, p->workspace, (nnf_pass_mode){0}, base, base + n);
        nnf_copy_output(p->network, nnf_passes_get_output(p->network, p->workspace, false), base, base + n, p->out, first);
    }
}

nnf_status nnf_predict(const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out)
{
    const int n_threads = nnf_work_choose_threads((double)x->n_rows * network->work_per_row / 3);
    nnf_workspace workspace = {0};
    const ptrdiff_t room = x->n_rows < NNF_CHUNK_ROWS ? (ptrdiff_t)x->n_rows : NNF_CHUNK_ROWS;
    if (!nnf_workspace_reserve(&workspace, network, n_threads == 1 ? room : n_threads * NNF_CHUNK_ROWS, false))
        return NNF_STATUS_OUT_OF_MEMORY;
    nnf_team_run(n_threads, predict_member, &(prediction){network, &workspace, x, out});
    nnf_workspace_free(&workspace);
    return NNF_STATUS_OK;
}
