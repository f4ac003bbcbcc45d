/* test_trainer.c: every way of sharing a batch, for ThreadSanitizer, which sees a missing meeting of the team where equal results
 * would be luck; and the weights are those of one thread. */
#include "check.h"
#include "nnfast.h"

#include <stdlib.h>
#include <string.h>

enum { IN_SIZE = 41, N_CLASSES = 3, MOST_LAYERS = 5, MOST_ROWS = 3100, MOST_WEIGHTS = 512 * 512 };
/* Ten shards, of features so many that their gradients fill a round before that. */
enum { WIDE = 3900, WIDE_ROWS = 9 * 1024 + 20, WIDE_GAP = 401 };

static nnf_layer_spec make_dense(int64_t out_size, nnf_activation activation, bool is_trained)
{
    return (nnf_layer_spec){.kind = NNF_LAYER_DENSE,
                            .out_size = out_size,
                            .use_bias = true,
                            .train_weights = is_trained,
                            .train_bias = is_trained,
                            .activation = activation};
}

static nnf_layer_spec make_normalization(nnf_layer_kind kind)
{
    return (nnf_layer_spec){.kind = kind, .use_bias = true, .train_weights = true, .train_bias = true, .momentum = 0.9, .epsilon = 1e-3};
}

typedef struct training {
    const char *name;
    int64_t batch_size, n_rows;
    int n_layers;
    nnf_layer_spec layers[MOST_LAYERS];
    nnf_step_options options;
} training;

static unsigned char features[MOST_ROWS][IN_SIZE], wide_features[WIDE_ROWS + WIDE];
static int32_t labels[WIDE_ROWS];

/* Half of the features are 0. Nearly all of the wide rows' are, which costs little; each is the one before, moved by one. */
static void fill_data(void)
{
    for (int i = 0; i < WIDE_ROWS; i++)
        labels[i] = i % N_CLASSES;
    for (int i = 0; i < MOST_ROWS; i++)
        for (int j = 0; j < IN_SIZE; j++)
            features[i][j] = (i + 3 * j) % 4 < 2 ? 0 : (unsigned char)(i * 7 + j * 31);
    for (int i = 0; i < WIDE_ROWS + WIDE; i += WIDE_GAP)
        wide_features[i] = (unsigned char)(1 + i * 7 % 255);
}

static nnf_matrix get_features(const training *t)
{
    if (t->n_rows == WIDE_ROWS)
        return (nnf_matrix){wide_features, t->n_rows, WIDE, 1, NNF_U8, NULL};
    return (nnf_matrix){features, t->n_rows, IN_SIZE, IN_SIZE, NNF_U8, NULL};
}

static void fill_weights(nnf_network *network, const training *t)
{
    float *weights = malloc(MOST_WEIGHTS * sizeof *weights);
    for (int i = 0; i < MOST_WEIGHTS; i++)
        weights[i] = (float)(i * 37 % 101 - 50) / 1000;
    for (int l = 0; l < t->n_layers; l++)
        if (t->layers[l].kind == NNF_LAYER_DENSE)
            CHECK(nnf_network_set_parameter(network, l, NNF_WEIGHTS, weights) == NNF_STATUS_OK);
    free(weights);
}

/* Leaves the weights of each layer, one after the other. */
static void train(const training *t, int n_threads, float *weights)
{
    const nnf_matrix x = get_features(t), y = {labels, t->n_rows, 1, sizeof *labels, NNF_I32, NULL};
    const nnf_network_spec spec = {NNF_F32, x.n_columns, 1.0 / 255, 0, t->n_layers, t->layers};
    const nnf_objective objective = {.loss = NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, .loss_factor = 1, .gradient_factor = 1};
    const nnf_run run = {.batch_size = t->batch_size, .n_epochs = 2, .shuffle = true, .seed = 3};
    nnf_network *network;
    nnf_optimizer *optimizer;
    nnf_trainer *trainer;
    nnf_stats stats[2];
    nnf_core_set_threads(n_threads);
    CHECK(nnf_network_create(&spec, &network) == NNF_STATUS_OK);
    fill_weights(network, t);
    CHECK(nnf_optimizer_create(network, NNF_OPTIMIZER_MOMENTUM, (const double[]){0.05, 0.9}, &optimizer) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_set_options(optimizer, &t->options) == NNF_STATUS_OK);
    CHECK(nnf_trainer_create(network, optimizer, &objective, &trainer) == NNF_STATUS_OK);
    CHECK(nnf_trainer_run(trainer, &x, &y, &run, stats) == NNF_STATUS_OK);
    CHECK(stats[1].is_finished && stats[1].n_rows == t->n_rows && stats[1].loss != stats[0].loss);
    for (int l = 0; l < t->n_layers; l++)
        if (t->layers[l].kind == NNF_LAYER_DENSE)
            CHECK(nnf_network_get_parameter(network, l, NNF_WEIGHTS, weights + (ptrdiff_t)l * MOST_WEIGHTS) == NNF_STATUS_OK);
    nnf_trainer_free(trainer);
    nnf_optimizer_free(optimizer);
    nnf_network_free(network);
}

static void test_training(const training *t)
{
    const size_t n = (size_t)t->n_layers * MOST_WEIGHTS;
    float *expected = calloc(n, sizeof *expected), *weights = calloc(n, sizeof *weights);
    check_set_context("%s, 1 thread", t->name);
    train(t, 1, expected);
    for (int n_threads = 2; n_threads <= 7; n_threads += n_threads == 2 ? 1 : 4) {
        check_set_context("%s, %d threads", t->name, n_threads);
        train(t, n_threads, weights);
        CHECK(memcmp(weights, expected, n * sizeof *weights) == 0);
    }
    free(expected);
    free(weights);
}

int main(void)
{
    const nnf_layer_spec last = make_dense(N_CLASSES, NNF_ACTIVATION_SOFTMAX, true), dropout = {NNF_LAYER_DROPOUT, .rate = 0.1};
    const nnf_layer_spec batch = make_normalization(NNF_LAYER_BATCH_NORMALIZATION),
                         layer = make_normalization(NNF_LAYER_LAYER_NORMALIZATION);
    const nnf_step_options plain = {.n_batches = 1};
    nnf_layer_spec bound = make_dense(448, NNF_ACTIVATION_TANH, true);
    bound.penalty[NNF_WEIGHTS].l2 = 1e-3;
    bound.constraint[NNF_WEIGHTS] = (nnf_constraint){NNF_CONSTRAINT_NORM, 0, 0.5, 1};
    const training trainings[] = {
        {"rows", 100, 250, 2, {make_dense(60, NNF_ACTIVATION_GELU, true), last}, plain},
        {"columns", 16, 40, 3, {make_dense(512, NNF_ACTIVATION_RELU, true), make_dense(448, NNF_ACTIVATION_TANH, true), last}, plain},
        {"one row", 1, 60, 2, {make_dense(60, NNF_ACTIVATION_GELU, true), last}, plain},
        {"one row, columns",
         1,
         60,
         3,
         {make_dense(512, NNF_ACTIVATION_RELU, true), make_dense(448, NNF_ACTIVATION_TANH, true), last},
         plain},
        {"columns, rows, columns",
         16,
         40,
         4,
         {make_dense(512, NNF_ACTIVATION_SILU, true), dropout, make_dense(512, NNF_ACTIVATION_SOFTMAX, true), last},
         plain},
        {"a frozen layer",
         16,
         40,
         4,
         {dropout, make_dense(448, NNF_ACTIVATION_RELU, false), make_dense(448, NNF_ACTIVATION_RELU, true), last},
         plain},
        {"norms, by columns",
         16,
         40,
         3,
         {bound, bound, last},
         {.clip_norm = 0.1, .n_batches = 2, .use_average = true, .average_momentum = 0.9, .overwrite_interval = 2}},
        {"norms, by shards", MOST_ROWS - 10, MOST_ROWS, 2, {bound, last}, {.clip_global_norm = 0.1, .n_batches = 1}},
        {"shards", MOST_ROWS - 10, MOST_ROWS, 2, {make_dense(20, NNF_ACTIVATION_TANH, true), last}, plain},
        {"rounds of shards", WIDE_ROWS, WIDE_ROWS, 2, {make_dense(16, NNF_ACTIVATION_TANH, true), last}, plain},
        {"a batch's statistics", 100, 250, 3, {make_dense(60, NNF_ACTIVATION_GELU, true), batch, last}, plain},
        {"a batch's statistics between columns",
         16,
         40,
         5,
         {make_dense(512, NNF_ACTIVATION_RELU, true), batch, batch, make_dense(512, NNF_ACTIVATION_TANH, true), last},
         plain},
        {"a batch's statistics, more than a shard", MOST_ROWS - 10, MOST_ROWS, 2, {batch, last}, plain},
        {"rows' statistics", 100, 250, 4, {layer, make_dense(60, NNF_ACTIVATION_GELU, true), layer, last}, plain},
        {"shards of normalised rows", MOST_ROWS - 10, MOST_ROWS, 2, {layer, last}, plain},
        {"norms of a batch's statistics", 16, 40, 3, {bound, batch, last}, {.clip_global_norm = 0.1, .n_batches = 1}},
    };
    CHECK(nnf_core_start() == NNF_STATUS_OK);
    fill_data();
    for (size_t t = 0; t < sizeof trainings / sizeof *trainings; t++)
        test_training(&trainings[t]);
    return check_finish();
}
