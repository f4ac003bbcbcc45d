/* fuzz_api.c: bytes -> a network, an optimizer, an objective, data and what is done with them, each of which may be against its
 * contract: the interface refuses it, or does it inside its memory. For libFuzzer, with the sanitizers; see CMakeLists.txt. */
#include "nnfast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 150, MOST_COLUMNS = 40, MOST_LAYERS = 5, MOST_EPOCHS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* ---- numbers from bytes: what follows the last is 0 ---- */

typedef struct source {
    const uint8_t *next, *end;
} source;

static int take(source *from) { return from->next < from->end ? *from->next++ : 0; }

static int take_below(source *from, int n) { return take(from) % n; }

/* Of n: now and then one too many. */
static int take_choice(source *from, int n)
{
    const int byte = take(from);
    return byte < 252 ? byte % n : n;
}

static bool take_bool(source *from) { return take(from) & 1; }

static uint64_t take_bits(source *from)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | (uint64_t)take(from);
    return bits;
}

/* Mostly what is asked of it. */
static double take_real(source *from, double usual)
{
    static const double others[] = {0, 1, -1, 0.5, 1e-300, 1e300, -0.0, (double)NAN, (double)INFINITY, -(double)INFINITY, 5e-324, 2};
    const int kind = take(from);
    if (kind < 230)
        return usual;
    if (kind < 250)
        return others[kind % (int)(sizeof others / sizeof *others)];
    const uint64_t bits = take_bits(from);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* From 1 to most; now and then what no size is, but never one that could be had. */
static int64_t take_size(source *from, int most)
{
    static const int64_t none[] = {0, -1, INT64_MIN, INT64_MAX, (INT64_C(1) << 29) + 1, INT64_C(1) << 32};
    const int byte = take(from);
    return byte < 250 ? 1 + byte % most : none[byte - 250];
}

static int64_t take_count(source *from)
{
    static const int64_t others[] = {0, 1, 2, 3, 7, 64, 1000, -1, INT64_MAX, INT64_MIN, INT64_C(1) << 32};
    return others[take_below(from, (int)(sizeof others / sizeof *others))];
}

/* ---- networks ---- */

static nnf_layer_spec take_layer(source *from)
{
    nnf_layer_spec layer = {
        .kind = (nnf_layer_kind)take_choice(from, NNF_LAYER_NORMALIZATION + 1),
        .out_size = take_size(from, MOST_COLUMNS),
        .use_bias = take_bool(from),
        .train_weights = take_bool(from),
        .train_bias = take_bool(from),
        .activation = (nnf_activation)take_choice(from, NNF_N_ACTIVATIONS),
        .parameter = take_real(from, 1),
        .rate = take_real(from, 0.5),
        .scale = take_real(from, 1),
        .offset = take_real(from, 0),
        .use_gamma = take_bool(from),
        .momentum = take_real(from, 0.9),
        .epsilon = take_real(from, 1e-3),
    };
    for (int which = NNF_WEIGHTS; which <= NNF_BIAS; which++) {
        layer.penalty[which] = (nnf_penalty){take_real(from, 0), take_real(from, 0)};
        if (take(from) > 200)
            layer.constraint[which] = (nnf_constraint){(nnf_constraint_kind)take_choice(from, NNF_CONSTRAINT_NORM + 1), take_real(from, 0),
                                                       take_real(from, 1), take_real(from, 1)};
    }
    return layer;
}

static nnf_network *take_network(source *from, nnf_dtype dtype, int64_t in_size, int64_t *out_size)
{
    nnf_layer_spec layers[MOST_LAYERS];
    const int n_layers = take(from) < 250 ? 1 + take_below(from, MOST_LAYERS) : 0;
    *out_size = in_size;
    for (int l = 0; l < n_layers; l++) {
        layers[l] = take_layer(from);
        *out_size = layers[l].kind == NNF_LAYER_DENSE ? layers[l].out_size : *out_size;
    }
    const nnf_network_spec spec = {dtype, in_size, take_real(from, 1), take_real(from, 0), n_layers, layers};
    nnf_network *network = NULL;
    return nnf_network_create(&spec, &network) == NNF_STATUS_OK ? network : NULL;
}

/* The most that a parameter holds, of float64. */
typedef double parameter_values[MOST_COLUMNS * MOST_COLUMNS];

static void fill(source *from, nnf_dtype dtype, void *values, int64_t n)
{
    const double scale = take_real(from, 0.1), odd = take_real(from, 0.5);
    const int every = 1 + take(from);
    uint64_t state = take_bits(from) | 1;
    for (int64_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double value = i % every == every - 1 ? odd : scale * ((double)(state >> 40) / 8388608 - 1);
        if (dtype == NNF_F64)
            ((double *)values)[i] = value;
        else if (dtype == NNF_F32)
            ((float *)values)[i] = (float)value;
        else if (dtype == NNF_I32)
            ((int32_t *)values)[i] = state >> 62 ? (int32_t)(state >> 60) : (int32_t)(state >> 32); /* some are far off */
        else
            ((uint8_t *)values)[i] = (uint8_t)(state >> 56);
    }
}

static void set_parameters(source *from, nnf_network *network, nnf_dtype dtype)
{
    static parameter_values values;
    for (int n = take_below(from, 8); n > 0; n--) {
        fill(from, dtype, values, (int64_t)(sizeof values / sizeof *values));
        const int layer = take_below(from, MOST_LAYERS + 2) - 1, which = take_below(from, NNF_N_PARAMETERS + 1);
        if (nnf_network_set_parameter(network, layer, (nnf_parameter)which, values) == NNF_STATUS_OK)
            nnf_network_get_parameter(network, layer, (nnf_parameter)which, values);
    }
}

/* ---- optimizers ---- */

static nnf_optimizer *take_optimizer(source *from, nnf_network *network)
{
    static parameter_values values;
    double hyperparameters[NNF_MAX_HYPERPARAMETERS];
    for (int i = 0; i < NNF_MAX_HYPERPARAMETERS; i++)
        hyperparameters[i] = take_real(from, i == 0 ? 0.01 : 0.9);
    nnf_optimizer *optimizer = NULL;
    if (nnf_optimizer_create(network, (nnf_optimizer_rule)take_choice(from, NNF_N_OPTIMIZERS), hyperparameters, &optimizer) !=
        NNF_STATUS_OK)
        return NULL;
    nnf_optimizer_set_weight_decay(optimizer, take_real(from, 0));
    const double bounds[] = {take_real(from, 0), take_real(from, 0), take_real(from, 0), take_real(from, 0.5)};
    const nnf_step_options options = {bounds[0],
                                      bounds[1],
                                      bounds[2],
                                      take(from) < 200 ? 1 : take_count(from),
                                      take_bool(from),
                                      bounds[3],
                                      take(from) < 200 ? 0 : take_count(from)};
    nnf_optimizer_set_options(optimizer, &options);
    nnf_optimizer_set_step(optimizer, take_count(from));
    const int layer = take_below(from, MOST_LAYERS + 2) - 1, slot = take_below(from, NNF_MAX_SLOTS + 3) - 1;
    const nnf_parameter which = (nnf_parameter)take_below(from, NNF_N_PARAMETERS + 1);
    if (nnf_optimizer_get_state(optimizer, layer, which, slot, values) == NNF_STATUS_OK)
        nnf_optimizer_set_state(optimizer, layer, which, slot, values);
    return optimizer;
}

/* ---- data: the memory that an honest matrix of that many rows has, to the byte ---- */

typedef struct table {
    nnf_matrix matrix;
    void *memory;
    nnf_csr csr;
} table;

static void free_table(table *t)
{
    free(t->memory);
    free((void *)(uintptr_t)t->csr.indptr);
    free((void *)(uintptr_t)t->csr.indices);
}

static table make_dense(source *from, nnf_dtype dtype, int64_t n_rows, int64_t n_columns)
{
    const size_t row = (size_t)n_columns * nnf_dtype_size(dtype);
    table t = {.memory = malloc((size_t)n_rows * row)};
    fill(from, dtype, t.memory, n_rows * n_columns);
    t.matrix = (nnf_matrix){t.memory, n_rows, n_columns, (int64_t)row, dtype, NULL};
    const int layout = take(from);
    if (layout > 200) { /* backwards */
        t.matrix.data = (char *)t.memory + (size_t)(n_rows - 1) * row;
        t.matrix.row_stride = -(int64_t)row;
    }
    if (layout > 230) /* one row, as often as it is asked for */
        t.matrix.row_stride = 0;
    return t;
}

/* Compressed rows of which no number need be true. */
static table make_sparse(source *from, nnf_dtype dtype, int64_t n_rows, int64_t n_columns)
{
    const int64_t n_stored = take(from) + 1;
    int64_t *indptr = malloc((size_t)(n_rows + 1) * sizeof *indptr);
    int32_t *indices = malloc((size_t)n_stored * sizeof *indices);
    table t = {.memory = malloc((size_t)n_stored * nnf_dtype_size(dtype)), .csr = {indptr, indices, n_stored}};
    fill(from, dtype, t.memory, n_stored);
    const int every = 1 + take(from);
    for (int64_t r = 0; r <= n_rows; r++)
        indptr[r] = r % every == every - 1 ? (int64_t)take_bits(from) : r * n_stored / n_rows;
    for (int64_t k = 0; k < n_stored; k++)
        indices[k] = k % every == every - 1 ? (int32_t)take_bits(from) : (int32_t)(k % n_columns);
    t.matrix = (nnf_matrix){t.memory, n_rows, n_columns, 0, dtype, NULL};
    return t;
}

/* ---- what is done ---- */

typedef struct job {
    nnf_network *network;
    nnf_optimizer *optimizer;
    nnf_dtype dtype;
    const nnf_matrix *x, *y, *out, *weights;
} job;

static nnf_objective take_objective(source *from)
{
    nnf_objective objective = {
        .loss = (nnf_loss)take_choice(from, NNF_N_LOSSES),
        .reduction = (nnf_reduction)take_choice(from, NNF_REDUCTION_WEIGHTED_MEAN + 1),
        .loss_factor = take_real(from, 1),
        .gradient_factor = take_real(from, 1),
        .divides_penalties = take_bool(from),
        .n_metrics = take_choice(from, NNF_MAX_METRICS + 1),
        .n_weighted = take_choice(from, 1),
    };
    for (int i = 0; i < NNF_MAX_LOSS_PARAMETERS; i++)
        objective.loss_parameters[i] = take_real(from, 0.5);
    for (int i = 0; i < NNF_MAX_METRICS; i++) {
        objective.metrics[i] = (nnf_metric)(i == 0 ? take_choice(from, NNF_N_METRICS) : take_below(from, NNF_N_METRICS));
        objective.metric_parameters[i] = take_real(from, 1);
    }
    return objective;
}

static void train(source *from, const job *j)
{
    const nnf_objective objective = take_objective(from);
    nnf_trainer *trainer = NULL;
    if (nnf_trainer_create(j->network, take(from) < 250 ? j->optimizer : NULL, &objective, &trainer) != NNF_STATUS_OK)
        return;
    const nnf_run run = {
        .batch_size = take(from) < 200 ? 1 + take_below(from, MOST_ROWS) : take_count(from),
        .first_epoch = (uint32_t)take_bits(from),
        .n_epochs = (uint32_t)take_below(from, MOST_EPOCHS + 1),
        .first_batch = take(from) < 200 ? 0 : take_count(from),
        .n_batches = take(from) < 200 ? 0 : take_count(from),
        .shuffle = take_bool(from),
        .seed = take_bits(from),
        .weights = take(from) < 200 ? NULL : j->weights,
        .outputs = take(from) < 200 ? NULL : j->out,
    };
    nnf_stats stats[MOST_EPOCHS + 1];
    nnf_trainer_run(trainer, j->x, j->y, &run, stats);
    nnf_trainer_get_bad_layer(trainer);
    nnf_trainer_evaluate(trainer, j->x, j->y, &run, stats);
    nnf_trainer_free(trainer);
}

static void pass_through(source *from, const job *j)
{
    static parameter_values values;
    const nnf_draws draws = {take_bits(from), (uint32_t)take(from), take_bits(from)};
    nnf_pass *pass = NULL;
    if (nnf_pass_create(j->network, &pass) != NNF_STATUS_OK)
        return;
    if (take(from) < 240)
        nnf_pass_forward(pass, j->x, j->out, take_bool(from) ? &draws : NULL);
    nnf_pass_find_not_finite(pass);
    nnf_pass_backward(pass, j->out, NULL);
    if (j->optimizer)
        nnf_pass_apply(pass, j->optimizer, take_real(from, 1));
    nnf_pass_get_gradient(pass, take_below(from, MOST_LAYERS), (nnf_parameter)take_below(from, NNF_N_PARAMETERS), values);
    nnf_pass_free(pass);
}

static void work(source *from, const job *j)
{
    for (int n = 1 + take_below(from, 4); n > 0; n--)
        switch (take_below(from, 5)) {
        case 0:
            nnf_network_predict(j->network, j->x, j->out, NULL, NULL);
            break;
        case 1:
            pass_through(from, j);
            break;
        default:
            train(from, j);
        }
}

static void start(void)
{
    static bool is_started;
    if (!is_started && nnf_core_start() != NNF_STATUS_OK)
        abort();
    is_started = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    start();
    source from = {bytes, bytes + size};
    nnf_core_set_threads(1 + take_below(&from, 2));
    nnf_core_set_isa(nnf_core_get_runnable_isa(take_below(&from, 2)));
    const nnf_dtype dtype = (nnf_dtype)take_choice(&from, NNF_N_COMPUTE_DTYPES);
    const int64_t in_size = take_size(&from, MOST_COLUMNS), n_rows = 1 + take_below(&from, MOST_ROWS);
    int64_t n_outputs;
    nnf_network *network = take_network(&from, dtype, in_size, &n_outputs);
    if (!network)
        return 0;
    n_outputs = take(&from) < 250 ? n_outputs : 1 + take_below(&from, MOST_COLUMNS);
    set_parameters(&from, network, dtype);
    const nnf_dtype x_dtype = (nnf_dtype)take_below(&from, 3);
    table x = take(&from) < 200 ? make_dense(&from, x_dtype, n_rows, in_size) : make_sparse(&from, x_dtype, n_rows, in_size);
    if (x.csr.indptr)
        x.matrix.csr = &x.csr;
    const nnf_dtype y_dtype = (nnf_dtype)take_below(&from, 4);
    table y = make_dense(&from, y_dtype, n_rows, y_dtype == NNF_I32 ? 1 : n_outputs);
    table out = make_dense(&from, dtype, n_rows, n_outputs);
    table weights = make_dense(&from, NNF_F64, n_rows, take_bool(&from) ? 1 : n_outputs);
    const job j = {network, take_optimizer(&from, network), dtype, &x.matrix, &y.matrix, &out.matrix, &weights.matrix};
    work(&from, &j);
    nnf_optimizer_free(j.optimizer);
    free_table(&x);
    free_table(&y);
    free_table(&out);
    free_table(&weights);
    nnf_network_free(network);
    return 0;
}
