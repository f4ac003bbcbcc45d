/* team.c: OpenMP starts the threads; the barrier is our own, because a batch meets it a dozen times and
 * a short spin costs less than libgomp's. */
#include "base/team.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/float_state.h"

#include <limits.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CACHE_LINE = 64, LEAST_PATIENCE = 8, MOST_PATIENCE = 2000, MOST_YIELDS = 64 };

struct nnf_team {
    alignas(CACHE_LINE) atomic_int n_arrived;
    alignas(CACHE_LINE) atomic_uint phase; /* barriers passed: where waiting members look */
    atomic_int n_sleeping;
    pthread_mutex_t mutex; /* with changed, for those that sleep */
    pthread_cond_t changed;
};

static int least(int a, int b) { return a < b ? a : b; }

/* ---- fork ----
 *
 * libgomp keeps its threads for the next region; a forked child inherits the list of them but not the threads, and
 * waits for ever. Before a fork the forking thread therefore sends its own away (other threads' lists
 * are out of the child's reach). LLVM's runtime cares for itself and must be left alone. */

/* The calling thread's last team: that many threads are still there. */
static _Thread_local int n_kept = 1;

static void release_threads(void)
{
    omp_pause_resource_all(omp_pause_hard);
    n_kept = 1;
}

/* Every module compiled or preloaded with LLVM's runtime brings this symbol. */
extern void __kmpc_begin(void *, int) __attribute__((weak));

static void register_fork_hook(void)
{
    if (__kmpc_begin == NULL)
        pthread_atfork(release_threads, NULL, NULL);
}

/* ---- the number of threads that can be had ----
 *
 * OpenMP runtimes end the process when a thread cannot be created, so that is tried before. */

typedef struct thread_probe {
    int n_wanted, n_reached;
} thread_probe;

/* Each thread starts the next and waits for it, so all are alive together. */
static void *probe_from_here(void *argument)
{
    thread_probe *probe = argument;
    pthread_t next;
    if (++probe->n_reached < probe->n_wanted && pthread_create(&next, NULL, probe_from_here, probe) == 0)
        pthread_join(next, NULL);
    return NULL;
}

static int limit_to_possible(int n_threads)
{
    thread_probe probe = {n_threads, n_threads};
    if (n_threads > n_kept) {
        probe.n_reached = 0;
        probe_from_here(&probe);
    }
    n_kept = probe.n_reached; /* a smaller team sends the others away */
    return n_kept;
}

/* ---- a run ---- */

/* OpenMP orders a region's begin and end between threads, unseen by ThreadSanitizer, which is told here. */
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define NOT_SANITIZED __attribute__((no_sanitize("thread")))
static void publish(nnf_team *team) { __tsan_release(team); }
static void observe(nnf_team *team) { __tsan_acquire(team); }
#else
#define NOT_SANITIZED
static void publish(nnf_team *team) { (void)team; }
static void observe(nnf_team *team) { (void)team; }
#endif

static void run_member(nnf_member member, nnf_team_work work, void *argument)
{
    const nnf_float_state state = nnf_float_state_enter();
    observe(member.team);
    work(&member, argument);
    nnf_float_state_set(state);
    publish(member.team);
}

NOT_SANITIZED void nnf_team_run(int n_threads, nnf_team_work work, void *argument)
{
    nnf_team team = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    if (n_threads > 1) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        pthread_once(&once, register_fork_hook);
        n_threads = limit_to_possible(n_threads);
    }
    /* A single thread stays out of OpenMP: nothing to start, nothing to inherit. */
    if (n_threads <= 1) {
        run_member((nnf_member){.team = &team, .size = 1}, work, argument);
        return;
    }
    publish(&team);
#pragma omp parallel num_threads(n_threads)
    run_member((nnf_member){&team, omp_get_thread_num(), omp_get_num_threads(), MOST_PATIENCE, 0}, work, argument);
    observe(&team);
}

static inline void pause_core(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The member that all wait for may have lost its core to another process: whoever sleeps leaves it one. */
static void sleep_until_changed(nnf_team *team, unsigned phase)
{
    pthread_mutex_lock(&team->mutex);
    atomic_fetch_add(&team->n_sleeping, 1);
    while (atomic_load(&team->phase) == phase)
        pthread_cond_wait(&team->changed, &team->mutex);
    atomic_fetch_sub(&team->n_sleeping, 1);
    pthread_mutex_unlock(&team->mutex);
}

static void wake_sleepers(nnf_team *team)
{
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->changed);
    pthread_mutex_unlock(&team->mutex);
}

static bool has_changed(nnf_team *team, unsigned phase) { return atomic_load_explicit(&team->phase, memory_order_acquire) != phase; }

/* A member that shares this core runs at once when this one yields; for a process that holds another's core it is better to sleep. */
static void wait_patiently(nnf_team *team, unsigned phase)
{
    for (int n_yields = 0; n_yields < MOST_YIELDS; n_yields++) {
        sched_yield();
        if (has_changed(team, phase))
            return;
    }
    sleep_until_changed(team, phase);
}

void nnf_team_barrier(nnf_member *member)
{
    nnf_team *team = member->team;
    if (member->size == 1)
        return;
    /* Read before arriving: the phase cannot change while this member is missing. */
    const unsigned phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->n_arrived, 1, memory_order_acq_rel) == member->size - 1) {
        atomic_store_explicit(&team->n_arrived, 0, memory_order_relaxed);
        /* In one order with n_sleeping: either this sees the sleeper, or the sleeper this. A store and a load would do by
         * the standard, but an emulator (QEMU 7.2, AArch64 on x86) lets the load overtake the store; a read that modifies stays. */
        atomic_fetch_add(&team->phase, 1);
        if (atomic_load(&team->n_sleeping) > 0)
            wake_sleepers(team);
        return;
    }
    for (int n_spins = 0; n_spins < member->patience; n_spins++) {
        if (has_changed(team, phase)) {
            member->patience = least(MOST_PATIENCE, member->patience + MOST_PATIENCE / 64);
            return;
        }
        pause_core();
    }
    if (member->patience > LEAST_PATIENCE)
        member->patience /= 2;
    const int64_t start = nnf_clock_get();
    wait_patiently(team, phase);
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
