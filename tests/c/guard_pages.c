/* guard_pages.c: see guard_pages.h. */
#include "guard_pages.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

bool guard_pages_create(guard_pages *pages, size_t capacity)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t size = (capacity + page - 1) / page * page;
    unsigned char *map = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return false;
    *pages = (guard_pages){map + page, map + page + size};
    return mprotect(pages->begin, size, PROT_READ | PROT_WRITE) == 0;
}

void guard_pages_free(guard_pages *pages)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(pages->begin - page, (size_t)(pages->end - pages->begin) + 2 * page);
    *pages = (guard_pages){0};
}

void *guard_pages_place(const guard_pages *pages, size_t size, bool at_end)
{
    if (size > (size_t)(pages->end - pages->begin))
        abort(); /* the test asks for more than it created */
    return at_end ? pages->end - size : pages->begin;
}
