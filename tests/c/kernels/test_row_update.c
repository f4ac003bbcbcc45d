/* test_row_update.c: an update that makes the next row's product gives the bits that the update of each panel and then the product
 * give, for every rule and any number of panels; and no memory beyond what the contract names is touched. */
#include "check.h"
#include "guard_pages.h"
#include "kernels/tables.h"

#include <string.h>

typedef struct problem {
    nnf_optimizer_rule rule;
    ptrdiff_t n, k;
    ptrdiff_t gap; /* between panels */
    bool at_end;
} problem;

/* What is read, and twice what is written. */
enum { X, GRADIENT, A, START, N_INPUTS };
enum { WEIGHTS, SLOT, C = SLOT + NNF_MAX_SLOTS, N_RESULTS };
static guard_pages inputs[N_INPUTS], results[2][N_RESULTS];

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t step) { return (n + step - 1) / step * step; }

/* State is that of a rule at work, never below 0. */
static void *place(const nnf_kernels *table, const guard_pages *pages, int seed, ptrdiff_t n_elements, const problem *p)
{
    void *data = guard_pages_place(pages, (size_t)n_elements * nnf_dtype_size(table->dtype), p->at_end);
    real_fill(table->dtype, data, n_elements, (uint64_t)(seed + 1), seed > N_INPUTS + WEIGHTS ? 0 : -1, 1);
    for (ptrdiff_t i = 0; i < n_elements; i += 5)
        real_set(table->dtype, data, i, i % 2 ? 0.0 : -0.0); /* zeros of both signs meet */
    return data;
}

static void *at(const nnf_kernels *table, void *array, ptrdiff_t i)
{
    return (unsigned char *)array + i * (ptrdiff_t)nnf_dtype_size(table->dtype);
}

/* The same in two steps. */
static void update_then_multiply(const nnf_kernels *table, const problem *p, const nnf_update *all, const void *x,
                                 const nnf_row_product *next)
{
    for (ptrdiff_t j = 0; j < p->n; j += table->panel_width) {
        const ptrdiff_t left = round_up(p->n - j, table->vector_length), first = j / table->panel_width * next->b_panel_stride;
        nnf_update panel = *all;
        panel.n = left < table->panel_width ? left : table->panel_width;
        panel.parameter = at(table, all->parameter, first);
        panel.gradient = (const unsigned char *)all->gradient + (size_t)j * nnf_dtype_size(table->dtype);
        for (int s = 0; s < NNF_MAX_SLOTS; s++)
            panel.slot[s] = at(table, all->slot[s], first);
        table->update_outer[p->rule](&panel, p->k, x);
    }
    table->row_product(next);
}

static void test_problem(const nnf_kernels *table, const problem *p)
{
    static const double hyperparameter[NNF_MAX_HYPERPARAMETERS] = {0.1, 0.9, 0.95, 1.0, 2.0};
    const ptrdiff_t room = round_up(p->n, table->vector_length), n_weights = room * p->k + (p->n - 1) / table->panel_width * p->gap;
    const ptrdiff_t sizes[N_RESULTS] = {[WEIGHTS] = n_weights, [C] = room};
    double factor[NNF_MAX_HYPERPARAMETERS] = {0};
    void *result[2][N_RESULTS];
    const void *x = place(table, &inputs[X], X, p->k, p), *gradient = place(table, &inputs[GRADIENT], GRADIENT, room, p);
    const void *a = place(table, &inputs[A], A, p->k, p), *start = place(table, &inputs[START], START, room, p);
    table->prepare[p->rule](hyperparameter, 3, factor);
    for (int way = 0; way < 2; way++) {
        for (int r = 0; r < N_RESULTS; r++)
            result[way][r] = place(table, &results[way][r], N_INPUTS + r, sizes[r] ? sizes[r] : n_weights, p);
        nnf_update update = {.parameter = result[way][WEIGHTS], .gradient = gradient, .factor = factor};
        memcpy(update.slot, result[way] + SLOT, sizeof update.slot);
        const nnf_row_product next = {p->n, p->k, a, update.parameter, table->panel_width * p->k + p->gap, start, result[way][C]};
        if (way == 0)
            table->update_multiply[p->rule](&update, x, &next);
        else
            update_then_multiply(table, p, &update, x, &next);
    }
    check_set_context("%s f%zu rule %d n %td k %td gap %td at end %d", table->isa, 8 * nnf_dtype_size(table->dtype), p->rule, p->n, p->k,
                      p->gap, p->at_end);
    for (int r = 0; r < N_RESULTS; r++)
        CHECK(memcmp(result[0][r], result[1][r], (size_t)(sizes[r] ? sizes[r] : n_weights) * nnf_dtype_size(table->dtype)) == 0);
}

/* Numbers of columns around those of vectors and panels, up to more than are taken together, twice. */
static void test_table(const nnf_kernels *table)
{
    static const ptrdiff_t sums[] = {1, 2, 19};
    for (nnf_optimizer_rule rule = 0; rule < NNF_N_OPTIMIZERS; rule++)
        for (ptrdiff_t n = 1; n <= 9 * table->vector_length; n += n % table->vector_length < 2 ? 1 : table->vector_length - 2)
            for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
                for (int variant = 0; variant < 4; variant++)
                    test_problem(table, &(problem){rule, n, sums[s], variant / 2 * 3, variant % 2});
}

static void test_tables(nnf_dtype dtype)
{
    for (const nnf_kernels *const *table = nnf_kernel_tables; *table != NULL; table++)
        if ((*table)->dtype == dtype && (*table)->update_multiply[0] && nnf_kernels_can_run(*table))
            test_table(*table);
}

int main(void)
{
    bool is_ready = true;
    for (int i = 0; i < N_INPUTS; i++)
        is_ready &= guard_pages_create(&inputs[i], MAX_ARRAY_BYTES);
    for (int r = 0; r < 2 * N_RESULTS; r++)
        is_ready &= guard_pages_create(&results[r / N_RESULTS][r % N_RESULTS], MAX_ARRAY_BYTES);
    if (CHECK(is_ready))
        tables_run(test_tables);
    return check_finish();
}
