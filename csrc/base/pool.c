/* pool.c: see pool.h. Whoever is called to work calls two others first, so that many are awake soon. */
#include "base/pool.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/memory.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

static const int64_t RETRY_INTERVAL = 1000 * 1000 * 1000; /* nanoseconds between attempts where threads cannot be created */
enum { N_SPINS = 1000 };                                  /* some 10 microseconds: who is called again at once is still awake */

typedef struct nnf_pool nnf_pool;

typedef struct nnf_worker {
    nnf_gate call; /* opened once for each run */
    pthread_t thread;
    nnf_pool *pool;
    int index;
} nnf_worker;

struct nnf_pool {
    nnf_gate done; /* opened once for each run, by the last worker */
    alignas(64) atomic_int n_running;
    nnf_worker *worker[NNF_MOST_THREADS]; /* by index; 0 is the thread they work for */
    int size;                             /* with that thread */
    int n_called;                         /* of the run, as work and argument */
    nnf_pool_work work;
    void *argument;
    unsigned n_runs;
    int64_t next_try;
    bool is_running, is_broken, is_over;
};

static pthread_key_t own_pool;
static _Thread_local bool is_worker;
static atomic_uint n_forks;

static void call_two(nnf_pool *pool, int index)
{
    for (int i = 2 * index + 1; i <= 2 * index + 2 && i < pool->n_called; i++)
        nnf_gate_open(&pool->worker[i]->call);
}

static void *serve(void *argument)
{
    nnf_worker *self = argument;
    nnf_pool *pool = self->pool;
    is_worker = true;
    for (unsigned n_calls = 0;; n_calls++) {
        if (!nnf_gate_spin(&self->call, n_calls, N_SPINS))
            nnf_gate_wait(&self->call, n_calls);
        if (pool->is_over)
            return NULL;
        call_two(pool, self->index);
        pool->work(self->index, pool->argument);
        if (atomic_fetch_sub(&pool->n_running, 1) == 1)
            nnf_gate_open(&pool->done);
    }
}

void nnf_pool_run(int n_threads, nnf_pool_work work, void *argument)
{
    nnf_pool *pool = pthread_getspecific(own_pool);
    pool->n_called = n_threads;
    pool->work = work;
    pool->argument = argument;
    atomic_store(&pool->n_running, n_threads - 1);
    pool->is_running = true;
    call_two(pool, 0);
    work(0, argument);
    if (pool->is_broken)
        pthread_setspecific(own_pool, NULL);
    else if (n_threads > 1 && !nnf_gate_spin(&pool->done, pool->n_runs, N_SPINS))
        nnf_gate_wait(&pool->done, pool->n_runs);
    pool->n_runs += n_threads > 1;
    pool->is_running = false;
}

bool nnf_pool_is_broken(void)
{
    const nnf_pool *pool = pthread_getspecific(own_pool);
    return pool != NULL && pool->is_broken;
}

/* ---- creating and ending ---- */

static void free_pool(nnf_pool *pool)
{
    for (int i = 1; i < pool->size; i++)
        nnf_memory_free(pool->worker[i]);
    nnf_memory_free(pool);
}

/* The thread that the pool works for ends. */
static void end_pool(void *argument)
{
    nnf_pool *pool = argument;
    pool->is_over = true;
    for (int i = 1; i < pool->size; i++)
        nnf_gate_open(&pool->worker[i]->call);
    for (int i = 1; i < pool->size; i++)
        pthread_join(pool->worker[i]->thread, NULL);
    free_pool(pool);
}

/* In the child of a fork, which has the forking thread alone. */
static void forget_pool(void)
{
    nnf_pool *pool = pthread_getspecific(own_pool);
    atomic_fetch_add(&n_forks, 1);
    if (pool == NULL)
        return;
    pool->is_broken = pool->is_running;
    if (pool->is_running)
        return;
    free_pool(pool);
    pthread_setspecific(own_pool, NULL);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_pools; /* false if the system had no place for what they need */

static void prepare_process(void)
{
    has_pools = pthread_key_create(&own_pool, end_pool) == 0 && pthread_atfork(NULL, NULL, forget_pool) == 0;
}

static nnf_pool *get_pool(void)
{
    pthread_once(&once, prepare_process);
    nnf_pool *own = has_pools ? pthread_getspecific(own_pool) : NULL;
    if (own != NULL || !has_pools)
        return own;
    own = nnf_memory_create(sizeof *own);
    if (own == NULL)
        return NULL;
    own->done = (nnf_gate)NNF_GATE_CLOSED;
    own->size = 1;
    if (pthread_setspecific(own_pool, own) == 0)
        return own;
    nnf_memory_free(own);
    return NULL;
}

/* Signals are for the caller's threads, but for those that a fault in a thread sends to itself. */
static bool create_thread(nnf_worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&all, own[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool is_created = pthread_create(&worker->thread, NULL, serve, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_created;
}

static bool add_worker(nnf_pool *pool)
{
    nnf_worker *worker = nnf_memory_create(sizeof *worker);
    if (worker == NULL)
        return false;
    worker->call = (nnf_gate)NNF_GATE_CLOSED;
    worker->pool = pool;
    worker->index = pool->size;
    if (!create_thread(worker)) {
        nnf_memory_free(worker);
        return false;
    }
    pool->worker[pool->size++] = worker;
    return true;
}

/* ---- how many ---- */

/* The first shortage, until it is told: wanted * NNF_MOST_THREADS + had. */
enum { NO_SHORTAGE = 0, SHORTAGE_TOLD = -1 };
static atomic_int shortage = NO_SHORTAGE;

static void note_shortage(int n_wanted, int n_had)
{
    int none = NO_SHORTAGE;
    atomic_compare_exchange_strong(&shortage, &none, n_wanted * NNF_MOST_THREADS + n_had);
}

bool nnf_pool_take_shortage(int *n_wanted, int *n_had)
{
    int known = atomic_load_explicit(&shortage, memory_order_relaxed);
    if (known <= 0 || !atomic_compare_exchange_strong(&shortage, &known, SHORTAGE_TOLD))
        return false;
    *n_wanted = known / NNF_MOST_THREADS;
    *n_had = known % NNF_MOST_THREADS;
    return true;
}

unsigned nnf_pool_count_forks(void)
{
    pthread_once(&once, prepare_process);
    return atomic_load_explicit(&n_forks, memory_order_relaxed);
}

int nnf_pool_reserve(int n_wanted)
{
    nnf_pool *pool = is_worker ? NULL : get_pool();
    if (pool == NULL || pool->is_running)
        return 1;
    n_wanted = n_wanted < NNF_MOST_THREADS ? n_wanted : NNF_MOST_THREADS;
    if (pool->size < n_wanted && nnf_clock_get() >= pool->next_try) {
        while (pool->size < n_wanted && add_worker(pool)) {
        }
        if (pool->size < n_wanted) {
            note_shortage(n_wanted, pool->size);
            pool->next_try = nnf_clock_get() + RETRY_INTERVAL;
        }
    }
    return pool->size < n_wanted ? pool->size : n_wanted;
}
