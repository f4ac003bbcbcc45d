/* gate.c: see gate.h. */
#include "base/gate.h"

#include <sched.h>

enum { MOST_YIELDS = 64 };

static inline void pause_core(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool is_over(const nnf_gate *gate, unsigned phase) { return atomic_load_explicit(&gate->phase, memory_order_acquire) != phase; }

void nnf_gate_open(nnf_gate *gate)
{
    /* In one order with n_sleeping: either this sees the sleeper, or the sleeper this. A store and a load would do by
     * the standard, but an emulator (QEMU 7.2, AArch64 on x86) lets the load overtake the store; a read that modifies stays. */
    atomic_fetch_add(&gate->phase, 1);
    if (atomic_load(&gate->n_sleeping) == 0)
        return;
    pthread_mutex_lock(&gate->mutex);
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

bool nnf_gate_spin(const nnf_gate *gate, unsigned phase, int n_spins)
{
    for (int i = 0; i < n_spins; i++) {
        if (is_over(gate, phase))
            return true;
        pause_core();
    }
    return false;
}

/* Who is waited for may have lost its core to another process: whoever sleeps leaves it one. */
static void sleep_at(nnf_gate *gate, unsigned phase)
{
    pthread_mutex_lock(&gate->mutex);
    atomic_fetch_add(&gate->n_sleeping, 1);
    while (atomic_load(&gate->phase) == phase)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    atomic_fetch_sub(&gate->n_sleeping, 1);
    pthread_mutex_unlock(&gate->mutex);
}

/* A thread that shares this core runs at once when this one yields; for a process that holds another's core it is better to sleep. */
void nnf_gate_wait(nnf_gate *gate, unsigned phase)
{
    for (int n_yields = 0; n_yields < MOST_YIELDS; n_yields++) {
        sched_yield();
        if (is_over(gate, phase))
            return;
    }
    sleep_at(gate, phase);
}
