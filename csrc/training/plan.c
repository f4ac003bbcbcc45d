/* plan.c: see plan.h. */
#include "training/plan.h"
#include <stdlib.h>

bool nnf_plan_reserve(nnf_plan *plan, const nnf_network *network)
{
    if (!plan->by_columns)
        plan->by_columns = calloc((size_t)network->n_layers, sizeof *plan->by_columns);
    if (!plan->owner)
        plan->owner = calloc((size_t)network->n_tasks + 1, sizeof *plan->owner);
    return plan->by_columns && plan->owner;
}

void nnf_plan_free(nnf_plan *plan)
{
    free(plan->by_columns);
    free(plan->owner);
    *plan = (nnf_plan){0};
}

/* ---- rows, columns or shards ---- */

/* Every shard has gradients of its own, which should stay in a member's second-level cache beside the rows. Those of a round, which
 * come from other members, should fit into the third-level cache: 2 MiB is about a core's share of one. At the end of a round a
 * member waits for a shard at most: of 64 that is little, and more of them take memory alone. To hold other limits against these:
 * python -m benchmarks.compare, task mnist10_gd. */
enum { MOST_SHARD_BYTES = 1 << 18, MOST_ROUND_BYTES = 1 << 21, MOST_SHARDS = 64 };

bool nnf_plan_is_by_shards(const nnf_network *network, int64_t batch_size)
{
    return batch_size > NNF_SHARD_ROWS && network->parameter_size <= MOST_SHARD_BYTES && !network->has_batch_statistics;
}

ptrdiff_t nnf_plan_count_shards(int64_t batch_size, int size)
{
    const ptrdiff_t rows = nnf_plan_get_shard_rows(batch_size, size);
    return (ptrdiff_t)((batch_size + rows - 1) / rows);
}

/* Who works alone meets nobody, and adds each shard while it is in cache. */
ptrdiff_t nnf_plan_limit_round(const nnf_network *network, int64_t batch_size, int size)
{
    if (size == 1)
        return 1;
    const ptrdiff_t n_shards = nnf_plan_count_shards(batch_size, size);
    const size_t gradients = network->parameter_size; /* of a shard, 0 where nothing has parameters */
    ptrdiff_t n = MOST_SHARDS;
    if (gradients > MOST_ROUND_BYTES / MOST_SHARDS)
        n = (ptrdiff_t)(MOST_ROUND_BYTES / gradients);
    n = n > size ? n : size;
    return n < n_shards ? n : n_shards;
}

/* As many for each member: in a round that is not the batch's last nobody waits for another's one more. */
ptrdiff_t nnf_plan_choose_round(const nnf_network *network, int64_t batch_size, int size)
{
    const ptrdiff_t n = nnf_plan_limit_round(network, batch_size, size);
    return n > size && n < nnf_plan_count_shards(batch_size, size) ? n - n % size : n;
}

ptrdiff_t nnf_plan_choose_rows(const nnf_network *network, int64_t batch_size)
{
    return (ptrdiff_t)(batch_size < NNF_SHARD_ROWS || network->has_batch_statistics ? batch_size : NNF_SHARD_ROWS);
}

/* Panels can be shared so that no member waits for long. */
static bool can_share(const nnf_panels *panels, int size)
{
    ptrdiff_t most = 0;
    for (int m = 0; m < size; m++) {
        const ptrdiff_t n_columns = nnf_panels_count_columns(panels, nnf_panels_share(panels, m, size));
        most = n_columns > most ? n_columns : most;
    }
    return 7 * most * size <= 8 * panels->columns;
}

/* By rows every member reads all weights, of which the others have just written most; by columns, all rows. The copy in cache that
 * is smaller is cheaper to move. */
static bool is_by_columns(const nnf_layer *layer, bool is_last, ptrdiff_t n_rows, int size)
{
    const bool is_by_row = nnf_activation_is_by_row(layer->spec.activation) || is_last;
    if (size == 1 || layer->spec.kind != NNF_LAYER_DENSE || is_by_row)
        return false;
    if (!can_share(&layer->dense.panels, size) || (layer->keep_transposed && !can_share(&layer->dense.transposed_panels, size)))
        return false;
    const double weights = (double)layer->in_size * (double)layer->out_size * (layer->keep_transposed ? 2 : 1);
    return (double)n_rows * (double)(layer->in_size + layer->out_size) < weights;
}

/* ---- tasks ---- */

static void own_panels(nnf_plan *plan, const nnf_network *network, int size)
{
    for (int t = 0; t < network->n_tasks; t++) {
        const nnf_task *task = &network->tasks[t];
        for (int m = 0; m < size && plan->by_columns[task->layer]; m++) {
            const nnf_panel_range range = nnf_panels_share(network->layers[task->layer].panels, m, size);
            if (range.begin <= task->block.panel && task->block.panel < range.end)
                plan->owner[t] = m;
        }
    }
}

/* Tasks of the other layers, in stretches even in cost. */
static void own_stretches(nnf_plan *plan, const nnf_network *network, int size)
{
    double total = 0, done = 0;
    for (int t = 0; t < network->n_tasks; t++)
        if (!plan->by_columns[network->tasks[t].layer])
            total += network->tasks[t].cost;
    for (int t = 0; t < network->n_tasks; t++)
        if (!plan->by_columns[network->tasks[t].layer]) {
            /* A task belongs to the member in whose stretch its middle lies. */
            plan->owner[t] = (int)((done + network->tasks[t].cost / 2) * size / total);
            done += network->tasks[t].cost;
        }
}

void nnf_plan_make(nnf_plan *plan, const nnf_network *network, ptrdiff_t n_rows, int size)
{
    for (int l = 0; l < network->n_layers; l++)
        plan->by_columns[l] = is_by_columns(&network->layers[l], l == network->n_layers - 1, n_rows, size);
    own_panels(plan, network, size);
    own_stretches(plan, network, size);
}
