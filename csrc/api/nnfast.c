/* nnfast.c: networks, optimizers, passes and trainers for the outside. Every argument is checked here, and nowhere below. */
#include "nnfast.h"
#include "api/core.h"
#include "base/float_state.h"
#include "network/pass.h"
#include "network/predict.h"
#include "training/evaluate.h"
#include "training/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sizes up to here keep every product of two of them and an element size inside 63 bits. */
static const int64_t MAX_SIZE = INT64_C(1) << 29;
static const int64_t MAX_STEP = INT64_C(1) << 62; /* no run counts from there to the end of 63 bits */
static const int64_t MAX_SAMPLES = UINT32_MAX;    /* what an order of samples can count */

/* ---- networks ---- */

static bool is_valid_parameter(const nnf_layer_spec *layer, nnf_parameter which)
{
    const nnf_penalty *penalty = &layer->penalty[which];
    const nnf_constraint *constraint = &layer->constraint[which];
    return penalty->l1 >= 0 && penalty->l2 >= 0 && (unsigned)constraint->kind <= NNF_CONSTRAINT_NORM;
}

static bool is_valid_layer(const nnf_layer_spec *layer)
{
    if ((unsigned)layer->activation >= NNF_N_ACTIVATIONS)
        return false;
    switch (layer->kind) {
    case NNF_LAYER_DENSE:
        return layer->out_size > 0 && layer->out_size <= MAX_SIZE && is_valid_parameter(layer, NNF_WEIGHTS) &&
               is_valid_parameter(layer, NNF_BIAS);
    case NNF_LAYER_DROPOUT:
        return layer->rate >= 0 && layer->rate < 1;
    case NNF_LAYER_BATCH_NORMALIZATION:
    case NNF_LAYER_LAYER_NORMALIZATION:
    case NNF_LAYER_NORMALIZATION:
        return layer->epsilon > 0 && layer->momentum >= 0 && layer->momentum <= 1;
    case NNF_LAYER_ACTIVATION:
    case NNF_LAYER_RESCALING:
        return true;
    }
    return false;
}

nnf_status nnf_network_create(const nnf_network_spec *spec, nnf_network **network)
{
    if (!nnf_is_compute_dtype(spec->dtype) || spec->in_size < 1 || spec->in_size > MAX_SIZE || spec->n_layers < 1)
        return NNF_STATUS_INVALID_ARGUMENT;
    for (int l = 0; l < spec->n_layers; l++)
        if (!is_valid_layer(&spec->layers[l]))
            return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_float_state caller = nnf_float_state_enter();
    const nnf_status status = nnf_network_allocate(nnf_core_get_kernels(spec->dtype), spec, network);
    nnf_float_state_set(caller);
    return status;
}

void nnf_network_free(nnf_network *network) { nnf_network_release(network); }

nnf_status nnf_network_get_parameter(const nnf_network *network, int layer, nnf_parameter which, void *values)
{
    if (!nnf_network_has_parameter(network, layer, which))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_network_unpack(network, layer, which, network->memory.base, values);
    return NNF_STATUS_OK;
}

nnf_status nnf_network_set_parameter(nnf_network *network, int layer, nnf_parameter which, const void *values)
{
    if (!nnf_network_has_parameter(network, layer, which))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_float_state caller = nnf_float_state_enter();
    nnf_network_pack(network, layer, which, values, network->memory.base);
    if (which == NNF_VARIANCE || (which == NNF_WEIGHTS && network->layers[layer].keep_transposed))
        nnf_network_refresh(network, layer);
    nnf_float_state_set(caller);
    return NNF_STATUS_OK;
}

double nnf_network_get_penalty(const nnf_network *network)
{
    const nnf_float_state caller = nnf_float_state_enter();
    const double penalty = nnf_penalty_measure(network);
    nnf_float_state_set(caller);
    return penalty;
}

nnf_status nnf_network_predict(const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out, nnf_poll poll, void *poll_argument)
{
    if (!nnf_is_source(x, network->in_size) || !nnf_is_real(out, network->kernels->dtype, x->n_rows, network->out_size))
        return NNF_STATUS_INVALID_ARGUMENT;
    return nnf_predict(network, x, out, poll, poll_argument);
}

/* ---- optimizers ---- */

struct nnf_optimizer {
    nnf_step step;
};

nnf_status nnf_optimizer_create(nnf_network *network, nnf_optimizer_rule rule, const double *hyperparameters, nnf_optimizer **result)
{
    if ((unsigned)rule >= NNF_N_OPTIMIZERS)
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_optimizer *optimizer = calloc(1, sizeof *optimizer);
    if (!optimizer || !nnf_step_create(&optimizer->step, network, rule)) {
        free(optimizer);
        return NNF_STATUS_OUT_OF_MEMORY;
    }
    nnf_optimizer_set_hyperparameters(optimizer, hyperparameters);
    *result = optimizer;
    return NNF_STATUS_OK;
}

void nnf_optimizer_free(nnf_optimizer *optimizer)
{
    if (optimizer)
        nnf_step_free(&optimizer->step);
    free(optimizer);
}

void nnf_optimizer_set_hyperparameters(nnf_optimizer *optimizer, const double *hyperparameters)
{
    const int n = nnf_rule_count_hyperparameters(optimizer->step.rule.rule);
    memcpy(optimizer->step.rule.hyperparameter, hyperparameters, (size_t)n * sizeof *hyperparameters);
}

void nnf_optimizer_set_weight_decay(nnf_optimizer *optimizer, double weight_decay) { optimizer->step.rule.weight_decay = weight_decay; }

static bool are_valid_options(const nnf_step_options *options)
{
    const int n_bounds = (options->clip_value > 0) + (options->clip_norm > 0) + (options->clip_global_norm > 0);
    return options->clip_value >= 0 && options->clip_norm >= 0 && options->clip_global_norm >= 0 && n_bounds <= 1 &&
           options->n_batches >= 1 && options->average_momentum >= 0 && options->average_momentum <= 1 && options->overwrite_interval >= 0;
}

nnf_status nnf_optimizer_set_options(nnf_optimizer *optimizer, const nnf_step_options *options)
{
    if (!are_valid_options(options))
        return NNF_STATUS_INVALID_ARGUMENT;
    return nnf_step_set_options(&optimizer->step, options) ? NNF_STATUS_OK : NNF_STATUS_OUT_OF_MEMORY;
}

int64_t nnf_optimizer_get_step(const nnf_optimizer *optimizer) { return nnf_step_get_batches(&optimizer->step); }

nnf_status nnf_optimizer_set_step(nnf_optimizer *optimizer, int64_t step)
{
    if (step < 0 || step > MAX_STEP)
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_step_set_batches(&optimizer->step, step);
    return NNF_STATUS_OK;
}

void nnf_optimizer_overwrite(const nnf_optimizer *optimizer) { nnf_step_overwrite(&optimizer->step); }

static bool has_state(const nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot)
{
    return slot >= 0 && slot < nnf_step_count_slots(&optimizer->step) && which < NNF_MEAN &&
           nnf_network_has_parameter(optimizer->step.network, layer, which);
}

nnf_status nnf_optimizer_get_state(const nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, void *values)
{
    if (!has_state(optimizer, layer, which, slot))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_network_unpack(optimizer->step.network, layer, which, nnf_step_get_slot(&optimizer->step, slot), values);
    return NNF_STATUS_OK;
}

nnf_status nnf_optimizer_set_state(nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, const void *values)
{
    if (!has_state(optimizer, layer, which, slot))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_network_pack(optimizer->step.network, layer, which, values, nnf_step_get_slot(&optimizer->step, slot));
    return NNF_STATUS_OK;
}

/* ---- passes ---- */

nnf_status nnf_pass_create(nnf_network *network, nnf_pass **result)
{
    nnf_pass *pass = calloc(1, sizeof *pass);
    if (!pass || !nnf_pass_allocate(network, pass)) {
        free(pass);
        return NNF_STATUS_OUT_OF_MEMORY;
    }
    *result = pass;
    return NNF_STATUS_OK;
}

void nnf_pass_free(nnf_pass *pass)
{
    if (pass)
        nnf_pass_release(pass);
    free(pass);
}

nnf_status nnf_pass_forward(nnf_pass *pass, const nnf_matrix *x, const nnf_matrix *out, const nnf_draws *draws)
{
    const nnf_network *network = pass->network;
    if (!nnf_is_source(x, network->in_size) || !nnf_is_real(out, network->kernels->dtype, x->n_rows, network->out_size))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_pass_mode mode = {0};
    if (draws)
        mode = (nnf_pass_mode){.training = true, .seed = draws->seed, .epoch = draws->epoch, .position = draws->position};
    return nnf_pass_run_forward(pass, x, out, mode) ? NNF_STATUS_OK : NNF_STATUS_OUT_OF_MEMORY;
}

int nnf_pass_find_not_finite(const nnf_pass *pass)
{
    if (pass->n_rows == 0)
        return pass->network->n_layers;
    const nnf_float_state caller = nnf_float_state_enter();
    const int layer = nnf_pass_search(pass);
    nnf_float_state_set(caller);
    return layer;
}

nnf_status nnf_pass_backward(nnf_pass *pass, const nnf_matrix *grad_output, const nnf_matrix *grad_input)
{
    const nnf_network *network = pass->network;
    const nnf_dtype dtype = network->kernels->dtype;
    if (pass->n_rows == 0 || !nnf_is_real(grad_output, dtype, pass->n_rows, network->out_size) ||
        (grad_input && !nnf_is_real(grad_input, dtype, pass->n_rows, network->in_size)))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_pass_run_backward(pass, grad_output, grad_input);
    return NNF_STATUS_OK;
}

nnf_status nnf_pass_get_gradient(const nnf_pass *pass, int layer, nnf_parameter which, void *values)
{
    if (!nnf_network_has_parameter(pass->network, layer, which))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_network_unpack(pass->network, layer, which, pass->gradients.base, values);
    return NNF_STATUS_OK;
}

nnf_status nnf_pass_apply(nnf_pass *pass, nnf_optimizer *optimizer, double penalty_share)
{
    if (optimizer->step.network != pass->network || !(penalty_share >= 0 && isfinite(penalty_share)))
        return NNF_STATUS_INVALID_ARGUMENT;
    const nnf_float_state caller = nnf_float_state_enter();
    nnf_pass_run_update(pass, &optimizer->step, penalty_share);
    nnf_float_state_set(caller);
    return NNF_STATUS_OK;
}

/* ---- trainers ---- */

/* A loss that joins with an activation needs that one, or none, at the end of the network. */
static bool fits_network(const nnf_objective *objective, const nnf_network *network)
{
    const nnf_layer_spec *last = &network->layers[network->n_layers - 1].spec;
    const nnf_activation own = nnf_loss_get_activation(objective->loss);
    if (!nnf_objective_takes_logits(objective))
        return true;
    return (last->kind == NNF_LAYER_DENSE || last->kind == NNF_LAYER_ACTIVATION) &&
           (last->activation == own || last->activation == NNF_ACTIVATION_LINEAR);
}

static bool is_factor(double factor) { return factor > 0 && isfinite(factor); }

nnf_status nnf_trainer_create(nnf_network *network, nnf_optimizer *optimizer, const nnf_objective *objective, nnf_trainer **result)
{
    if ((unsigned)objective->loss >= NNF_N_LOSSES || (unsigned)objective->reduction > NNF_REDUCTION_WEIGHTED_MEAN)
        return NNF_STATUS_INVALID_ARGUMENT;
    if (!is_factor(objective->loss_factor) || !is_factor(objective->gradient_factor))
        return NNF_STATUS_INVALID_ARGUMENT;
    if (objective->n_metrics < 0 || objective->n_metrics > NNF_MAX_METRICS || objective->n_weighted < 0 ||
        objective->n_weighted > objective->n_metrics)
        return NNF_STATUS_INVALID_ARGUMENT;
    for (int m = 0; m < objective->n_metrics; m++)
        if ((unsigned)objective->metrics[m] >= NNF_N_METRICS)
            return NNF_STATUS_INVALID_ARGUMENT;
    if (!fits_network(objective, network) || (optimizer && optimizer->step.network != network))
        return NNF_STATUS_INVALID_ARGUMENT;
    nnf_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer)
        return NNF_STATUS_OUT_OF_MEMORY;
    *trainer = (nnf_trainer){.network = network, .step = optimizer ? &optimizer->step : NULL, .objective = *objective};
    *result = trainer;
    return NNF_STATUS_OK;
}

void nnf_trainer_free(nnf_trainer *trainer)
{
    if (trainer)
        nnf_trainer_release(trainer);
    free(trainer);
}

static bool takes_labels(nnf_loss loss)
{
    return loss == NNF_LOSS_CATEGORICAL_CROSSENTROPY || loss == NNF_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
}

static bool is_valid_data(const nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y)
{
    const nnf_network *network = trainer->network;
    if (!nnf_is_source(x, network->in_size) || x->n_rows > MAX_SAMPLES || !y || y->csr || y->n_rows != x->n_rows)
        return false;
    return y->dtype == NNF_I32
               ? takes_labels(trainer->objective.loss) && y->data && y->n_columns == 1 && y->row_stride == (int64_t)sizeof(int32_t)
               : nnf_is_source(y, network->out_size);
}

static bool is_valid_run(const nnf_trainer *trainer, const nnf_matrix *x, const nnf_run *run)
{
    const nnf_network *network = trainer->network;
    const int64_t n_weights = nnf_loss_has_elements((int)trainer->objective.loss) ? network->out_size : 1;
    return (!run->weights || nnf_is_real(run->weights, NNF_F64, x->n_rows, 1) ||
            nnf_is_real(run->weights, NNF_F64, x->n_rows, n_weights)) &&
           (!run->outputs || nnf_is_real(run->outputs, network->kernels->dtype, x->n_rows, network->out_size));
}

nnf_status nnf_trainer_run(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats)
{
    if (!trainer->step || !is_valid_data(trainer, x, y) || !is_valid_run(trainer, x, run) || run->batch_size < 1 || run->first_batch < 0 ||
        run->first_batch > (x->n_rows - 1) / run->batch_size)
        return NNF_STATUS_INVALID_ARGUMENT;
    return nnf_train(trainer, x, y, run, stats);
}

int nnf_trainer_get_bad_layer(const nnf_trainer *trainer) { return trainer->bad_layer; }

nnf_status nnf_trainer_evaluate(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats)
{
    if (!is_valid_data(trainer, x, y) || !is_valid_run(trainer, x, run))
        return NNF_STATUS_INVALID_ARGUMENT;
    return nnf_evaluate(trainer->network, &trainer->objective, x, y, run, stats);
}
