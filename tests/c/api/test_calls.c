/* test_calls.c: trainers side by side do what they do one by one, also in the eyes of ThreadSanitizer. */
#include "check.h"
#include "nnfast.h"

#include <string.h>

enum { N_MODELS = 9, N_ROWS = 300, IN_SIZE = 20, HIDDEN = 30, N_CLASSES = 3, N_EPOCHS = 8 };

static float features[N_ROWS][IN_SIZE];
static int32_t labels[N_ROWS];

static void fill_data(void)
{
    for (int i = 0; i < N_ROWS; i++) {
        labels[i] = i % N_CLASSES;
        for (int j = 0; j < IN_SIZE; j++)
            features[i][j] = (float)((i * 7 + j * 31) % 101) / 101;
    }
}

typedef struct model {
    nnf_network *network;
    nnf_optimizer *optimizer;
    nnf_trainer *trainer;
    nnf_stats stats[N_EPOCHS];
    float weights[IN_SIZE * HIDDEN];
} model;

static void create(model *m, int number)
{
    const nnf_layer_spec hidden = {.kind = NNF_LAYER_DENSE,
                                   .out_size = HIDDEN,
                                   .use_bias = true,
                                   .train_weights = true,
                                   .train_bias = true,
                                   .activation = NNF_ACTIVATION_TANH};
    nnf_layer_spec layers[] = {hidden, hidden};
    layers[1].out_size = N_CLASSES;
    layers[1].activation = NNF_ACTIVATION_SOFTMAX;
    const nnf_network_spec spec = {NNF_F32, IN_SIZE, 1, 0, 2, layers};
    const nnf_objective objective = {.loss = NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, .loss_factor = 1, .gradient_factor = 1};
    memset(m, 0, sizeof *m);
    for (int i = 0; i < IN_SIZE * HIDDEN; i++)
        m->weights[i] = (float)(i * (37 + number) % 101 - 50) / 1000;
    CHECK(nnf_network_create(&spec, &m->network) == NNF_STATUS_OK);
    for (int l = 0; l < 2; l++)
        CHECK(nnf_network_set_parameter(m->network, l, NNF_WEIGHTS, m->weights) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_create(m->network, NNF_OPTIMIZER_MOMENTUM, (const double[]){0.05, 0.9}, &m->optimizer) == NNF_STATUS_OK);
    CHECK(nnf_trainer_create(m->network, m->optimizer, &objective, &m->trainer) == NNF_STATUS_OK);
}

static void release(model *m)
{
    CHECK(nnf_network_get_parameter(m->network, 0, NNF_WEIGHTS, m->weights) == NNF_STATUS_OK);
    nnf_trainer_free(m->trainer);
    nnf_optimizer_free(m->optimizer);
    nnf_network_free(m->network);
}

/* By n_threads side by side, or for 0 one by one; returns how many came to their end. */
static int train(model *models, int n_threads)
{
    const nnf_matrix x = {features, N_ROWS, IN_SIZE, sizeof *features, NNF_F32, NULL},
                     y = {labels, N_ROWS, 1, sizeof *labels, NNF_I32, NULL};
    nnf_call calls[N_MODELS], *pointers[N_MODELS];
    int n_done = 0;
    for (int i = 0; i < N_MODELS; i++) {
        create(&models[i], i);
        const nnf_run run = {.batch_size = 16, .n_epochs = N_EPOCHS, .shuffle = true, .seed = (uint64_t)i};
        calls[i] = (nnf_call){.trainer = models[i].trainer, .x = &x, .y = &y, .run = run, .stats = models[i].stats};
        pointers[i] = &calls[i];
        if (n_threads == 0)
            nnf_trainer_run_call(&calls[i]);
    }
    nnf_core_set_threads(n_threads);
    if (n_threads > 0)
        nnf_trainer_run_calls(pointers, N_MODELS, NULL, NULL);
    for (int i = 0; i < N_MODELS; i++) {
        n_done += calls[i].status == NNF_STATUS_OK;
        release(&models[i]);
    }
    return n_done;
}

static void test_same_bits(void)
{
    static model expected[N_MODELS], models[N_MODELS];
    CHECK(train(expected, 0) == N_MODELS);
    for (int n_threads = 1; n_threads <= 4; n_threads++) {
        check_set_context("%d threads", n_threads);
        CHECK(train(models, n_threads) == N_MODELS);
        for (int i = 0; i < N_MODELS; i++) {
            CHECK(memcmp(models[i].weights, expected[i].weights, sizeof models[i].weights) == 0);
            CHECK(models[i].stats[N_EPOCHS - 1].loss == expected[i].stats[N_EPOCHS - 1].loss);
        }
    }
    CHECK(memcmp(models[0].weights, models[1].weights, sizeof models[0].weights) != 0);
}

int main(void)
{
    CHECK(nnf_core_start() == NNF_STATUS_OK);
    fill_data();
    test_same_bits();
    return check_finish();
}
