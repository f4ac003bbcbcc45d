/* memory.c: aligned blocks and the arena. */
#include "base/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

size_t nnf_size_multiply(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

size_t nnf_size_add(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

size_t nnf_round_up(size_t n, size_t step)
{
    const size_t excess = n % step;
    return excess == 0 ? n : nnf_size_add(n, step - excess);
}

/* A panel of a wide layer spans hundreds of small pages, and each row of a batch lies in another. */
enum { HUGE_PAGE = 1 << 21 };

static void ask_for_huge_pages(void *block, size_t size)
{
#if defined(MADV_HUGEPAGE)
    madvise(block, size, MADV_HUGEPAGE); /* a wish: without it all is as before */
#else
    (void)block, (void)size;
#endif
}

void *nnf_memory_create(size_t size)
{
    const size_t alignment = size < HUGE_PAGE ? NNF_ALIGNMENT : HUGE_PAGE, whole = nnf_round_up(size, alignment);
    if (size == 0 || whole > PTRDIFF_MAX)
        return NULL;
    void *block = aligned_alloc(alignment, whole);
    if (block == NULL)
        return NULL;
    if (alignment == HUGE_PAGE)
        ask_for_huge_pages(block, whole);
    memset(block, 0, whole);
    return block;
}

void nnf_memory_free(void *block) { free(block); }

size_t nnf_arena_plan(nnf_arena *arena, size_t size)
{
    assert(arena->base == NULL);
    const size_t offset = arena->size;
    arena->size = nnf_size_add(offset, nnf_round_up(size, NNF_ALIGNMENT));
    return offset;
}

bool nnf_arena_create(nnf_arena *arena)
{
    assert(arena->base == NULL);
    /* An arena without parts still gets a block, so that NULL means only "not created". */
    arena->base = nnf_memory_create(arena->size == 0 ? NNF_ALIGNMENT : arena->size);
    return arena->base != NULL;
}

void nnf_arena_free(nnf_arena *arena)
{
    nnf_memory_free(arena->base);
    *arena = (nnf_arena){0};
}
