/* poll.c: see poll.h. */
#include "base/poll.h"
#include "base/clock.h"

static const int64_t INTERVAL = 50 * 1000 * 1000; /* nanoseconds: an interrupt is felt as immediate */

nnf_poller nnf_poller_start(nnf_poll poll, void *argument)
{
    return (nnf_poller){poll, argument, poll ? nnf_clock_get() + INTERVAL : 0, nnf_float_state_get()};
}

bool nnf_poller_ask(nnf_poller *poller, const nnf_progress *progress)
{
    if (!poller->poll)
        return true;
    const int64_t now = nnf_clock_get();
    if (now < poller->next)
        return true;
    poller->next = now + INTERVAL;
    const nnf_float_state own = nnf_float_state_get();
    nnf_float_state_set(poller->caller_state);
    const bool go_on = poller->poll(progress, poller->argument);
    nnf_float_state_set(own);
    return go_on;
}
