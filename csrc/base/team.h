/* team.h: a team of threads that shares one piece of work. The only OpenMP of the tree is in team.c.
 *
 * Every member runs with denormals flushed to zero and rounding to nearest; the state the caller had is put
 * back in every thread before nnf_team_run returns. */
#ifndef NNF_BASE_TEAM_H
#define NNF_BASE_TEAM_H

#include <stdint.h>

typedef struct nnf_team nnf_team;

typedef struct nnf_member {
    nnf_team *team; /* shared by all members of one run */
    int index;      /* 0 is the calling thread */
    int size;
    int patience;   /* how often it looks at a barrier before it lets others run */
    int64_t waited; /* nanoseconds at barriers after patience was out */
} nnf_member;

typedef void (*nnf_team_work)(nnf_member *member, void *argument);

/* Calls work(member, argument) once in each of at most n_threads threads (fewer if they cannot be had) and
 * returns when all have finished. */
void nnf_team_run(int n_threads, nnf_team_work work, void *argument);

/* All members wait here for the last; writes before it are seen by all after it. */
void nnf_team_barrier(nnf_member *member);

/* This member's contiguous share [*begin, *end) of n tasks; shares differ by one task at most. */
void nnf_team_share(const nnf_member *member, int64_t n, int64_t *begin, int64_t *end);

/* The number of threads a run uses unless told otherwise: the least of usable cores, NNFAST_NUM_THREADS,
 * OMP_NUM_THREADS (invalid values are ignored) and what OpenMP is limited to in this thread; or what was set. Never more than the
 * calling thread's limit. */
int nnf_team_get_threads(void);
/* n <= 0 goes back to the default. */
void nnf_team_set_threads(int n);
/* From now on the calling thread's runs use at most n threads, whatever is set; n <= 0: no such limit. Returns the limit before, or 0. */
int nnf_team_limit_threads(int n);

#endif
