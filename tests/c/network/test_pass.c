/* test_pass.c: passes one at a time: what a search for NaN looks at, and steps whose options change. */
#include "check.h"
#include "nnfast.h"

#include <math.h>

enum { N_ROWS = 3, SIZE = 5 };

static nnf_network *make_network(void)
{
    const nnf_layer_spec layers[] = {{NNF_LAYER_DROPOUT, .rate = 0.1},
                                     {NNF_LAYER_DENSE, .out_size = SIZE, .use_bias = true, .train_weights = true, .train_bias = true}};
    const nnf_network_spec spec = {NNF_F32, SIZE, 1, 0, 2, layers};
    nnf_network *network = NULL;
    CHECK(nnf_network_create(&spec, &network) == NNF_STATUS_OK);
    return network;
}

/* Forward, training or not, then what the search finds. */
static int search(nnf_pass *pass, float element, bool is_training)
{
    float x[N_ROWS][SIZE], y[N_ROWS][SIZE];
    for (int i = 0; i < N_ROWS * SIZE; i++)
        x[i / SIZE][i % SIZE] = element;
    const nnf_matrix from = {x, N_ROWS, SIZE, sizeof *x, NNF_F32, NULL}, to = {y, N_ROWS, SIZE, sizeof *y, NNF_F32, NULL};
    CHECK(nnf_pass_forward(pass, &from, &to, is_training ? &(nnf_draws){1, 0, 0} : NULL) == NNF_STATUS_OK);
    return nnf_pass_find_not_finite(pass);
}

/* Outside training dropout has no rows: those of a pass before count for nothing. */
static void test_search(void)
{
    nnf_network *network = make_network();
    nnf_pass *pass = NULL;
    CHECK(nnf_pass_create(network, &pass) == NNF_STATUS_OK);
    CHECK(search(pass, NAN, true) == -1);
    CHECK(search(pass, 1, false) == 2);
    CHECK(nnf_network_set_parameter(network, 1, NNF_BIAS, (const float[SIZE]){INFINITY}) == NNF_STATUS_OK);
    CHECK(search(pass, 1, false) == 1);
    nnf_pass_free(pass);
    nnf_network_free(network);
}

/* Batches that were gathered are lost with the rest of the state: the next step comes after as many as the new options say. */
static void test_options(void)
{
    nnf_network *network = make_network();
    nnf_pass *pass = NULL;
    nnf_optimizer *optimizer = NULL;
    float y[N_ROWS][SIZE] = {{1}}, bias[SIZE];
    const nnf_matrix gradient = {y, N_ROWS, SIZE, sizeof *y, NNF_F32, NULL};
    CHECK(nnf_pass_create(network, &pass) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_create(network, NNF_OPTIMIZER_SGD, (const double[]){1}, &optimizer) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_set_options(optimizer, &(nnf_step_options){.n_batches = 4}) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_set_step(optimizer, 3) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_set_options(optimizer, &(nnf_step_options){.n_batches = 2}) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_set_options(optimizer, &(nnf_step_options){.clip_norm = NAN, .n_batches = 1}) == NNF_STATUS_INVALID_ARGUMENT);
    CHECK(nnf_optimizer_set_options(optimizer, &(nnf_step_options){.clip_value = -1, .n_batches = 1}) == NNF_STATUS_INVALID_ARGUMENT);
    search(pass, 1, true);
    CHECK(nnf_pass_backward(pass, &gradient, NULL) == NNF_STATUS_OK);
    CHECK(nnf_pass_apply(pass, optimizer, 1) == NNF_STATUS_OK && nnf_pass_apply(pass, optimizer, 1) == NNF_STATUS_OK);
    CHECK(nnf_network_get_parameter(network, 1, NNF_BIAS, bias) == NNF_STATUS_OK && bias[0] == -1);
    nnf_optimizer_free(optimizer);
    nnf_pass_free(pass);
    nnf_network_free(network);
}

int main(void)
{
    CHECK(nnf_core_start() == NNF_STATUS_OK);
    test_search();
    test_options();
    return check_finish();
}
