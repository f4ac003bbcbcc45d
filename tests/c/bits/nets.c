/* nets.c: trains six nets that between them go all ways through a batch, and writes every bit that is left:
 *
 *     nets ISA THREADS NET      parameters, then the optimizer's state, layer by layer, and the sums of the epochs, on stdout
 *     nets                      the names of the ISAs that this CPU can run, best first, and then those of the nets
 *
 * The same program for each compiler, level of optimization and CPU: tests/soak/parts/builds.py compares. Its data need no
 * function of a library and no rounding. */
#include "nnfast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_SIZE = 41, N_CLASSES = 5, N_ROWS = 2600, N_EPOCHS = 2, MOST_LAYERS = 8, MOST_VALUES = 512 * 512 };

typedef struct net_spec {
    const char *name;
    nnf_dtype dtype;
    int64_t n_rows, batch_size;
    nnf_optimizer_rule rule;
    double hyperparameters[NNF_MAX_HYPERPARAMETERS];
    nnf_step_options options;
    bool is_weighted;
    int n_layers;
    nnf_layer_spec layers[MOST_LAYERS];
} net_spec;

#define DENSE(size, function) \
    {.kind = NNF_LAYER_DENSE, .out_size = size, .use_bias = true, .train_weights = true, .train_bias = true, .activation = NNF_ACTIVATION_##function}
#define DROPOUT(share) {.kind = NNF_LAYER_DROPOUT, .rate = share}
#define NORMALIZATION(which)                                                                                                       \
    {.kind = NNF_LAYER_##which##_NORMALIZATION, .use_bias = true, .use_gamma = true, .train_weights = true, .train_bias = true, \
     .momentum = 0.9, .epsilon = 1e-3}
#define PENALISED(size, function)                                                                                                    \
    {.kind = NNF_LAYER_DENSE, .out_size = size, .use_bias = true, .train_weights = true, .train_bias = true,                        \
     .activation = NNF_ACTIVATION_##function, .penalty[NNF_WEIGHTS] = {1e-4, 1e-3},                                                 \
     .constraint[NNF_WEIGHTS] = {NNF_CONSTRAINT_NORM, 0, 0.9, 1}}

static const net_spec nets[] = {
    {"rows, momentum",
     NNF_F32,
     250,
     37,
     NNF_OPTIMIZER_MOMENTUM,
     {0.05, 0.9},
     {.n_batches = 1},
     false,
     3,
     {DENSE(130, GELU), DENSE(50, SILU), DENSE(N_CLASSES, SOFTMAX)}},
    {"dropout, Adam, weighted rows",
     NNF_F32,
     250,
     32,
     NNF_OPTIMIZER_ADAM,
     {0.01, 0.9, 0.999, 1e-7},
     {.n_batches = 1},
     true,
     4,
     {DROPOUT(0.1), DENSE(60, TANH), DROPOUT(0.5), DENSE(N_CLASSES, SOFTMAX)}},
    {"batch normalization, NAdam, doubles",
     NNF_F64,
     250,
     50,
     NNF_OPTIMIZER_NADAM,
     {0.01, 0.9, 0.999, 1e-7},
     {.n_batches = 1},
     true,
     5,
     {DENSE(60, MISH), NORMALIZATION(BATCH), DENSE(33, SELU), NORMALIZATION(LAYER), DENSE(N_CLASSES, SOFTMAX)}},
    {"columns, Lion",
     NNF_F32,
     60,
     16,
     NNF_OPTIMIZER_LION,
     {0.001, 0.9, 0.99},
     {.n_batches = 1},
     false,
     4,
     {DENSE(512, RELU), DROPOUT(0.2), DENSE(448, SOFTPLUS), DENSE(N_CLASSES, SOFTMAX)}},
    {"one row, SGD, doubles",
     NNF_F64,
     60,
     1,
     NNF_OPTIMIZER_SGD,
     {0.05},
     {.n_batches = 1},
     false,
     2,
     {DENSE(30, SIGMOID), DENSE(N_CLASSES, SOFTMAX)}},
    {"shards, RMSprop, penalties, norms, averages",
     NNF_F32,
     N_ROWS,
     1300,
     NNF_OPTIMIZER_RMSPROP,
     {0.01, 0.9, 1e-7},
     {.clip_global_norm = 0.3, .n_batches = 1, .use_average = true, .average_momentum = 0.9, .overwrite_interval = 3},
     true,
     3,
     {PENALISED(60, ELU), NORMALIZATION(LAYER), DENSE(N_CLASSES, SOFTMAX)}},
};
enum { N_NETS = sizeof nets / sizeof *nets };

static unsigned char features[N_ROWS][IN_SIZE];
static int32_t labels[N_ROWS];
static double row_weights[N_ROWS];

/* Half of the features are 0. */
static void fill_data(void)
{
    for (int i = 0; i < N_ROWS; i++) {
        labels[i] = i % N_CLASSES;
        row_weights[i] = i % 7 / 2.0;
        for (int j = 0; j < IN_SIZE; j++)
            features[i][j] = (i + 3 * j) % 4 < 2 ? 0 : (unsigned char)(i * 7 + j * 31);
    }
}

static void expect(nnf_status status)
{
    if (status != NNF_STATUS_OK) {
        fprintf(stderr, "status %d\n", (int)status);
        exit(1);
    }
}

/* Multiples of 1/1024 around 0. */
static void fill_weights(nnf_network *network, const net_spec *net, void *values)
{
    for (int i = 0; i < MOST_VALUES; i++) {
        const double value = (i * 37 % 101 - 50) / 1024.0;
        if (net->dtype == NNF_F32)
            ((float *)values)[i] = (float)value;
        else
            ((double *)values)[i] = value;
    }
    for (int l = 0; l < net->n_layers; l++)
        if (net->layers[l].kind == NNF_LAYER_DENSE)
            expect(nnf_network_set_parameter(network, l, NNF_WEIGHTS, values));
}

/* What a layer does not have is not written. */
static void write_state(const net_spec *net, const nnf_network *network, const nnf_optimizer *optimizer, char *values)
{
    const size_t element = net->dtype == NNF_F32 ? sizeof(float) : sizeof(double);
    int64_t in_size = IN_SIZE;
    for (int l = 0; l < net->n_layers; l++) {
        const nnf_layer_spec *layer = &net->layers[l];
        const int64_t out_size = layer->kind == NNF_LAYER_DENSE ? layer->out_size : in_size;
        for (int which = 0; which < NNF_N_PARAMETERS; which++) {
            const size_t n_bytes = element * (size_t)(which == NNF_WEIGHTS ? in_size * out_size : out_size);
            if (nnf_network_get_parameter(network, l, (nnf_parameter)which, values) != NNF_STATUS_OK)
                continue;
            fwrite(values, 1, n_bytes, stdout);
            for (int slot = 0; nnf_optimizer_get_state(optimizer, l, (nnf_parameter)which, slot, values) == NNF_STATUS_OK; slot++)
                fwrite(values, 1, n_bytes, stdout);
        }
        in_size = out_size;
    }
}

static void train(const net_spec *net)
{
    const nnf_network_spec spec = {net->dtype, IN_SIZE, 1.0 / 256, 0, net->n_layers, net->layers};
    const nnf_objective objective = {.loss = NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, .loss_factor = 1, .gradient_factor = 1};
    const nnf_matrix x = {features, net->n_rows, IN_SIZE, IN_SIZE, NNF_U8, NULL},
                     y = {labels, net->n_rows, 1, sizeof *labels, NNF_I32, NULL};
    const nnf_matrix weights = {row_weights, net->n_rows, 1, sizeof *row_weights, NNF_F64, NULL};
    const nnf_run run = {
        .batch_size = net->batch_size, .n_epochs = N_EPOCHS, .shuffle = true, .seed = 3, .weights = net->is_weighted ? &weights : NULL};
    nnf_network *network;
    nnf_optimizer *optimizer;
    nnf_trainer *trainer;
    nnf_stats stats[N_EPOCHS];
    void *values = malloc(MOST_VALUES * sizeof(double));
    expect(nnf_network_create(&spec, &network));
    fill_weights(network, net, values);
    expect(nnf_optimizer_create(network, net->rule, net->hyperparameters, &optimizer));
    expect(nnf_optimizer_set_options(optimizer, &net->options));
    expect(nnf_trainer_create(network, optimizer, &objective, &trainer));
    expect(nnf_trainer_run(trainer, &x, &y, &run, stats));
    write_state(net, network, optimizer, values);
    for (int epoch = 0; epoch < N_EPOCHS; epoch++) {
        const double sums[] = {stats[epoch].loss, stats[epoch].penalty, stats[epoch].weight};
        fwrite(sums, sizeof sums, 1, stdout);
    }
    nnf_trainer_free(trainer);
    nnf_optimizer_free(optimizer);
    nnf_network_free(network);
    free(values);
}

static void print_lists(void)
{
    for (int i = 0; nnf_core_get_runnable_isa(i) != NULL; i++)
        printf("%s%s", i == 0 ? "" : " ", nnf_core_get_runnable_isa(i));
    for (int i = 0; i < N_NETS; i++)
        printf("\n%s", nets[i].name);
    printf("\n");
}

int main(int n_arguments, char **arguments)
{
    expect(nnf_core_start());
    if (n_arguments != 4) {
        print_lists();
        return 0;
    }
    fill_data();
    expect(nnf_core_set_isa(arguments[1]));
    nnf_core_set_threads(atoi(arguments[2]));
    train(&nets[atoi(arguments[3])]);
    return 0;
}
