/* poll.h: asking the caller, about 20 times a second, whether to go on. */
#ifndef NNF_BASE_POLL_H
#define NNF_BASE_POLL_H

#include "base/float_state.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct nnf_progress {
    int64_t epoch, batch, n_batches; /* epochs of the run and batches of the epoch that are finished, batches of an epoch */
    double loss;                     /* mean over the rows of this epoch so far */
} nnf_progress;

/* Called about 20 times a second by the calling thread, between batches, shards or chunks; false ends the run at a batch border. */
typedef bool (*nnf_poll)(const nnf_progress *progress, void *argument);

typedef struct nnf_poller {
    nnf_poll poll; /* may be NULL */
    void *argument;
    int64_t next;                 /* nanoseconds of the monotonic clock */
    nnf_float_state caller_state; /* what the caller computes with; the core flushes denormals */
} nnf_poller;

/* Called before the team starts. */
nnf_poller nnf_poller_start(nnf_poll poll, void *argument);
/* False if the caller wants an end. Cheap where it is not yet time. */
bool nnf_poller_ask(nnf_poller *poller, const nnf_progress *progress);

#endif
