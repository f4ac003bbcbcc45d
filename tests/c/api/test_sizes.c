/* test_sizes.c: sizes whose products do not fit in 64 bits are "not enough memory", before anything is written. Rows that all lie at one
 * place make them cheap. Signed sums that overflow are found by UBSan. */
#include "check.h"
#include "nnfast.h"

#include <stdlib.h>

enum { N_LAYERS = 2500, SIZE = 8 };

static const int64_t MANY_ROWS = INT64_C(1) << 60, WIDEST = 1 << 29;

static nnf_layer_spec make_dense(int64_t size)
{
    return (nnf_layer_spec){.kind = NNF_LAYER_DENSE, .out_size = size, .use_bias = true, .train_weights = true, .train_bias = true};
}

/* Parameters of one layer pass 2^58, of many 2^64. */
static void make_wide_networks(void)
{
    static nnf_layer_spec layers[N_LAYERS];
    for (int l = 0; l < N_LAYERS; l++)
        layers[l] = make_dense(WIDEST);
    for (int n = 1; n <= N_LAYERS; n = n < 40 ? n + 1 : n + 410) {
        nnf_network *network = NULL;
        const nnf_network_spec spec = {.dtype = NNF_F64, .in_size = WIDEST, .in_scale = 1, .n_layers = n, .layers = layers};
        check_set_context("%d layers", n);
        CHECK(nnf_network_create(&spec, &network) == NNF_STATUS_OUT_OF_MEMORY && !network);
    }
}

static void pass_many_rows(void)
{
    static float row[SIZE], out[SIZE];
    const nnf_layer_spec layer = make_dense(SIZE);
    const nnf_network_spec spec = {.dtype = NNF_F32, .in_size = SIZE, .in_scale = 1, .n_layers = 1, .layers = &layer};
    nnf_network *network = NULL;
    nnf_pass *pass = NULL;
    CHECK(nnf_network_create(&spec, &network) == NNF_STATUS_OK);
    CHECK(nnf_pass_create(network, &pass) == NNF_STATUS_OK);
    for (int64_t n_rows = INT64_C(1) << 44; n_rows <= MANY_ROWS; n_rows *= 2) {
        const nnf_matrix x = {row, n_rows, SIZE, 0, NNF_F32, NULL}, y = {out, n_rows, SIZE, 0, NNF_F32, NULL};
        const nnf_matrix w = {row, SIZE, 1, sizeof(float), NNF_F32, NULL}, grad = {out, n_rows, 1, 0, NNF_F32, NULL};
        const nnf_matrix grad_w = {out, SIZE, 1, sizeof(float), NNF_F32, NULL};
        check_set_context("%lld rows", (long long)n_rows);
        CHECK(nnf_pass_forward(pass, &x, &y, NULL) == NNF_STATUS_OUT_OF_MEMORY);
        CHECK(nnf_array_dense_backward(&x, &w, &grad, NULL, &grad_w, NULL) == NNF_STATUS_OUT_OF_MEMORY);
    }
    for (int i = 0; i < SIZE; i++)
        CHECK(out[i] == 0);
    nnf_pass_free(pass);
    nnf_network_free(network);
}

int main(void)
{
    CHECK(nnf_core_start() == NNF_STATUS_OK);
    make_wide_networks();
    pass_many_rows();
    return check_finish();
}
