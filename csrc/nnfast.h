/* nnfast.h: the public interface of the core, all that Cython sees.
 *
 * Every function that takes an object made here may be called from any thread, but not two at a time on one object unless
 * both only read it (nnf_network_predict and nnf_network_get_parameter only read). None calls back into Python but through a poll.
 *
 * Sizes count elements, strides bytes. "dtype" is the network's: its parameters, gradients and outputs. */
#ifndef NNFAST_H
#define NNFAST_H

#include "base/matrix.h"
#include "base/status.h"
#include "kernels/optimizers.h"
#include "network/spec.h"
#include "network/step_options.h"
#include "training/run.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- the process ---- */

/* Must succeed before anything else here is called: chooses the kernels; reads NNFAST_ISA. */
nnf_status nnf_core_start(void);
/* The name of the instruction set in use, and the i-th this CPU can run (NULL past the last). */
const char *nnf_core_get_isa(void);
const char *nnf_core_get_runnable_isa(int i);
/* Changes the kernels for networks made from now on; for tests and comparisons. */
nnf_status nnf_core_set_isa(const char *isa);
int nnf_core_get_threads(void);
void nnf_core_set_threads(int n_threads); /* <= 0: the default */
/* The same for the calling thread alone: at most so many, whatever is set; <= 0: no limit. Returns the limit before, or 0. */
int nnf_core_limit_threads(int n_threads);
int nnf_core_count_usable_cores(void);
/* True once, after a thread could not be created: how many were wanted for a call, and with how many it ran. */
bool nnf_core_take_shortage(int *n_wanted, int *n_had);
/* Changes in a forked child: how many forks there are between this process and the one that asked first. A poll that forked must
 * return false in the child: the run ends there, and what it was computing is half done. */
unsigned nnf_core_count_forks(void);
/* What n_threads cores reach at once, each best of several tries, in about 0.2 s: multiplications and additions a second in
 * registers with the instruction set in use, n_threads >= 1; bytes a second read from memory, OUT_OF_MEMORY possible. */
nnf_status nnf_core_measure_peak(nnf_dtype dtype, int n_threads, double *billions_a_second);
nnf_status nnf_core_measure_bandwidth(int n_threads, double *billions_a_second);

/* ---- the lists of the kernels: name of the i-th row, 0 <= i < NNF_N_... ---- */

const char *nnf_activation_get_name(int activation);
const char *nnf_loss_get_name(int loss);
const char *nnf_loss_get_parameter_names(int loss); /* separated by spaces */
/* A row's loss is the mean, or the sum, of its elements' losses: each may have a weight of its own. */
bool nnf_loss_has_elements(int loss);
const char *nnf_metric_get_name(int metric);
double nnf_metric_get_parameter(int metric); /* by default */
const char *nnf_optimizer_get_name(int rule);
const char *nnf_optimizer_get_hyperparameter_names(int rule); /* separated by spaces */
int nnf_optimizer_count_slots(int rule);

/* ---- networks: layers and their parameters ---- */

typedef struct nnf_network nnf_network;

/* All parameters are 0, but for gamma where it is not used. */
nnf_status nnf_network_create(const nnf_network_spec *spec, nnf_network **network);
void nnf_network_free(nnf_network *network);
/* values: dtype; weights (in_size, out_size) row by row, all others (out_size). layer counts all layers of the spec from 0. */
nnf_status nnf_network_get_parameter(const nnf_network *network, int layer, nnf_parameter which, void *values);
nnf_status nnf_network_set_parameter(nnf_network *network, int layer, nnf_parameter which, const void *values);
/* What the parameters that are trained add to a batch's loss. */
double nnf_network_get_penalty(const nnf_network *network);
/* Nothing is dropped, statistics are moving ones. out: dtype, out.n_columns = out_size. x: NNF_U8, NNF_F32 or NNF_F64. poll as in
 * nnf_run, its batches being groups of rows; may be NULL. */
nnf_status nnf_network_predict(const nnf_network *network, const nnf_matrix *x, const nnf_matrix *out, nnf_poll poll, void *poll_argument);

/* ---- optimizers: an update rule and its state for one network ---- */

typedef struct nnf_optimizer nnf_optimizer;

/* The network must outlive the optimizer. State is 0, step is 0, weight decay is 0. */
nnf_status nnf_optimizer_create(nnf_network *network, nnf_optimizer_rule rule, const double *hyperparameters, nnf_optimizer **optimizer);
void nnf_optimizer_free(nnf_optimizer *optimizer);
/* hyperparameters: as many, and in the order, as the rule's row in optimizers.h names. */
void nnf_optimizer_set_hyperparameters(nnf_optimizer *optimizer, const double *hyperparameters);
/* Decoupled: each step begins with parameters -= learning rate * weight_decay * parameters, biases too. */
void nnf_optimizer_set_weight_decay(nnf_optimizer *optimizer, double weight_decay);
/* Before the first step, or the state is lost; OUT_OF_MEMORY leaves the optimizer fit to be freed alone. */
nnf_status nnf_optimizer_set_options(nnf_optimizer *optimizer, const nnf_step_options *options);
/* Counts batches, from 0 to 2^62: of options.n_batches of them is made one step of the rule. */
int64_t nnf_optimizer_get_step(const nnf_optimizer *optimizer);
nnf_status nnf_optimizer_set_step(nnf_optimizer *optimizer, int64_t step);
/* Puts the average, where options ask for one, in the place of the parameters; nothing before the first batch. */
void nnf_optimizer_overwrite(const nnf_optimizer *optimizer);
/* Slots: those of the rule, then the gradients gathered if n_batches > 1, then the average if there is one. */
nnf_status nnf_optimizer_get_state(const nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, void *values);
nnf_status nnf_optimizer_set_state(nnf_optimizer *optimizer, int layer, nnf_parameter which, int slot, const void *values);

/* ---- passes: forward and backward one at a time, for what fit does not do ---- */

typedef struct nnf_pass nnf_pass;

/* Memory for passes of one network, which must outlive it. */
nnf_status nnf_pass_create(nnf_network *network, nnf_pass **pass);
void nnf_pass_free(nnf_pass *pass);
/* What dropout is drawn from: as in a run, where the first row stands at that position of the epoch. */
typedef struct nnf_draws {
    uint64_t seed;
    uint32_t epoch;
    uint64_t position;
} nnf_draws;
/* Keeps what backward needs. With draws it trains: dropout is on, and batch normalization takes the statistics of the rows, which its
 * moving ones take in. draws may be NULL. */
nnf_status nnf_pass_forward(nnf_pass *pass, const nnf_matrix *x, const nnf_matrix *out, const nnf_draws *draws);
/* Of the last forward: the lowest layer that gave NaN or an infinity, -1 if the scaled input held one, n_layers if none did or there was
 * no forward. */
int nnf_pass_find_not_finite(const nnf_pass *pass);
/* After forward: grad_output (dtype, out's shape) -> grad_input (dtype, x's shape; may be NULL); the sums over rows
 * of the parameters' gradients are kept: of the data alone, without those of penalties. */
nnf_status nnf_pass_backward(nnf_pass *pass, const nnf_matrix *grad_output, const nnf_matrix *grad_input);
nnf_status nnf_pass_get_gradient(const nnf_pass *pass, int layer, nnf_parameter which, void *values);
/* One step with the gradients of the last backward and those of penalties, times a share >= 0; parameters that are not trained stay. */
nnf_status nnf_pass_apply(nnf_pass *pass, nnf_optimizer *optimizer, double penalty_share);

/* ---- trainers: whole epochs ---- */

typedef struct nnf_trainer nnf_trainer;

/* network and optimizer must outlive the trainer; optimizer may be NULL for a trainer that only evaluates. */
nnf_status nnf_trainer_create(nnf_network *network, nnf_optimizer *optimizer, const nnf_objective *objective, nnf_trainer **trainer);
void nnf_trainer_free(nnf_trainer *trainer);
/* y: NNF_I32 with one column: class labels for a categorical loss; else NNF_F32, NNF_F64 or NNF_U8 with out_size columns.
 * stats: n_epochs of them; on any failure those of finished epochs are valid, and the next tells the rows and batches done.
 * NOT_FINITE and LABEL_OUT_OF_RANGE leave the parameters as the batch before left them. */
nnf_status nnf_trainer_run(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats);
/* After NOT_FINITE: the lowest layer that gave NaN or an infinity for a row whose loss is not finite, -1 if the scaled input held one,
 * n_layers if only the loss was. Where shards of a batch are measured one by one, those of the first with such a row count. */
int nnf_trainer_get_bad_layer(const nnf_trainer *trainer);
/* Dropout off, nothing changed. Of the run only weights, outputs and poll count. */
nnf_status nnf_trainer_evaluate(nnf_trainer *trainer, const nnf_matrix *x, const nnf_matrix *y, const nnf_run *run, nnf_stats *stats);

/* A run or an evaluation, to be done beside others. */
typedef struct nnf_call {
    nnf_trainer *trainer;
    const nnf_matrix *x, *y;
    nnf_run run;
    bool is_evaluation;
    nnf_stats *stats;
    nnf_status status; /* set to what nnf_trainer_run, or nnf_trainer_evaluate, returns */
} nnf_call;

/* By itself, with the threads that it is worth. */
void nnf_trainer_run_call(nnf_call *call);
/* Calls of trainers that share no network, shared out over the threads in their order, each done by one: the same bits as one by one.
 * Sets the polls of the runs; poll, which may be NULL, is called by the calling thread, and false ends all: those that have not begun
 * are NNF_STATUS_STOPPED too, their stats as they were. */
void nnf_trainer_run_calls(nnf_call *const *calls, int64_t n_calls, nnf_poll poll, void *poll_argument);

/* ---- bare kernels on whole arrays ---- */

nnf_status nnf_array_activation(nnf_activation activation, const nnf_matrix *x, const nnf_matrix *y, double parameter);
/* gradient *= f', in place; saved is y, or x where the list says so. */
nnf_status nnf_array_activation_gradient(nnf_activation activation, const nnf_matrix *saved, const nnf_matrix *gradient, double parameter);
/* y = x w + bias; w (in, out), bias may be NULL. */
nnf_status nnf_array_dense_forward(const nnf_matrix *x, const nnf_matrix *w, const void *bias, const nnf_matrix *y);
/* Any of grad_x, grad_w, grad_bias may be NULL. */
nnf_status nnf_array_dense_backward(const nnf_matrix *x, const nnf_matrix *w, const nnf_matrix *grad_y, const nnf_matrix *grad_x,
                                    const nnf_matrix *grad_w, void *grad_bias);
/* Of the objective, loss and parameter are read. row_loss: n_rows doubles. output is replaced by probabilities for _logits losses.
 * gradient, scale times that of the sum of row losses, may be NULL. */
nnf_status nnf_array_loss(const nnf_objective *objective, const nnf_matrix *output, const nnf_matrix *target, double scale,
                          double *row_loss, const nnf_matrix *gradient);
/* row_value: n_rows doubles. target: like output. */
nnf_status nnf_array_metric(nnf_metric metric, const nnf_matrix *output, const nnf_matrix *target, double parameter, double *row_value);
/* The step-th step (1, 2, ...) of a rule for n elements of dtype: parameter and slots, as many as the rule has, are updated in place. */
typedef struct nnf_array_step {
    nnf_optimizer_rule rule;
    nnf_dtype dtype;
    int64_t n;
    void *parameter;
    const void *gradient;
    void *const *slots;
    const double *hyperparameters;
    double weight_decay;
    int64_t step;
} nnf_array_step;
nnf_status nnf_array_update(const nnf_array_step *step);
/* The flat index of the first NaN or infinity, or -1. */
int64_t nnf_array_find_not_finite(const nnf_matrix *x);
/* The order in which a run with that seed takes n samples in an epoch. */
void nnf_random_order(uint64_t seed, uint32_t epoch, uint32_t n, uint32_t *order);
/* Numbers in (0, 1) of the stream (seed, initialisation, layer), and the standard normal quantile of such. */
void nnf_random_fill_uniform(uint64_t seed, int layer, int64_t n, double *out);
void nnf_array_normal_quantile(int64_t n, const double *probability, double *out);

#endif
