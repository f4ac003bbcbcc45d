/* test_plan.c: who does what: every block has one owner, columns are whole panels with their owner, and a team of one shares nothing. */
#include "check.h"
#include "kernels/tables.h"
#include "training/plan.h"

enum { MOST_LAYERS = 4, MOST_MEMBERS = 16 };

static nnf_layer_spec make_dense(int64_t out_size, nnf_activation activation)
{
    return (nnf_layer_spec){.kind = NNF_LAYER_DENSE,
                            .out_size = out_size,
                            .use_bias = true,
                            .train_weights = true,
                            .train_bias = true,
                            .activation = activation};
}

typedef struct stack {
    const char *name;
    int64_t in_size;
    int n_layers;
    nnf_layer_spec layers[MOST_LAYERS];
} stack;

static nnf_network *make_network(const nnf_kernels *table, const stack *s)
{
    nnf_network *network = NULL;
    const nnf_network_spec spec = {table->dtype, s->in_size, 1, 0, s->n_layers, s->layers};
    CHECK(nnf_network_allocate(table, &spec, &network) == NNF_STATUS_OK);
    return network;
}

/* ---- what holds for every plan ---- */

static void check_owners(const nnf_network *network, const nnf_plan *plan, int size)
{
    double work[MOST_MEMBERS] = {0}, total = 0, largest = 0;
    for (int t = 0; t < network->n_tasks; t++) {
        const nnf_task *task = &network->tasks[t];
        const int owner = plan->owner[t];
        if (!CHECK(owner >= 0 && owner < size))
            return;
        if (plan->by_columns[task->layer]) {
            const nnf_panel_range range = nnf_panels_share(&network->layers[task->layer].dense.panels, owner, size);
            CHECK(range.begin <= task->block.panel && task->block.panel < range.end);
        } else {
            work[owner] += task->cost;
            total += task->cost;
            largest = task->cost > largest ? task->cost : largest;
        }
    }
    for (int m = 0; m < size; m++)
        CHECK(work[m] <= total / size + largest + 1e-9 * total);
}

static bool is_same_block(nnf_block a, nnf_block b) { return a.panel == b.panel && a.row == b.row && a.n_rows == b.n_rows; }

/* As an owner is one number a task, a block has one owner if no two tasks have the same. */
static void check_tasks(const nnf_network *network)
{
    for (int t = 0; t < network->n_tasks; t++)
        for (int u = 0; u < t; u++)
            CHECK(network->tasks[t].layer != network->tasks[u].layer || !is_same_block(network->tasks[t].block, network->tasks[u].block));
}

/* A row's softmax needs all columns, the loss all of the output; a single member has nobody to share with. */
static void check_columns(const nnf_network *network, const nnf_plan *plan, int size)
{
    for (int l = 0; l < network->n_layers; l++)
        if (size == 1 || l == network->n_layers - 1 || network->layers[l].spec.kind != NNF_LAYER_DENSE ||
            network->layers[l].spec.activation == NNF_ACTIVATION_SOFTMAX)
            CHECK(!plan->by_columns[l]);
}

static void check_plans(const nnf_network *network)
{
    static const ptrdiff_t rows[] = {1, 10, 100, 1024};
    nnf_plan plan = {0};
    CHECK(nnf_plan_reserve(&plan, network));
    for (int size = 1; size <= MOST_MEMBERS; size++)
        for (int r = 0; r < 4; r++) {
            nnf_plan_make(&plan, network, rows[r], size);
            check_owners(network, &plan, size);
            check_columns(network, &plan, size);
        }
    nnf_plan_free(&plan);
    CHECK(!plan.by_columns && !plan.owner);
}

/* ---- what is chosen ---- */

static const nnf_layer_spec dropout = {NNF_LAYER_DROPOUT, .rate = 0.5};

static void test_stacks(const nnf_kernels *table)
{
    const stack stacks[] = {
        {"one layer", 5, 1, {make_dense(3, NNF_ACTIVATION_LINEAR)}},
        {"wide",
         512,
         3,
         {make_dense(768, NNF_ACTIVATION_RELU), make_dense(512, NNF_ACTIVATION_RELU), make_dense(10, NNF_ACTIVATION_SOFTMAX)}},
        {"softmax inside", 300, 3, {make_dense(512, NNF_ACTIVATION_SOFTMAX), dropout, make_dense(512, NNF_ACTIVATION_TANH)}},
        {"dropout first", 512, 3, {dropout, make_dense(512, NNF_ACTIVATION_TANH), make_dense(2, NNF_ACTIVATION_LINEAR)}},
        {"nothing to train", 9, 1, {dropout}},
    };
    for (size_t s = 0; s < sizeof stacks / sizeof *stacks; s++) {
        nnf_network *network = make_network(table, &stacks[s]);
        check_set_context("%s f%zu, %s", table->isa, 8 * nnf_dtype_size(table->dtype), stacks[s].name);
        check_tasks(network);
        check_plans(network);
        nnf_network_release(network);
    }
}

/* 512 x 512 on 512 inputs, of a panel count that two and four share evenly: columns for few rows, rows for many. */
static void test_choice(const nnf_kernels *table)
{
    const stack square = {"square", 512, 2, {make_dense(512, NNF_ACTIVATION_RELU), make_dense(512, NNF_ACTIVATION_LINEAR)}};
    nnf_network *network = make_network(table, &square);
    nnf_plan plan = {0};
    CHECK(nnf_plan_reserve(&plan, network));
    check_set_context("%s f%zu", table->isa, 8 * nnf_dtype_size(table->dtype));
    nnf_plan_make(&plan, network, 255, 2);
    CHECK(plan.by_columns[0]);
    nnf_plan_make(&plan, network, 256, 2);
    CHECK(!plan.by_columns[0]);
    nnf_plan_make(&plan, network, 1, (int)network->layers[0].dense.panels.count + 1); /* one member would have no panel */
    CHECK(!plan.by_columns[0] || network->layers[0].dense.panels.count >= 7);
    nnf_plan_free(&plan);
    nnf_network_release(network);
}

/* Of this many bytes of weights, and a few of biases. */
static nnf_network *make_layer(const nnf_kernels *table, const char *name, int64_t n_bytes)
{
    const stack one = {name, 64, 1, {make_dense(n_bytes / 64 / (int64_t)nnf_dtype_size(table->dtype), NNF_ACTIVATION_LINEAR)}};
    check_set_context("%s f%zu %s", table->isa, 8 * nnf_dtype_size(table->dtype), name);
    return make_network(table, &one);
}

/* 256 KiB of parameters are few enough. */
static void test_shards(const nnf_kernels *table)
{
    for (int is_large = 0; is_large < 2; is_large++) {
        nnf_network *network = make_layer(table, is_large ? "large" : "small", (is_large ? 256 : 252) << 10);
        CHECK(!nnf_plan_is_by_shards(network, 1) && !nnf_plan_is_by_shards(network, NNF_SHARD_ROWS));
        CHECK(nnf_plan_is_by_shards(network, NNF_SHARD_ROWS + 1) == !is_large);
        nnf_network_release(network);
    }
    CHECK(nnf_plan_count_shards(NNF_SHARD_ROWS, 3) == 1 && nnf_plan_count_shards(NNF_SHARD_ROWS + 1, 3) == 2);
}

/* A team that is smaller than the one that memory was reserved for has room. */
static void check_room(const nnf_network *network, int64_t batch_size)
{
    for (int size = 1; size <= 70; size++)
        for (int fewer = 1; fewer <= size; fewer++)
            CHECK(nnf_plan_choose_round(network, batch_size, fewer) <= nnf_plan_limit_round(network, batch_size, size));
}

typedef struct round_case {
    int n_shards, size;
    ptrdiff_t tiny, small; /* shards of a round: 64 fit, or 19, but as many for each member; or all, or one for each */
} round_case;

static const round_case rounds[] = {
    {1000, 1, 1, 1},    {1000, 2, 64, 18},  {1000, 3, 63, 18}, {1000, 7, 63, 14}, {1000, 16, 64, 16},
    {1000, 40, 40, 40}, {1000, 70, 70, 70}, {64, 3, 64, 18},   {19, 2, 19, 19},   {2, 40, 2, 2},
};

static void test_rounds(const nnf_kernels *table)
{
    nnf_network *tiny = make_layer(table, "tiny", 1 << 10), *small = make_layer(table, "small", 104 << 10);
    for (size_t c = 0; c < sizeof rounds / sizeof *rounds; c++) {
        const round_case *r = &rounds[c];
        const int64_t batch_size = (int64_t)(r->n_shards - 1) * NNF_SHARD_ROWS + 1;
        check_set_context("%s f%zu, %d shards, %d members", table->isa, 8 * nnf_dtype_size(table->dtype), r->n_shards, r->size);
        CHECK(nnf_plan_choose_round(tiny, batch_size, r->size) == r->tiny);
        CHECK(nnf_plan_choose_round(small, batch_size, r->size) == r->small);
    }
    check_room(tiny, (int64_t)1000 * NNF_SHARD_ROWS);
    check_room(small, (int64_t)20 * NNF_SHARD_ROWS);
    nnf_network_release(tiny);
    nnf_network_release(small);
}

static void test_no_parameters(const nnf_kernels *table)
{
    const stack bare = {"no parameters", 9, 1, {dropout}};
    nnf_network *network = make_network(table, &bare);
    check_set_context("%s f%zu, no parameters", table->isa, 8 * nnf_dtype_size(table->dtype));
    CHECK(nnf_plan_choose_round(network, (int64_t)1000 * NNF_SHARD_ROWS, 2) == 64);
    nnf_network_release(network);
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && nnf_kernels_can_run(*table)) {
            test_stacks(*table);
            test_choice(*table);
            test_shards(*table);
            test_rounds(*table);
            test_no_parameters(*table);
        }
}

int main(void)
{
    tables_run(test_tables);
    return check_finish();
}
