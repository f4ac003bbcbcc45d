/* gate.h: threads wait at a gate until another opens it: they spin for a moment, then yield, then sleep. */
#ifndef NNF_BASE_GATE_H
#define NNF_BASE_GATE_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct nnf_gate {
    alignas(64) atomic_uint phase; /* how often it was opened: alone in its cache line, where waiting threads look */
    atomic_int n_sleeping;
    pthread_mutex_t mutex; /* with changed, for those that sleep */
    pthread_cond_t changed;
} nnf_gate;

/* No destruction is needed. */
#define NNF_GATE_CLOSED {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER}

/* The next phase begins; what was written before is seen by all that waited for it. */
void nnf_gate_open(nnf_gate *gate);
/* Returns whether the phase is over after at most n_spins looks. */
bool nnf_gate_spin(const nnf_gate *gate, unsigned phase, int n_spins);
/* Returns when the phase is over; costs no time of a core but at first. */
void nnf_gate_wait(nnf_gate *gate, unsigned phase);

#endif
