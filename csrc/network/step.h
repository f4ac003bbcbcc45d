/* step.h: a step of the optimizer: from the gradients of a batch to new parameters.
 *
 *   data's gradient + penalty's slope -> mean of the batches gathered -> clipped -> the rule -> average -> constraint
 *
 * A block goes this way by itself, in cache. Where a norm is wanted, which other blocks have a part in, the team meets, and blocks
 * go on in a phase of their own: no phase, and no meeting, that nobody asked for. */
#ifndef NNF_NETWORK_STEP_H
#define NNF_NETWORK_STEP_H

#include "network/penalty.h"
#include "network/step_options.h"
#include "ops/optimizer.h"

typedef struct nnf_step {
    const nnf_network *network;
    nnf_rule rule;
    nnf_step_options options;
    int64_t n_gathered;           /* batches of a step that is not taken yet */
    const double *learning_rates; /* of the batches from first_batch on: a step has that of its last; or NULL */
    int64_t first_batch;
    bool is_plain; /* the rule, with penalties or without, and nothing else */
    bool constrains_norms;
    /* Laid out like the parameters; NULL where nobody asked for them. clipped: gradients that wait for their norm. */
    unsigned char *gathered, *average, *clipped;
    double *penalties, *gradient_squares, *weight_squares; /* as sums.h says; penalties are those before the step */
    nnf_arena memory;
    /* Of the batch being taken: */
    bool is_first, is_due; /* is the first to be gathered; makes the step */
    bool is_overwritten;
    double momentum;      /* of the average */
    double penalty_share; /* what penalties are multiplied by */
} nnf_step;

/* What follows the blocks' taking, each phase behind a meeting. */
typedef enum nnf_step_phase { NNF_STEP_CLIP, NNF_STEP_CONSTRAIN, NNF_N_STEP_PHASES } nnf_step_phase;

/* What a member remembers in a phase: zeroed at its begin. */
typedef struct nnf_step_factor {
    bool is_known;
    int layer;
    nnf_parameter which;
    double factor;
} nnf_step_factor;

/* No options. False if memory is short. */
bool nnf_step_create(nnf_step *step, const nnf_network *network, nnf_optimizer_rule rule);
void nnf_step_free(nnf_step *step);
/* Before the first batch. False if memory is short: the step is then of no more use. */
bool nnf_step_set_options(nnf_step *step, const nnf_step_options *options);
/* Batches taken, whatever they were gathered to. */
int64_t nnf_step_get_batches(const nnf_step *step);
void nnf_step_set_batches(nnf_step *step, int64_t n_batches);
/* The batches from here on have these learning rates; NULL: the rule's own again. */
void nnf_step_follow(nnf_step *step, const double *learning_rates);
/* The rule's slots, then the gradients gathered if there are such, then the average. */
int nnf_step_count_slots(const nnf_step *step);
void *nnf_step_get_slot(const nnf_step *step, int slot);
/* The average, if there is one, takes the place of what it is the average of. */
void nnf_step_overwrite(const nnf_step *step);

/* ---- a batch ---- */

/* By one thread, before blocks are taken. penalty_share: of this batch. */
void nnf_step_prepare(nnf_step *step, double penalty_share);
/* In a plain step, a block of a batch of one row: its gradient is not written. */
void nnf_step_take_row(const nnf_step *step, const nnf_passes *passes, const nnf_task *task);
/* By the block's owner: takes the gradient over the whole batch; what that holds afterwards means nothing. */
void nnf_step_take(const nnf_step *step, const nnf_task *task, void *gradient);
/* Phases that this batch needs. By the block's owner again, when all have taken theirs. */
bool nnf_step_has_phase(const nnf_step *step, nnf_step_phase phase);
void nnf_step_run_phase(const nnf_step *step, nnf_step_phase phase, const nnf_task *task, nnf_step_factor *factor);
/* By one thread: the batch is sure to be taken. Others may be taking blocks. */
void nnf_step_count(nnf_step *step);
/* By one thread, after all blocks are taken and before the next is: the penalty of the parameters as they were before. */
double nnf_step_get_penalty(const nnf_step *step);

#endif
