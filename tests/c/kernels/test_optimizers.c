/* test_optimizers.c: every update rule over several steps: the same bits from every table, and the formula's numbers. */
#include "check.h"
#include "kernels/tables.h"

#include <float.h>
#include <math.h>

enum { PARAMETER, GRADIENT, SLOT, N_STEPS = 3 };

typedef struct rule_call {
    nnf_optimizer_rule rule;
    int n_slots;
    ptrdiff_t n;
    int64_t first_step;
    double decay;
} rule_call;

static const double hyperparameters[NNF_N_OPTIMIZERS][NNF_MAX_HYPERPARAMETERS] = {
    [NNF_OPTIMIZER_SGD] = {0.1},
    [NNF_OPTIMIZER_MOMENTUM] = {0.1, 0.9},
    [NNF_OPTIMIZER_NESTEROV] = {0.1, 0.9},
    [NNF_OPTIMIZER_ADAM] = {0.01, 0.9, 0.999, 1e-7},
    [NNF_OPTIMIZER_AMSGRAD] = {0.01, 0.9, 0.999, 1e-7},
    [NNF_OPTIMIZER_NADAM] = {0.01, 0.9, 0.999, 1e-7},
    [NNF_OPTIMIZER_ADAMAX] = {0.01, 0.9, 0.999, 1e-7},
    [NNF_OPTIMIZER_RMSPROP] = {0.01, 0.9, 1e-3},
    [NNF_OPTIMIZER_RMSPROP_MOMENTUM] = {0.01, 0.9, 1e-3, 0.8},
    [NNF_OPTIMIZER_RMSPROP_CENTERED] = {0.01, 0.9, 1.0}, /* state here is no variance: what is below 0 counts as 0 */
    [NNF_OPTIMIZER_RMSPROP_CENTERED_MOMENTUM] = {0.01, 0.9, 1.0, 0.8},
    [NNF_OPTIMIZER_ADAGRAD] = {0.1, 0.1, 1e-7},
    [NNF_OPTIMIZER_ADADELTA] = {0.1, 0.9, 0.1},
    [NNF_OPTIMIZER_LION] = {0.01, 0.9, 0.99},
    [NNF_OPTIMIZER_RPROP] = {0.01, 0.5, 1.2, 1e-6, 0.75},
};

static void call_update(const nnf_kernels *table, void *const *data, const void *arguments)
{
    const rule_call *call = arguments;
    double factor[NNF_MAX_HYPERPARAMETERS] = {0};
    nnf_update update = {.n = call->n, .parameter = data[PARAMETER], .gradient = data[GRADIENT], .factor = factor, .decay = call->decay};
    for (int s = 0; s < call->n_slots; s++)
        update.slot[s] = data[SLOT + s];
    for (int64_t step = 0; step < N_STEPS; step++) {
        table->prepare[call->rule](hyperparameters[call->rule], call->first_step + step, factor);
        table->update[call->rule](&update);
    }
}

static double sign(double x) { return (double)(x > 0) - (double)(x < 0); }

static double rmsprop_step(const double *h, double g, double *slot, bool is_centered)
{
    slot[0] += (1 - h[1]) * (g * g - slot[0]);
    if (is_centered)
        slot[1] += (1 - h[1]) * (g - slot[1]);
    const double spread = is_centered ? fmax(slot[0] - slot[1] * slot[1], 0) : slot[0];
    return h[0] * g / sqrt(spread + h[2]);
}

static double nadam_change(const double *h, double g, const double *slot, int64_t step)
{
    double product = 1, share = 0;
    for (int64_t i = 1; i <= step; i++) {
        share = h[1] * (1 - 0.5 * pow(0.96, (double)i));
        product *= share;
    }
    const double next = h[1] * (1 - 0.5 * pow(0.96, (double)(step + 1)));
    const double mean = next * slot[0] / (1 - product * next) + (1 - share) * g / (1 - product);
    return h[0] * mean / (sqrt(slot[1] / (1 - pow(h[2], (double)step))) + h[3]);
}

static double rprop_change(const double *h, double g, double *slot)
{
    const double agreement = sign(g) * sign(slot[0]);
    const double size = (slot[1] == 0 ? h[0] : slot[1]) * (agreement > 0 ? h[2] : agreement < 0 ? h[1] : 1);
    slot[1] = fmin(fmax(size, h[3]), h[4]);
    slot[0] = agreement < 0 ? 0 : g;
    return slot[1] * sign(slot[0]);
}

/* One step of one parameter, as Keras 3 has it; Rprop as PyTorch does. */
static void step_reference(nnf_optimizer_rule rule, double *w, double g, double *slot, int64_t step)
{
    const double *h = hyperparameters[rule], t = (double)step;
    switch (rule) {
    case NNF_OPTIMIZER_SGD:
        *w -= h[0] * g;
        break;
    case NNF_OPTIMIZER_MOMENTUM:
        slot[0] = h[1] * slot[0] - h[0] * g;
        *w += slot[0];
        break;
    case NNF_OPTIMIZER_NESTEROV:
        slot[0] = h[1] * slot[0] - h[0] * g;
        *w += h[1] * slot[0] - h[0] * g;
        break;
    case NNF_OPTIMIZER_ADAM:
        slot[0] += (1 - h[1]) * (g - slot[0]);
        slot[1] += (1 - h[2]) * (g * g - slot[1]);
        *w -= h[0] * sqrt(1 - pow(h[2], t)) / (1 - pow(h[1], t)) * slot[0] / (sqrt(slot[1]) + h[3]);
        break;
    case NNF_OPTIMIZER_AMSGRAD:
        slot[0] += (1 - h[1]) * (g - slot[0]);
        slot[1] += (1 - h[2]) * (g * g - slot[1]);
        slot[2] = fmax(slot[1], slot[2]);
        *w -= h[0] * sqrt(1 - pow(h[2], t)) / (1 - pow(h[1], t)) * slot[0] / (sqrt(slot[2]) + h[3]);
        break;
    case NNF_OPTIMIZER_NADAM:
        slot[0] += (1 - h[1]) * (g - slot[0]);
        slot[1] += (1 - h[2]) * (g * g - slot[1]);
        *w -= nadam_change(h, g, slot, step);
        break;
    case NNF_OPTIMIZER_ADAMAX:
        slot[0] += (1 - h[1]) * (g - slot[0]);
        slot[1] = fmax(h[2] * slot[1], fabs(g));
        *w -= h[0] / (1 - pow(h[1], t)) * slot[0] / (slot[1] + h[3]);
        break;
    case NNF_OPTIMIZER_RMSPROP:
    case NNF_OPTIMIZER_RMSPROP_CENTERED:
        *w -= rmsprop_step(h, g, slot, rule == NNF_OPTIMIZER_RMSPROP_CENTERED);
        break;
    case NNF_OPTIMIZER_RMSPROP_MOMENTUM:
        slot[1] = h[3] * slot[1] + rmsprop_step(h, g, slot, false);
        *w -= slot[1];
        break;
    case NNF_OPTIMIZER_RMSPROP_CENTERED_MOMENTUM:
        slot[2] = h[3] * slot[2] + rmsprop_step(h, g, slot, true);
        *w -= slot[2];
        break;
    case NNF_OPTIMIZER_ADAGRAD:
        slot[0] += g * g;
        *w -= h[0] * g / sqrt(h[1] + slot[0] + h[2]);
        break;
    case NNF_OPTIMIZER_ADADELTA: {
        slot[0] += (1 - h[1]) * (g * g - slot[0]);
        const double change = g * sqrt(slot[1] + h[2]) / sqrt(slot[0] + h[2]);
        slot[1] += (1 - h[1]) * (change * change - slot[1]);
        *w -= h[0] * change;
        break;
    }
    case NNF_OPTIMIZER_LION:
        *w -= h[0] * sign(h[1] * slot[0] + (1 - h[1]) * g);
        slot[0] = h[2] * slot[0] + (1 - h[2]) * g;
        break;
    case NNF_OPTIMIZER_RPROP:
        *w -= rprop_change(h, g, slot);
        break;
    case NNF_N_OPTIMIZERS:
        break;
    }
}

static void test_rule(nnf_dtype dtype, const rule_call *call)
{
    const double unit = dtype == NNF_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    arrays before = {0}, after = {0};
    for (int i = 0; i < SLOT + call->n_slots; i++)
        for (int copy = 0; copy < 2; copy++) {
            arrays *all = copy == 0 ? &before : &after;
            arrays_add(all, (size_t)call->n * nnf_dtype_size(dtype));
            real_fill(dtype, all->data[i], call->n, (uint64_t)(call->n + 1000 * i), i < SLOT ? -1 : 0, 1);
        }
    CHECK(tables_agree(dtype, call_update, call, &after));
    double largest = 0;
    for (ptrdiff_t j = 0; j < call->n; j++) {
        double w = real_get(dtype, before.data[PARAMETER], j), slot[NNF_MAX_SLOTS];
        for (int s = 0; s < call->n_slots; s++)
            slot[s] = real_get(dtype, before.data[SLOT + s], j);
        for (int64_t step = 0; step < N_STEPS; step++) {
            w -= call->decay * w;
            step_reference(call->rule, &w, real_get(dtype, before.data[GRADIENT], j), slot, call->first_step + step);
        }
        largest = fmax(largest, fabs(real_get(dtype, after.data[PARAMETER], j) - w));
        for (int s = 0; s < call->n_slots; s++)
            largest = fmax(largest, fabs(real_get(dtype, after.data[SLOT + s], j) - slot[s]));
    }
    CHECK(largest <= 8 * unit);
    arrays_free(&before);
    arrays_free(&after);
}

/* What prepare computes is stored with no rounding to the dtype: it must be the same double in every table. */
static void test_prepare(nnf_optimizer_rule rule)
{
    static const int64_t steps[] = {1, 2, 3, 1000, 1ll << 40};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        double first[NNF_MAX_HYPERPARAMETERS] = {0};
        for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++) {
            double factor[NNF_MAX_HYPERPARAMETERS] = {0};
            if (!nnf_kernels_can_run(*table))
                continue;
            (*table)->prepare[rule](hyperparameters[rule], steps[s], factor);
            for (int f = 0; f < NNF_MAX_HYPERPARAMETERS; f++) {
                first[f] = table == nnf_kernel_tables || first[f] == 0 ? factor[f] : first[f];
                CHECK(factor[f] == first[f] && isfinite(factor[f]));
            }
        }
    }
}

static void test_all(nnf_dtype dtype)
{
    static const int n_slots[] = {
#define NNF_ROW(code, name, slots, names) slots,
        NNF_OPTIMIZER_LIST(NNF_ROW)
#undef NNF_ROW
    };
    for (nnf_optimizer_rule rule = 0; rule < NNF_N_OPTIMIZERS; rule++) {
        check_set_context("rule %d", rule);
        test_prepare(rule);
        for (ptrdiff_t n = 0; n <= MAX_SIZE; n++)
            for (int64_t first_step = 1; first_step < 1000; first_step += 500) {
                const rule_call call = {rule, n_slots[rule], n, first_step, first_step > 1 ? 0.25 : 0};
                check_set_context("f%zu rule %d n %td step %d", 8 * nnf_dtype_size(dtype), rule, n, (int)first_step);
                test_rule(dtype, &call);
            }
    }
}

int main(void)
{
    tables_run(test_all);
    return check_finish();
}
