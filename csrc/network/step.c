/* step.c: see step.h. The order of what is done, and the formulas, are Keras 3's. */
#include "network/step.h"
#include "network/constraint.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

bool nnf_step_create(nnf_step *step, const nnf_network *network, nnf_optimizer_rule rule)
{
    *step = (nnf_step){.network = network, .constrains_norms = nnf_network_constrains_norms(network)};
    if (nnf_rule_create(&step->rule, network->kernels, rule, network->parameter_size) &&
        nnf_step_set_options(step, &(nnf_step_options){.n_batches = 1}))
        return true;
    nnf_step_free(step);
    return false;
}

void nnf_step_free(nnf_step *step)
{
    nnf_rule_free(&step->rule);
    nnf_arena_free(&step->memory);
}

/* Plans an array, or nothing; before the arena exists the pointer holds an offset. */
static void *plan_array(nnf_step *step, bool is_wanted, size_t size)
{
    return is_wanted ? (void *)nnf_arena_plan(&step->memory, size) : NULL;
}

static void *place_array(const nnf_step *step, bool is_wanted, const void *offset)
{
    return is_wanted && step->memory.base ? step->memory.base + (size_t)offset : NULL; /* none, of no parameters */
}

bool nnf_step_set_options(nnf_step *step, const nnf_step_options *options)
{
    const bool gathers = options->n_batches > 1, clips_norms = options->clip_norm > 0 || options->clip_global_norm > 0;
    const bool penalises = nnf_network_has_penalty(step->network);
    const size_t size = step->network->parameter_size, sums_size = nnf_size_multiply((size_t)step->network->n_sums, sizeof(double));
    nnf_arena_free(&step->memory);
    step->options = *options;
    step->n_gathered = 0;
    step->gathered = plan_array(step, gathers, size);
    step->average = plan_array(step, options->use_average, size);
    step->clipped = plan_array(step, clips_norms, size);
    step->gradient_squares = plan_array(step, clips_norms, sums_size);
    step->weight_squares = plan_array(step, step->constrains_norms, sums_size);
    step->penalties = plan_array(step, penalises, sums_size);
    if (step->memory.size > 0 && !nnf_arena_create(&step->memory))
        return false;
    step->gathered = place_array(step, gathers, step->gathered);
    step->average = place_array(step, options->use_average, step->average);
    step->clipped = place_array(step, clips_norms, step->clipped);
    step->gradient_squares = place_array(step, clips_norms, step->gradient_squares);
    step->weight_squares = place_array(step, step->constrains_norms, step->weight_squares);
    step->penalties = place_array(step, penalises, step->penalties);
    step->is_plain =
        !gathers && !options->use_average && !clips_norms && options->clip_value == 0 && !nnf_network_has_constraint(step->network);
    return true;
}

int64_t nnf_step_get_batches(const nnf_step *step) { return step->rule.step * step->options.n_batches + step->n_gathered; }

void nnf_step_set_batches(nnf_step *step, int64_t n_batches)
{
    step->rule.step = n_batches / step->options.n_batches;
    step->n_gathered = n_batches % step->options.n_batches;
}

void nnf_step_follow(nnf_step *step, const double *learning_rates)
{
    step->learning_rates = learning_rates;
    step->first_batch = nnf_step_get_batches(step);
}

int nnf_step_count_slots(const nnf_step *step) { return step->rule.n_slots + (step->gathered != NULL) + (step->average != NULL); }

void *nnf_step_get_slot(const nnf_step *step, int slot)
{
    if (slot < step->rule.n_slots)
        return step->rule.slot[slot];
    return slot == step->rule.n_slots && step->gathered ? step->gathered : step->average;
}

/* ---- blocks ---- */

static size_t get_bytes(const nnf_step *step, const nnf_task *task)
{
    return (size_t)nnf_task_size(step->network, task) * nnf_dtype_size(step->network->kernels->dtype);
}

static unsigned char *get_weights(const nnf_step *step, const nnf_task *task)
{
    return step->network->memory.base + nnf_task_offset(step->network, task);
}

static void overwrite(const nnf_step *step, const nnf_task *task)
{
    memcpy(get_weights(step, task), step->average + nnf_task_offset(step->network, task), get_bytes(step, task));
    nnf_task_refresh(step->network, task);
}

void nnf_step_overwrite(const nnf_step *step)
{
    if (step->average && nnf_step_get_batches(step) > 0)
        for (int t = 0; t < step->network->n_tasks; t++)
            overwrite(step, &step->network->tasks[t]);
}

/* What follows the rule, of a batch that makes a step or not. */
static void settle(const nnf_step *step, const nnf_task *task)
{
    const nnf_network *network = step->network;
    if (step->average)
        network->kernels->average(nnf_task_size(network, task), step->momentum, get_weights(step, task),
                                  step->average + nnf_task_offset(network, task));
    if (step->is_overwritten)
        overwrite(step, task);
    nnf_constraint_take(network, task, step->weight_squares);
}

static void apply(const nnf_step *step, const nnf_task *task, const void *gradient)
{
    nnf_task_update(step->network, task, &step->rule, gradient);
    settle(step, task);
}

/* The sum of the batches so far, or in the last their mean in place of its gradient. */
static void gather(const nnf_step *step, const nnf_task *task, void *gradient)
{
    const nnf_kernels *kernels = step->network->kernels;
    const ptrdiff_t n = nnf_task_size(step->network, task);
    unsigned char *sum = step->gathered + nnf_task_offset(step->network, task);
    if (step->is_first)
        memcpy(sum, gradient, get_bytes(step, task));
    else if (!step->is_due)
        kernels->add(n, gradient, sum);
    else {
        const nnf_rows row = {gradient, n};
        kernels->add(n, sum, gradient);
        kernels->rescale((nnf_shape){1, n}, row, row, 1 / (double)step->options.n_batches, 0);
    }
}

static void wait_for_norm(const nnf_step *step, const nnf_task *task, const void *gradient)
{
    memcpy(step->clipped + nnf_task_offset(step->network, task), gradient, get_bytes(step, task));
    nnf_task_sum_squares(step->network, task, gradient, step->gradient_squares);
}

void nnf_step_take(const nnf_step *step, const nnf_task *task, void *gradient)
{
    if (step->is_plain && !step->penalties) {
        nnf_task_update(step->network, task, &step->rule, gradient);
        return;
    }
    nnf_penalty_take(step->network, task, step->penalty_share, gradient, step->penalties);
    if (step->gathered)
        gather(step, task, gradient);
    if (!step->is_due) {
        settle(step, task);
        return;
    }
    if (step->options.clip_value > 0)
        step->network->kernels->clip(nnf_task_size(step->network, task), step->options.clip_value, gradient);
    if (step->clipped)
        wait_for_norm(step, task, gradient);
    else
        apply(step, task, gradient);
}

void nnf_step_take_row(const nnf_step *step, const nnf_passes *passes, const nnf_task *task)
{
    if (step->penalties)
        nnf_penalty_update_by_row(passes, task, &step->rule, step->penalty_share, step->penalties);
    else
        nnf_passes_update_by_row(passes, task, &step->rule, NULL);
}

/* ---- phases ---- */

bool nnf_step_has_phase(const nnf_step *step, nnf_step_phase phase)
{
    return phase == NNF_STEP_CLIP ? step->clipped && step->is_due : step->constrains_norms;
}

static double get_squares(const nnf_step *step, int l, nnf_parameter which)
{
    const nnf_layer *layer = &step->network->layers[l];
    nnf_lane_sum sum = {0};
    if (!nnf_network_trains(step->network, l, which))
        return 0;
    nnf_lane_sum_add(&sum, step->gradient_squares + nnf_sums_get_first(layer, which), nnf_sums_count(layer, which));
    return nnf_lane_sum_get(&sum);
}

static double get_all_squares(const nnf_step *step)
{
    double sum = 0;
    for (int l = 0; l < step->network->n_layers; l++)
        for (nnf_parameter which = 0; which < NNF_N_PARAMETERS; which++)
            sum += get_squares(step, l, which);
    return sum;
}

/* What brings a norm down to its bound; exactly 1 where there is nothing to do. */
static double get_clip_factor(const nnf_step *step, const nnf_task *task, nnf_step_factor *factor)
{
    const nnf_step_options *options = &step->options;
    const nnf_parameter which = task->which;
    const bool is_global = options->clip_global_norm > 0;
    if (!factor->is_known || (!is_global && (factor->layer != task->layer || factor->which != which))) {
        const double norm = sqrt(is_global ? get_all_squares(step) : get_squares(step, task->layer, which));
        const double bound = is_global ? options->clip_global_norm : options->clip_norm;
        *factor = (nnf_step_factor){true, task->layer, which, norm > bound ? bound / norm : 1};
    }
    return factor->factor;
}

static void clip_by_norm(const nnf_step *step, const nnf_task *task, double factor)
{
    const nnf_rows gradient = {step->clipped + nnf_task_offset(step->network, task), 0};
    if (factor != 1)
        step->network->kernels->rescale((nnf_shape){1, nnf_task_size(step->network, task)}, gradient, gradient, factor, 0);
    apply(step, task, gradient.data);
}

void nnf_step_run_phase(const nnf_step *step, nnf_step_phase phase, const nnf_task *task, nnf_step_factor *factor)
{
    if (phase == NNF_STEP_CLIP)
        clip_by_norm(step, task, get_clip_factor(step, task, factor));
    else
        nnf_constraint_take_norms(step->network, task, step->weight_squares);
}

/* ---- batches ---- */

static double get_learning_rate(const nnf_step *step)
{
    return step->learning_rates ? step->learning_rates[nnf_step_get_batches(step) - step->first_batch] : step->rule.hyperparameter[0];
}

void nnf_step_prepare(nnf_step *step, double penalty_share)
{
    const nnf_step_options *options = &step->options;
    step->is_first = step->n_gathered == 0;
    step->is_due = step->n_gathered + 1 == options->n_batches;
    step->momentum = step->rule.step == 0 ? 0 : options->average_momentum;
    step->is_overwritten = step->average && options->overwrite_interval > 0 && (step->rule.step + 1) % options->overwrite_interval == 0;
    step->penalty_share = penalty_share;
    nnf_rule_prepare(&step->rule, get_learning_rate(step));
}

void nnf_step_count(nnf_step *step)
{
    step->n_gathered = step->is_due ? 0 : step->n_gathered + 1;
    step->rule.step += step->is_due;
}

double nnf_step_get_penalty(const nnf_step *step) { return step->penalties ? nnf_penalty_add_up(step->network, step->penalties) : 0; }
