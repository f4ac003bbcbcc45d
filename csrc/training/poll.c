/* poll.c: see poll.h. */
#include "training/poll.h"
#include <time.h>

static const int64_t INTERVAL = 50 * 1000 * 1000; /* nanoseconds: an interrupt is felt as immediate */

static int64_t get_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

nnf_poller nnf_poller_start(nnf_poll poll, void *argument)
{
    return (nnf_poller){poll, argument, poll ? get_time() + INTERVAL : 0, nnf_float_state_get()};
}

bool nnf_poller_ask(nnf_poller *poller, const nnf_progress *progress)
{
    if (!poller->poll)
        return true;
    const int64_t now = get_time();
    if (now < poller->next)
        return true;
    poller->next = now + INTERVAL;
    const nnf_float_state own = nnf_float_state_get();
    nnf_float_state_set(poller->caller_state);
    const bool go_on = poller->poll(progress, poller->argument);
    nnf_float_state_set(own);
    return go_on;
}
