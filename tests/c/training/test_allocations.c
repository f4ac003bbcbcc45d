/* test_allocations.c: a batch allocates nothing: a run of many epochs calls the allocator as often as a run of one. The linker
 * sends every call of the core's through the functions below. */
#include "check.h"
#include "nnfast.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_long n_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    n_calls++;
    return __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size)
{
    n_calls++;
    return __real_calloc(n, size);
}
void *__wrap_realloc(void *block, size_t size)
{
    n_calls++;
    return __real_realloc(block, size);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    n_calls++;
    return __real_aligned_alloc(alignment, size);
}

enum { N_ROWS = 3000, N_FEATURES = 40, N_CLASSES = 3, N_EPOCHS = 5 };

typedef struct data {
    uint8_t x[N_ROWS][N_FEATURES];
    int32_t y[N_ROWS];
    double weights[N_ROWS];
    float outputs[N_ROWS][N_CLASSES];
} data;

static nnf_trainer *make_trainer(nnf_network **network, nnf_optimizer **optimizer)
{
    const nnf_layer_spec layers[] = {
        {.kind = NNF_LAYER_DENSE,
         .out_size = 130,
         .use_bias = true,
         .train_weights = true,
         .train_bias = true,
         .activation = NNF_ACTIVATION_RELU},
        {.kind = NNF_LAYER_DROPOUT, .rate = 0.1},
        {.kind = NNF_LAYER_DENSE, .out_size = N_CLASSES, .use_bias = true, .train_weights = true, .train_bias = true},
    };
    const nnf_network_spec spec = {.dtype = NNF_F32, .in_size = N_FEATURES, .in_scale = 1 / 255.0, .n_layers = 3, .layers = layers};
    const double hyperparameters[NNF_MAX_HYPERPARAMETERS] = {1e-3, 0.9, 0.999, 1e-7};
    const nnf_objective objective = {
        .loss = NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, .loss_factor = 1, .gradient_factor = 1, .n_metrics = 1};
    nnf_trainer *trainer = NULL;
    CHECK(nnf_network_create(&spec, network) == NNF_STATUS_OK);
    CHECK(nnf_optimizer_create(*network, NNF_OPTIMIZER_ADAM, hyperparameters, optimizer) == NNF_STATUS_OK);
    CHECK(nnf_trainer_create(*network, *optimizer, &objective, &trainer) == NNF_STATUS_OK);
    return trainer;
}

/* Calls of the allocator in a first run of so many epochs. */
static long count_calls(data *d, int64_t n_rows, int64_t batch_size, uint32_t n_epochs)
{
    nnf_network *network = NULL;
    nnf_optimizer *optimizer = NULL;
    nnf_trainer *trainer = make_trainer(&network, &optimizer);
    const nnf_matrix x = {d->x, n_rows, N_FEATURES, N_FEATURES, NNF_U8, NULL}, y = {d->y, n_rows, 1, sizeof *d->y, NNF_I32, NULL};
    const nnf_matrix weights = {d->weights, n_rows, 1, sizeof *d->weights, NNF_F64, NULL};
    const nnf_matrix outputs = {d->outputs, n_rows, N_CLASSES, sizeof *d->outputs, NNF_F32, NULL};
    const nnf_run run = {.batch_size = batch_size, .n_epochs = n_epochs, .shuffle = true, .weights = &weights, .outputs = &outputs};
    nnf_stats stats[N_EPOCHS];
    const long before = n_calls;
    CHECK(nnf_trainer_run(trainer, &x, &y, &run, stats) == NNF_STATUS_OK);
    const long calls = n_calls - before;
    nnf_trainer_free(trainer);
    nnf_optimizer_free(optimizer);
    nnf_network_free(network);
    return calls;
}

int main(void)
{
    data *d = malloc(sizeof *d);
    if (!CHECK(d != NULL) || !CHECK(nnf_core_start() == NNF_STATUS_OK))
        return check_finish();
    for (int i = 0; i < N_ROWS; i++) {
        for (int j = 0; j < N_FEATURES; j++)
            d->x[i][j] = (uint8_t)((i * 7 + j * 31) % 5 == 0 ? i + j : 0);
        d->y[i] = i % N_CLASSES;
        d->weights[i] = i % 4;
    }
    nnf_core_set_threads(3);
    count_calls(d, N_ROWS, 500, 1);                                  /* the threads, which stay */
    static const int64_t batch_sizes[] = {1, 32, 500, 2500, N_ROWS}; /* one sample, by rows or columns, by shards */
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        nnf_core_set_threads(n_threads);
        for (size_t b = 0; b < sizeof batch_sizes / sizeof *batch_sizes; b++) {
            const int64_t n_rows = batch_sizes[b] == 1 ? N_ROWS / 10 : N_ROWS; /* as many batches as need be: emulators are slow */
            const long once = count_calls(d, n_rows, batch_sizes[b], 1), often = count_calls(d, n_rows, batch_sizes[b], N_EPOCHS);
            check_set_context("batches of %d, %d threads: %ld calls in an epoch, %ld in more", (int)batch_sizes[b], n_threads, once, often);
            CHECK(once > 0); /* the run's memory: the counting works */
            CHECK(often == once);
        }
    }
    free(d);
    return check_finish();
}
