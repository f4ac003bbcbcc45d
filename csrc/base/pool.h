/* pool.h: threads that wait for work, of each thread that asks for some.
 *
 * They are plain threads, not OpenMP's: libgomp ends the process where a thread cannot be created, and leaves a forked child waiting
 * for threads that it does not have. They sleep between calls, take no signals, and end with the thread that they work for. */
#ifndef NNF_BASE_POOL_H
#define NNF_BASE_POOL_H

#include <stdbool.h>

enum { NNF_MOST_THREADS = 1024 };

typedef void (*nnf_pool_work)(int index, void *argument);

/* How many threads, this one included, can work together, at most n_wanted; more are created where they are missing. 1 inside of
 * nnf_pool_run. */
int nnf_pool_reserve(int n_wanted);
/* Calls work(index, argument) for 0 <= index < n_threads, 0 in this thread, each other in one of its own; returns when all have
 * finished. n_threads: at most what was reserved. */
void nnf_pool_run(int n_threads, nnf_pool_work work, void *argument);
/* True in a process that was forked by this thread from inside nnf_pool_run, until that returns: the others are missing. */
bool nnf_pool_is_broken(void);
/* Changes in a forked child: how many forks there are between this process and the one that asked first. */
unsigned nnf_pool_count_forks(void);
/* True at the first call after a thread could not be created: how many threads were wanted then, and how many there were. */
bool nnf_pool_take_shortage(int *n_wanted, int *n_had);

#endif
