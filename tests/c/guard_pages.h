/* guard_pages.h: memory between two pages that may not be touched: one element too far is a crash. */
#ifndef NNF_TESTS_GUARD_PAGES_H
#define NNF_TESTS_GUARD_PAGES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct guard_pages {
    unsigned char *begin, *end; /* usable: [begin, end); the bytes before and after are guarded */
} guard_pages;

/* At least capacity bytes. False if the system refuses. */
bool guard_pages_create(guard_pages *pages, size_t capacity);
void guard_pages_free(guard_pages *pages);

/* size bytes that end where a guard begins, or begin where one ends. */
void *guard_pages_place(const guard_pages *pages, size_t size, bool at_end);

#endif
