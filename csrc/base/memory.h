/* memory.h: aligned blocks, and an arena whose parts are planned before one allocation is made. */
#ifndef NNF_BASE_MEMORY_H
#define NNF_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum { NNF_ALIGNMENT = 64 }; /* bytes: a cache line, and the widest vector */

/* Zero-filled, aligned to NNF_ALIGNMENT; NULL if memory is short or size is 0. */
void *nnf_memory_create(size_t size);
void nnf_memory_free(void *block);

/* a * b, or SIZE_MAX when the product does not fit: every later request then fails cleanly. */
size_t nnf_size_multiply(size_t a, size_t b);
/* a + b, saturating likewise. */
size_t nnf_size_add(size_t a, size_t b);
/* The least multiple of step that is not below n. */
size_t nnf_round_up(size_t n, size_t step);

/* Usage: plan every part (each returns its offset), create once, then take addresses by offset. */
typedef struct nnf_arena {
    unsigned char *base; /* NULL until nnf_arena_create succeeds */
    size_t size;
} nnf_arena;

/* Reserves size bytes, aligned; saturates instead of overflowing. */
size_t nnf_arena_plan(nnf_arena *arena, size_t size);
/* Allocates all that was planned, zero-filled. False if memory is short; the arena may then be freed or tried again. */
bool nnf_arena_create(nnf_arena *arena);
/* Frees the block and forgets the plan. Safe on a zeroed arena. */
void nnf_arena_free(nnf_arena *arena);

#endif
