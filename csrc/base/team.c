/* team.c: a pool's threads with a barrier: a batch meets it a dozen times, so it spins for a short while. OpenMP only says how many
 * threads there may be. */
#include "base/team.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/float_state.h"
#include "base/gate.h"
#include "base/pool.h"

#include <limits.h>
#include <omp.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CACHE_LINE = 64, LEAST_PATIENCE = 8, MOST_PATIENCE = 2000 };

struct nnf_team {
    alignas(CACHE_LINE) atomic_int n_arrived;
    nnf_gate gate; /* opened by the last */
};

static int least(int a, int b) { return a < b ? a : b; }

/* ---- a run ---- */

typedef struct team_run {
    nnf_team team;
    int size;
    nnf_team_work work;
    void *argument;
} team_run;

static void run_member(int index, void *argument)
{
    team_run *run = argument;
    nnf_member member = {&run->team, index, run->size, MOST_PATIENCE, 0};
    const nnf_float_state state = nnf_float_state_enter();
    run->work(&member, run->argument);
    nnf_float_state_set(state);
}

void nnf_team_run(int n_threads, nnf_team_work work, void *argument)
{
    team_run run = {.team.gate = NNF_GATE_CLOSED, .size = 1, .work = work, .argument = argument};
    /* A thread of the caller's own team has its share of the cores already. */
    if (n_threads > 1 && !omp_in_parallel())
        run.size = nnf_pool_reserve(n_threads);
    if (run.size > 1)
        nnf_pool_run(run.size, run_member, &run);
    else
        run_member(0, &run);
}

void nnf_team_barrier(nnf_member *member)
{
    nnf_team *team = member->team;
    if (member->size == 1)
        return;
    /* In a forked child the others are missing, and one of them may have been at a lock of the gate's. */
    if (member->index == 0 && nnf_pool_is_broken())
        return;
    /* Read before arriving: the phase cannot change while this member is missing. */
    const unsigned phase = atomic_load_explicit(&team->gate.phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->n_arrived, 1, memory_order_acq_rel) == member->size - 1) {
        atomic_store_explicit(&team->n_arrived, 0, memory_order_relaxed);
        nnf_gate_open(&team->gate);
        return;
    }
    if (nnf_gate_spin(&team->gate, phase, member->patience)) {
        member->patience = least(MOST_PATIENCE, member->patience + MOST_PATIENCE / 64);
        return;
    }
    if (member->patience > LEAST_PATIENCE)
        member->patience /= 2;
    const int64_t start = nnf_clock_get();
    nnf_gate_wait(&team->gate, phase);
    member->waited += nnf_clock_get() - start;
}

void nnf_team_share(const nnf_member *member, int64_t n, int64_t *begin, int64_t *end)
{
    const int64_t each = n / member->size, rest = n % member->size;
    const int64_t i = member->index;
    *begin = i * each + (i < rest ? i : rest);
    *end = *begin + each + (i < rest);
}

/* ---- the number of threads that are wanted ---- */

/* The positive number that the variable's value, or its first part before a comma, is; INT_MAX if it is none. */
static int read_limit(const char *name)
{
    const char *text = getenv(name);
    if (text == NULL)
        return INT_MAX;
    char *end;
    const long value = strtol(text, &end, 10);
    const bool is_valid = end != text && (*end == '\0' || *end == ',') && value >= 1 && value < INT_MAX;
    return is_valid ? (int)value : INT_MAX;
}

static atomic_int n_threads_set;         /* 0: the default */
static _Thread_local int n_threads_most; /* 0: no limit */

static int get_threads_of_process(void)
{
    static atomic_int n_threads_default; /* 0: not known yet. Found twice by a race it is the same */
    const int n_set = atomic_load(&n_threads_set);
    if (n_set > 0)
        return n_set;
    int n = atomic_load(&n_threads_default);
    if (n == 0) {
        n = least(nnf_cpu_count_usable_cores(), least(read_limit("NNFAST_NUM_THREADS"), read_limit("OMP_NUM_THREADS")));
        atomic_store(&n_threads_default, n);
    }
    return least(n, omp_get_max_threads()); /* threadpoolctl lowers it */
}

int nnf_team_get_threads(void)
{
    const int n = get_threads_of_process();
    return n_threads_most > 0 ? least(n, n_threads_most) : n;
}

void nnf_team_set_threads(int n) { atomic_store(&n_threads_set, n > 0 ? n : 0); }

int nnf_team_limit_threads(int n)
{
    const int before = n_threads_most;
    n_threads_most = n > 0 ? n : 0;
    return before;
}
