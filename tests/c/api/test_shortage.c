/* test_shortage.c: memory that cannot be had: every call that allocates says so, once or as long as memory is short; what it was called
 * for is as before, and the same call later gives the bits that it would have given. The linker sends every call of the core's through
 * the functions below. */
#include "check.h"
#include "nnfast.h"

#include <stdlib.h>
#include <string.h>

static long n_calls, first_failing, last_failing; /* by member 0 alone: a batch allocates nothing */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool fails(void)
{
    const long call = n_calls++;
    return first_failing <= call && call <= last_failing;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *block, size_t size) { return fails() ? NULL : __real_realloc(block, size); }
void *__wrap_aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __real_aligned_alloc(alignment, size); }

enum { MOST_ROWS = 2500, IN_SIZE = 40, SIZE = 70, N_CLASSES = 3 };

static float features[MOST_ROWS][IN_SIZE], gradients[MOST_ROWS][N_CLASSES], input_gradients[MOST_ROWS][IN_SIZE];
static int32_t labels[MOST_ROWS];
static double weights[MOST_ROWS];
static int n_refused;

/* True if a call is to be made again: it was short of memory, which there is now. */
static bool is_refused(nnf_status status)
{
    CHECK(status == NNF_STATUS_OK || (status == NNF_STATUS_OUT_OF_MEMORY && n_calls > first_failing));
    n_refused += status == NNF_STATUS_OUT_OF_MEMORY;
    if (status == NNF_STATUS_OUT_OF_MEMORY)
        last_failing = n_calls - 1;
    return status == NNF_STATUS_OUT_OF_MEMORY;
}

#define INSIST(call) \
    while (is_refused(call)) { \
    }

typedef struct results {
    float outputs[MOST_ROWS][N_CLASSES], weights[IN_SIZE * SIZE], gradient[IN_SIZE * SIZE];
    nnf_stats trained, evaluated;
} results;

static nnf_network *make_network(void)
{
    nnf_layer_spec layers[] = {
        {.kind = NNF_LAYER_DENSE, .out_size = SIZE, .use_bias = true, .train_weights = true, .train_bias = true},
        {.kind = NNF_LAYER_BATCH_NORMALIZATION, .train_weights = true, .use_gamma = true, .momentum = 0.9, .epsilon = 1e-3},
        {.kind = NNF_LAYER_DENSE, .out_size = N_CLASSES, .use_bias = true, .train_weights = true, .train_bias = true},
    };
    layers[0].penalty[NNF_WEIGHTS].l2 = 0.1;
    const nnf_network_spec spec = {NNF_F32, IN_SIZE, 1, 0, 3, layers};
    nnf_network *network = NULL;
    INSIST(nnf_network_create(&spec, &network))
    CHECK(nnf_network_set_parameter(network, 0, NNF_WEIGHTS, features) == NNF_STATUS_OK);
    CHECK(nnf_network_set_parameter(network, 2, NNF_WEIGHTS, features[100]) == NNF_STATUS_OK);
    return network;
}

/* Options that do not fit leave an optimizer that can be freed. */
static nnf_optimizer *make_optimizer(nnf_network *network)
{
    const nnf_step_options options = {.clip_norm = 0.1, .n_batches = 2, .use_average = true, .average_momentum = 0.5};
    nnf_optimizer *optimizer = NULL;
    INSIST(nnf_optimizer_create(network, NNF_OPTIMIZER_ADAM, (const double[]){1e-2, 0.9, 0.99, 1e-7}, &optimizer))
    if (!is_refused(nnf_optimizer_set_options(optimizer, &options)))
        return optimizer;
    nnf_optimizer_free(optimizer);
    return make_optimizer(network);
}

static void train(nnf_network *network, nnf_optimizer *optimizer, results *r)
{
    const nnf_objective objective = {NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, .reduction = NNF_REDUCTION_WEIGHTED_MEAN, .loss_factor = 1,
                                     .gradient_factor = 1};
    const nnf_matrix x = {features, MOST_ROWS, IN_SIZE, sizeof *features, NNF_F32, NULL};
    const nnf_matrix y = {labels, MOST_ROWS, 1, sizeof *labels, NNF_I32, NULL}, w = {weights, MOST_ROWS, 1, sizeof *weights, NNF_F64, NULL};
    const nnf_run run = {.batch_size = 600, .n_epochs = 1, .shuffle = true, .weights = &w};
    nnf_trainer *trainer = NULL;
    INSIST(nnf_trainer_create(network, optimizer, &objective, &trainer))
    INSIST(nnf_trainer_run(trainer, &x, &y, &run, &r->trained))
    INSIST(nnf_trainer_evaluate(trainer, &x, &y, &run, &r->evaluated))
    nnf_trainer_free(trainer);
}

static void pass_through(nnf_network *network, nnf_optimizer *optimizer, results *r)
{
    const nnf_matrix x = {features, MOST_ROWS, IN_SIZE, sizeof *features, NNF_F32, NULL};
    const nnf_matrix out = {r->outputs, MOST_ROWS, N_CLASSES, sizeof *r->outputs, NNF_F32, NULL};
    const nnf_matrix grad = {gradients, MOST_ROWS, N_CLASSES, sizeof *gradients, NNF_F32, NULL};
    const nnf_matrix grad_x = {input_gradients, MOST_ROWS, IN_SIZE, sizeof *input_gradients, NNF_F32, NULL};
    const nnf_draws draws = {1, 0, 0};
    nnf_pass *pass = NULL;
    INSIST(nnf_pass_create(network, &pass))
    INSIST(nnf_pass_forward(pass, &x, &out, &draws))
    INSIST(nnf_pass_backward(pass, &grad, &grad_x))
    INSIST(nnf_pass_apply(pass, optimizer, 1))
    INSIST(nnf_network_predict(network, &x, &out, NULL, NULL))
    nnf_pass_free(pass);
}

static void multiply(results *r)
{
    const nnf_matrix x = {features, MOST_ROWS, IN_SIZE, sizeof *features, NNF_F32, NULL};
    const nnf_matrix w = {r->weights, IN_SIZE, N_CLASSES, N_CLASSES * sizeof(float), NNF_F32, NULL};
    const nnf_matrix y = {r->outputs, MOST_ROWS, N_CLASSES, sizeof *r->outputs, NNF_F32, NULL};
    const nnf_matrix grad_w = {r->gradient, IN_SIZE, N_CLASSES, N_CLASSES * sizeof(float), NNF_F32, NULL};
    const nnf_matrix grad_x = {input_gradients, MOST_ROWS, IN_SIZE, sizeof *input_gradients, NNF_F32, NULL};
    INSIST(nnf_array_dense_forward(&x, &w, NULL, &y))
    INSIST(nnf_array_dense_backward(&x, &w, &y, &grad_x, &grad_w, NULL))
}

/* Calls first, first + 1, ... of the allocator fail; the number of them there are. */
static long run_all(long first, long last, results *r)
{
    n_calls = 0;
    first_failing = first;
    last_failing = last;
    memset(r, 0, sizeof *r);
    nnf_network *network = make_network();
    nnf_optimizer *optimizer = make_optimizer(network);
    train(network, optimizer, r);
    pass_through(network, optimizer, r);
    CHECK(nnf_network_get_parameter(network, 0, NNF_WEIGHTS, r->weights) == NNF_STATUS_OK);
    multiply(r);
    nnf_optimizer_free(optimizer);
    nnf_network_free(network);
    return n_calls;
}

int main(void)
{
    static results expected, received;
    CHECK(nnf_core_start() == NNF_STATUS_OK);
    nnf_core_set_threads(2);
    for (int i = 0; i < MOST_ROWS; i++) {
        labels[i] = i % N_CLASSES;
        weights[i] = i % 4;
        for (int j = 0; j < IN_SIZE; j++)
            features[i][j] = (float)((i * 7 + j * 31) % 101 - 50) / 200;
        for (int j = 0; j < N_CLASSES; j++)
            gradients[i][j] = (float)((i + j) % 5 - 2) / 100;
    }
    run_all(-1, -1, &expected); /* the threads, which stay */
    const long n = run_all(-1, -1, &expected);
    CHECK(n > 20 && n_refused == 0);
    for (long first = 0; first < n; first++)
        for (int is_lasting = 0; is_lasting < 2; is_lasting++) {
            check_set_context("call %ld of %ld of the allocator%s", first, n, is_lasting ? " and all behind it" : "");
            n_refused = 0;
            run_all(first, is_lasting ? first + 1000000 : first, &received);
            CHECK(n_refused == 1);
            CHECK(memcmp(&received, &expected, sizeof expected) == 0);
        }
    return check_finish();
}
