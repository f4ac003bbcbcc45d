/* pass.c: see pass.h. */
#include "network/pass.h"
#include "base/team.h"
#include "network/normalizing.h"
#include "network/predict.h"
#include "network/team_passes.h"
#include "ops/rows.h"
#include "ops/work.h"
#include <string.h>

bool nnf_pass_allocate(nnf_network *network, nnf_pass *pass)
{
    *pass = (nnf_pass){.network = network};
    nnf_arena_plan(&pass->gradients, network->parameter_size);
    return network->parameter_size == 0 || nnf_arena_create(&pass->gradients);
}

void nnf_pass_release(nnf_pass *pass)
{
    nnf_workspace_free(&pass->workspace);
    nnf_arena_free(&pass->gradients);
}

static nnf_passes get_passes(const nnf_pass *pass)
{
    return (nnf_passes){.network = pass->network, .workspace = &pass->workspace, .mode = pass->mode, .is_resumed = true};
}

/* ---- forward ---- */

typedef struct forward_job {
    const nnf_pass *pass;
    const nnf_matrix *x, *out;
} forward_job;

static void forward_member(nnf_member *member, void *argument)
{
    const forward_job *job = argument;
    const nnf_pass *pass = job->pass;
    int64_t begin, end;
    nnf_team_share(member, job->x->n_rows, &begin, &end);
    nnf_passes passes = get_passes(pass);
    nnf_passes_gather(&passes, &(nnf_source){.matrix = job->x}, begin, end);
    nnf_team_passes_forward(&passes, member, NULL, pass->n_rows);
    const nnf_part columns = nnf_team_passes_get_part(member, pass->n_rows, true);
    nnf_normalizing_learn(&passes, &columns);
    nnf_copy_output(pass->network, nnf_passes_get_output(&passes), begin, end, job->out, begin);
}

bool nnf_pass_run_forward(nnf_pass *pass, const nnf_matrix *x, const nnf_matrix *out, nnf_pass_mode mode)
{
    if (!nnf_workspace_reserve(&pass->workspace, pass->network, (ptrdiff_t)x->n_rows, true))
        return false;
    pass->mode = mode;
    pass->n_rows = (ptrdiff_t)x->n_rows;
    nnf_team_run(nnf_work_choose_threads((double)x->n_rows * pass->network->work_per_row / 3), forward_member,
                 &(forward_job){pass, x, out});
    return true;
}

int nnf_pass_search(const nnf_pass *pass)
{
    const nnf_passes passes = get_passes(pass);
    return nnf_passes_find_not_finite(&passes, 0, pass->n_rows);
}

/* ---- backward ---- */

typedef struct backward_job {
    nnf_pass *pass;
    const nnf_matrix *grad_output, *grad_input;
} backward_job;

static void load_output_gradient(const backward_job *job, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_network *network = job->pass->network;
    const nnf_passes passes = get_passes(job->pass);
    network->kernels->gather[job->grad_output->dtype](&(nnf_gather){
        .shape = {end - begin, network->out_size},
        .source = job->grad_output->data,
        .source_stride = (ptrdiff_t)job->grad_output->row_stride,
        .first = begin,
        .destination = nnf_rows_at(network->kernels, nnf_passes_get_output_gradient(&passes), begin, 0),
        .scale = 1,
    });
}

static void store_input_gradient(const backward_job *job, ptrdiff_t begin, ptrdiff_t end)
{
    const nnf_network *network = job->pass->network;
    const nnf_rows to = {job->grad_input->data,
                         (ptrdiff_t)job->grad_input->row_stride / (ptrdiff_t)nnf_dtype_size(network->kernels->dtype)};
    network->kernels->rescale((nnf_shape){end - begin, network->in_size},
                              nnf_rows_at(network->kernels, job->pass->workspace.input_gradient, begin, 0),
                              nnf_rows_at(network->kernels, to, begin, 0), network->in_scale, 0);
}

static void backward_member(nnf_member *member, void *argument)
{
    const backward_job *job = argument;
    nnf_pass *pass = job->pass;
    const nnf_network *network = pass->network;
    const bool want_input = job->grad_input != NULL;
    int64_t begin, end;
    nnf_team_share(member, pass->n_rows, &begin, &end);
    load_output_gradient(job, begin, end);
    const nnf_passes passes = get_passes(pass);
    nnf_team_passes_backward(&passes, member, NULL, pass->n_rows, want_input ? 0 : network->first_trained, want_input);
    if (want_input)
        store_input_gradient(job, begin, end);
    nnf_team_barrier(member);

    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    int task, last;
    nnf_network_share_tasks(network, member->index, member->size, &task, &last);
    for (; task < last; task++) {
        nnf_passes_block_gradient(&passes, &network->tasks[task], pass->n_rows, tile);
        memcpy(pass->gradients.base + nnf_task_offset(network, &network->tasks[task]), tile,
               (size_t)nnf_task_size(network, &network->tasks[task]) * nnf_dtype_size(network->kernels->dtype));
    }
}

/* The lowest dense layer's transposed copy is not kept, as training has no use for it. */
static void refresh_lowest(const nnf_network *network)
{
    for (int l = 0; l < network->n_layers; l++)
        if (network->layers[l].spec.kind == NNF_LAYER_DENSE && !network->layers[l].keep_transposed)
            nnf_network_refresh(network, l);
}

void nnf_pass_run_backward(nnf_pass *pass, const nnf_matrix *grad_output, const nnf_matrix *grad_input)
{
    if (grad_input)
        refresh_lowest(pass->network);
    nnf_team_run(nnf_work_choose_threads((double)pass->n_rows * pass->network->work_per_row / 3), backward_member,
                 &(backward_job){pass, grad_output, grad_input});
}

/* ---- update ---- */

typedef struct update_job {
    const nnf_pass *pass;
    const nnf_step *step;
} update_job;

static void update_member(nnf_member *member, void *argument)
{
    const update_job *job = argument;
    const nnf_network *network = job->pass->network;
    _Alignas(64) unsigned char tile[NNF_BLOCK_BYTES];
    int first, last;
    nnf_network_share_tasks(network, member->index, member->size, &first, &last);
    for (int task = first; task < last; task++) {
        const nnf_task *t = &network->tasks[task];
        memcpy(tile, job->pass->gradients.base + nnf_task_offset(network, t),
               (size_t)nnf_task_size(network, t) * nnf_dtype_size(network->kernels->dtype));
        nnf_step_take(job->step, t, tile);
    }
    for (nnf_step_phase phase = 0; phase < NNF_N_STEP_PHASES; phase++)
        if (nnf_step_has_phase(job->step, phase)) {
            nnf_step_factor factor = {0};
            nnf_team_barrier(member);
            for (int task = first; task < last; task++)
                nnf_step_run_phase(job->step, phase, &network->tasks[task], &factor);
        }
}

void nnf_pass_run_update(nnf_pass *pass, nnf_step *step, double penalty_share)
{
    nnf_step_prepare(step, penalty_share);
    nnf_team_run(nnf_work_choose_threads((double)pass->network->parameter_size), update_member, &(update_job){pass, step});
    nnf_step_count(step);
}
