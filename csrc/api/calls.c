/* calls.c: runs of several trainers side by side. Members take the next call when they are done with one; each does its calls alone,
 * so that no batch waits for anybody. */
#include "base/clock.h"
#include "base/float_state.h"
#include "base/pool.h"
#include "base/team.h"
#include "nnfast.h"
#include "training/trainer.h"
#include <stdatomic.h>
#include <time.h>

/* Multiply-adds that a thread should have to do to be woken for, which takes some hundred microseconds where others are at work. */
static const double LEAST_SHARE = 5e6;

typedef struct queue {
    nnf_call *const *calls;
    int64_t n_calls;
    nnf_poller poller; /* member 0's */
    atomic_int_least64_t next;
    atomic_int n_finished; /* members that found no more calls */
    atomic_bool is_stopped;
} queue;

void nnf_trainer_run_call(nnf_call *call)
{
    call->status = (call->is_evaluation ? nnf_trainer_evaluate : nnf_trainer_run)(call->trainer, call->x, call->y, &call->run, call->stats);
}

/* The polls of calls: member 0's also asks the caller, the others' hear what it answered. */
static bool goes_on(const nnf_progress *progress, void *argument)
{
    (void)progress;
    return !atomic_load(&((const queue *)argument)->is_stopped);
}

static bool ask(const nnf_progress *progress, void *argument)
{
    queue *all = argument;
    if (!nnf_poller_ask(&all->poller, progress))
        atomic_store(&all->is_stopped, true);
    return !atomic_load(&all->is_stopped);
}

/* By member 0, which alone can ask the caller. The others are most often as good as done; who yields on a busy machine comes back late. */
static void wait_for_others(queue *all, const nnf_member *member)
{
    const int64_t patience = 200 * 1000, end_of_spinning = nnf_clock_get() + patience;
    while (atomic_load(&all->n_finished) < member->size && !nnf_pool_is_broken()) {
        ask(&(nnf_progress){0}, all);
        if (nnf_clock_get() > end_of_spinning)
            nanosleep(&(struct timespec){0, patience}, NULL);
    }
}

static void run_calls(nnf_member *member, void *argument)
{
    queue *all = argument;
    const bool is_first = member->index == 0;
    const int limit = nnf_team_limit_threads(1);
    for (int64_t i; (i = atomic_fetch_add(&all->next, 1)) < all->n_calls;) {
        nnf_call *call = all->calls[i];
        call->run.poll = is_first ? ask : goes_on;
        call->run.poll_argument = all;
        if (call->run.poll(&(nnf_progress){0}, call->run.poll_argument))
            nnf_trainer_run_call(call);
    }
    nnf_team_limit_threads(limit);
    atomic_fetch_add(&all->n_finished, 1);
    if (is_first)
        wait_for_others(all, member);
}

/* Multiply-adds, more or less. */
static double measure_work(const nnf_call *call)
{
    const double work_per_row = call->trainer->network->work_per_row;
    if (call->is_evaluation)
        return (double)call->x->n_rows * work_per_row / 3;
    const double n_asked = (double)call->run.n_batches * (double)call->run.batch_size, n_rows = (double)call->x->n_rows;
    return (call->run.n_batches > 0 && n_asked < n_rows ? n_asked : n_rows) * call->run.n_epochs * work_per_row;
}

static int choose_threads(const queue *all)
{
    const int most = nnf_team_get_threads();
    const nnf_float_state caller = nnf_float_state_enter();
    double work = 0;
    for (int64_t i = 0; i < all->n_calls; i++)
        work += measure_work(all->calls[i]);
    const double worth = work / LEAST_SHARE < (double)all->n_calls ? work / LEAST_SHARE : (double)all->n_calls;
    const int n_threads = worth < most ? (int)worth : most;
    nnf_float_state_set(caller);
    return n_threads;
}

void nnf_trainer_run_calls(nnf_call *const *calls, int64_t n_calls, nnf_poll poll, void *poll_argument)
{
    queue all = {.calls = calls, .n_calls = n_calls, .poller = nnf_poller_start(poll, poll_argument)};
    for (int64_t i = 0; i < n_calls; i++)
        calls[i]->status = NNF_STATUS_STOPPED;
    nnf_team_run(choose_threads(&all), run_calls, &all);
}
