/* alone.c: see alone.h. */
#include "training/alone.h"
#include <stdbool.h>

static const int64_t STRETCH = 2 * 1000 * 1000; /* of the team, between two choices */
static const int64_t SHORTEST_PERIOD = 1000 * 1000, LONGEST_PERIOD = 128 * 1000 * 1000;
static const int64_t SHORTEST_INTERVAL = 16 * 1000 * 1000, LONGEST_INTERVAL = 1024 * 1000 * 1000;
static const double SHORT_BATCH = 1000 * 1000; /* longer ones are worth any team that is not held up */
static const double LEAST_GAIN = 1.05;

static int64_t double_up_to(int64_t most, int64_t time) { return time < most ? 2 * time : most; }

static void begin_stretch(nnf_alone *alone, const nnf_member *member, int64_t now)
{
    alone->since = now;
    alone->waited = member->waited;
    alone->n_batches = 0;
}

nnf_alone nnf_alone_start(const nnf_member *member, int64_t now)
{
    nnf_alone alone = {.period = SHORTEST_PERIOD, .next_trial = now, .interval = SHORTEST_INTERVAL};
    begin_stretch(&alone, member, now);
    return alone;
}

int64_t nnf_alone_choose(nnf_alone *alone, const nnf_member *member, int64_t now)
{
    const int64_t elapsed = now - alone->since, n_batches = ++alone->n_batches;
    if (elapsed < STRETCH || n_batches < 2)
        return 0;
    const int64_t waited = member->waited - alone->waited, worked = elapsed - waited;
    const double team = (double)elapsed / (double)n_batches;
    const double guess = alone->alone > 0 ? alone->alone : 1 + (double)worked * member->size / (double)n_batches;
    begin_stretch(alone, member, now);
    alone->left = now;
    /* Alone it would do the work of all: with two members and nearly as much waiting as working that is worth a trial. */
    const bool is_held_up = waited >= (member->size - 1) * worked * 3 / 4;
    if (alone->alone > 0 ? team > LEAST_GAIN * alone->alone : is_held_up) {
        const int64_t n = 1 + (int64_t)((double)alone->period / guess);
        alone->period = double_up_to(LONGEST_PERIOD, alone->period);
        alone->interval = SHORTEST_INTERVAL;
        return n;
    }
    alone->period = SHORTEST_PERIOD;
    if (now < alone->next_trial || (team > SHORT_BATCH && !is_held_up))
        return 0;
    alone->next_trial = now + alone->interval;
    alone->interval = double_up_to(LONGEST_INTERVAL, alone->interval);
    return 1 + (int64_t)((double)SHORTEST_PERIOD / guess);
}

void nnf_alone_return(nnf_alone *alone, const nnf_member *member, int64_t n, int64_t now)
{
    alone->alone = (double)(now - alone->left) / (double)n;
    begin_stretch(alone, member, now);
}
