/* alone.h: when member 0 does batches without its team. Small batches may be faster so, where cores are far apart; and a team is
 * held up by another process on one core, or by two members on the same one. Both ways give the same bits, so what is faster is
 * found by trying: the team is timed all along, member 0 alone for a moment now and then. Times are nanoseconds of clock.h. */
#ifndef NNF_TRAINING_ALONE_H
#define NNF_TRAINING_ALONE_H

#include "base/team.h"

typedef struct nnf_alone {
    int64_t since, waited, n_batches; /* the team's present stretch: when it began, what member 0 had waited by then, its batches */
    int64_t left;                     /* when member 0 last left the team */
    double alone;                     /* time of a batch alone; 0: not tried yet */
    int64_t period;                   /* to stay alone the next time */
    int64_t next_trial, interval;     /* when to try it without need, and how long after that again */
} nnf_alone;

nnf_alone nnf_alone_start(const nnf_member *member, int64_t now);
/* By member 0 after a batch of the team: the number of batches to do alone, most often 0. */
int64_t nnf_alone_choose(nnf_alone *alone, const nnf_member *member, int64_t now);
/* By member 0 when n batches are done and the team is together again. */
void nnf_alone_return(nnf_alone *alone, const nnf_member *member, int64_t n, int64_t now);

#endif
