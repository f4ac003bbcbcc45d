/* test_spares.c: what was given is taken again, by one thread at a time; what is large is not kept. */
#include "base/team.h"
#include "check.h"
#include "network/predict.h"
#include "network/spares.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { N_THREADS = 12, N_CALLS = 2000, MANY_ROWS = 100000 };

static nnf_network *make_network(void)
{
    const nnf_layer_spec layers[] = {{.kind = NNF_LAYER_DENSE, .out_size = 5, .use_bias = true, .activation = NNF_ACTIVATION_TANH}};
    const nnf_network_spec spec = {.dtype = NNF_F32, .in_size = 3, .in_scale = 1, .n_layers = 1, .layers = layers};
    nnf_network *network = NULL;
    CHECK(nnf_network_allocate(nnf_kernels_get(NNF_F32, NULL), &spec, &network) == NNF_STATUS_OK);
    return network;
}

static void test_what_was_given_is_taken_again(const nnf_network *network)
{
    nnf_spares *spares = nnf_spares_create();
    nnf_workspace *first = nnf_spares_take(spares), *second = nnf_spares_take(spares);
    CHECK(first != second);
    CHECK(nnf_workspace_reserve(first, network, 2, false));
    const unsigned char *memory = first->memory.base;
    nnf_spares_give(spares, first);
    nnf_workspace *again = nnf_spares_take(spares);
    CHECK(again == first);
    CHECK(again->memory.base == memory);
    nnf_spares_give(spares, again);
    nnf_spares_give(spares, second);
    nnf_spares_free(spares);
}

static void test_large_ones_are_not_kept(const nnf_network *network)
{
    nnf_spares *spares = nnf_spares_create();
    nnf_workspace *large = nnf_spares_take(spares);
    CHECK(nnf_workspace_reserve(large, network, MANY_ROWS, false));
    nnf_spares_give(spares, large);
    nnf_workspace *next = nnf_spares_take(spares);
    CHECK(next->memory.base == NULL);
    nnf_spares_give(spares, next);
    nnf_spares_free(spares);
}

/* ---- more threads than places ---- */

typedef struct job {
    const nnf_network *network;
    nnf_spares *spares;
    atomic_int n_shared;
} job;

/* n_rows, which nobody else writes, marks a workspace as in use. */
static void *take_and_give(void *argument)
{
    job *j = argument;
    for (int i = 0; i < N_CALLS; i++) {
        nnf_workspace *workspace = nnf_spares_take(j->spares);
        nnf_workspace_reserve(workspace, j->network, 1, false);
        if (workspace->n_rows != 1)
            atomic_fetch_add(&j->n_shared, 1);
        workspace->n_rows = 2;
        sched_yield();
        workspace->n_rows = 1;
        nnf_spares_give(j->spares, workspace);
    }
    return NULL;
}

static void test_a_workspace_has_one_owner(const nnf_network *network)
{
    job j = {.network = network, .spares = nnf_spares_create()};
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take_and_give, &j) == 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(atomic_load(&j.n_shared) == 0);
    nnf_spares_free(j.spares);
}

/* ---- predictions ---- */

static bool stop(const nnf_progress *progress, void *argument)
{
    int *n_calls = argument;
    CHECK(progress->batch < progress->n_batches);
    return ++*n_calls < 2;
}

/* All rows are one row of memory, so that there may be many; only one thread may write there. */
static void test_a_prediction_can_be_stopped(const nnf_network *network)
{
    static float row[3] = {1, 2, 3}, result[5];
    int n_calls = 0;
    const nnf_matrix x = {.data = row, .n_rows = INT64_C(1) << 40, .n_columns = 3, .dtype = NNF_F32};
    const nnf_matrix out = {.data = result, .n_rows = x.n_rows, .n_columns = 5, .dtype = NNF_F32};
    nnf_team_set_threads(1);
    CHECK(nnf_predict(network, &x, &out, stop, &n_calls) == NNF_STATUS_STOPPED);
    CHECK(n_calls == 2);
}

int main(void)
{
    nnf_network *network = make_network();
    test_what_was_given_is_taken_again(network);
    test_large_ones_are_not_kept(network);
    test_a_workspace_has_one_owner(network);
    test_a_prediction_can_be_stopped(network);
    nnf_network_release(network);
    return check_finish();
}
