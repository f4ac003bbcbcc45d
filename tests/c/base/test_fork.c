/* test_fork.c: a fork inside of a run, at the instant at which another member holds the lock of a barrier: the child comes out. */
#include "base/team.h"
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool is_due, is_locked;

/* Between the barrier and the C library: whoever falls asleep is woken for nothing, as it may be at any time; where a fork is due it first
 * keeps the lock until that is done. */
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    (void)condition;
    while (atomic_load(&is_due)) {
        atomic_store(&is_locked, true);
        sched_yield();
    }
    pthread_mutex_unlock(mutex);
    sched_yield();
    return pthread_mutex_lock(mutex);
}

typedef struct meeting {
    atomic_int n_present;
    pid_t child;
} meeting;

static void fork_and_meet(nnf_member *member, void *argument)
{
    meeting *all = argument;
    atomic_fetch_add(&all->n_present, 1);
    if (member->index == 0) {
        while (atomic_load(&all->n_present) < member->size)
            sched_yield();
        atomic_store(&is_due, true);
        while (!atomic_load(&is_locked))
            sched_yield();
        all->child = fork();
        alarm(60); /* of each of the two: a hang must end as a failure */
        atomic_store(&is_due, false);
    }
    nnf_team_barrier(member);
    nnf_team_barrier(member);
}

/* ThreadSanitizer does not know of this way to sleep. */
#if defined(__SANITIZE_THREAD__)
enum { MOST_MEMBERS = 1 };
#else
enum { MOST_MEMBERS = 3 };
#endif

int main(void)
{
    for (int size = 2; size <= MOST_MEMBERS; size++) {
        meeting all = {.n_present = 0};
        int status = 1;
        atomic_store(&is_locked, false);
        nnf_team_run(size, fork_and_meet, &all);
        if (all.child == 0)
            _exit(0);
        check_set_context("%d members", size);
        CHECK(all.child > 0 && waitpid(all.child, &status, 0) == all.child && status == 0);
    }
    return check_finish();
}
