/* shim.c: calls of the C library that fail where a test wants them to. Preloaded, and armed from faults.py through shim_control;
 * until then nothing is changed.
 *
 * Of the calls of the chosen kind, made while armed, those from number first to number end - 1 fail. Memory counts by whom it is
 * for, threads by who creates them, files if they lie below a folder. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOTHING, MEMORY, THREADS, DISK };
enum { SHORT_WRITE = -1 };     /* in place of an error: half of the bytes are written */
enum { CORE = 1, ARRAYS = 2 }; /* groups: the calls of modules, and what NumPy asks for for elements */
enum { MOST_MODULES = 64, MOST_FILES = 4096 };

typedef struct control {
    int kind;       /* NOTHING: not armed */
    unsigned scope; /* of memory and threads: the groups whose calls count */
    int error;
    long first, end;
    atomic_long count;
    atomic_long blocks, bytes; /* not freed so far: blocks of CORE's, bytes of ARRAYS' */
} control;

control shim_control;

/* ---- who calls ---- */

typedef struct module {
    uintptr_t begin, end;
    unsigned groups;
} module;

static module modules[MOST_MODULES];
static int n_modules;

typedef struct search {
    const char *name;
    unsigned groups;
} search;

static int take_module(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    const search *wanted = argument;
    for (int i = 0; strstr(info->dlpi_name, wanted->name) && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && part->p_flags & PF_X && n_modules < MOST_MODULES) {
            const uintptr_t begin = info->dlpi_addr + part->p_vaddr;
            modules[n_modules++] = (module){begin, begin + part->p_memsz, wanted->groups};
        }
    }
    return 0;
}

/* Puts the loaded modules with this in their path into groups; returns how many are known now. */
int shim_watch(const char *name, unsigned groups)
{
    dl_iterate_phdr(take_module, &(search){name, groups});
    return n_modules;
}

/* 1 << 31 for all that is in no group. */
static unsigned find_groups(const void *caller)
{
    const uintptr_t address = (uintptr_t)caller;
    for (int i = 0; i < n_modules; i++)
        if (modules[i].begin <= address && address < modules[i].end)
            return modules[i].groups;
    return 1u << 31;
}

static bool fails(int kind)
{
    if (shim_control.kind != kind)
        return false;
    const long call = atomic_fetch_add(&shim_control.count, 1);
    return shim_control.first <= call && call < shim_control.end;
}

static bool fails_for(int kind, unsigned groups) { return (shim_control.scope & groups) != 0 && fails(kind); }

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) \
        next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* ---- memory ---- */

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* Blocks of CORE's end with a mark, for which there is room: whoever calls free may be anybody, as the core's last call is a jump. */
static uint64_t *find_mark(void *block) { return (uint64_t *)((char *)block + malloc_usable_size(block)) - 1; }

static uint64_t make_mark(const void *block) { return 0x6e6e666173743a29u ^ (uintptr_t)block; }

static size_t add_room(unsigned groups, size_t size)
{
    const size_t room = groups & CORE ? sizeof(uint64_t) : 0;
    return size > SIZE_MAX - room ? size : size + room;
}

static void count_new(unsigned groups, void *block)
{
    if (block && groups & CORE) {
        *find_mark(block) = make_mark(block);
        atomic_fetch_add(&shim_control.blocks, 1);
    }
}

static void count_old(void *block)
{
    if (block && *find_mark(block) == make_mark(block)) {
        *find_mark(block) = 0;
        atomic_fetch_add(&shim_control.blocks, -1);
    }
}

#define ALLOCATE(size, call)                                                  \
    do {                                                                      \
        const unsigned groups = find_groups(__builtin_return_address(0));     \
        if (fails_for(MEMORY, groups)) {                                      \
            errno = ENOMEM;                                                   \
            return NULL;                                                      \
        }                                                                     \
        const size_t whole = add_room(groups, size);                          \
        void *block_ = (call);                                                \
        count_new(groups, block_);                                            \
        return block_;                                                        \
    } while (0)

static size_t multiply(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

void *malloc(size_t size) { ALLOCATE(size, __libc_malloc(whole)); }
void *calloc(size_t n, size_t size) { ALLOCATE(multiply(n, size), __libc_calloc(1, whole)); }
void *memalign(size_t alignment, size_t size) { ALLOCATE(size, __libc_memalign(alignment, whole)); }
void *aligned_alloc(size_t alignment, size_t size) { ALLOCATE(size, __libc_memalign(alignment, whole)); }

void *realloc(void *block, size_t size)
{
    const unsigned groups = find_groups(__builtin_return_address(0));
    if (fails_for(MEMORY, groups)) {
        errno = ENOMEM;
        return NULL;
    }
    count_old(block);
    void *moved = __libc_realloc(block, size > 0 ? add_room(groups, size) : 0);
    count_new(groups, moved ? moved : size > 0 ? block : NULL);
    return moved;
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    const unsigned groups = find_groups(__builtin_return_address(0));
    if (fails_for(MEMORY, groups))
        return ENOMEM;
    *block = __libc_memalign(alignment, add_room(groups, size));
    count_new(groups, *block);
    return *block ? 0 : ENOMEM;
}

void free(void *block)
{
    count_old(block);
    __libc_free(block);
}

void *mmap(void *address, size_t size, int protection, int flags, int handle, off_t offset)
{
    NEXT(mmap);
    if (fails_for(MEMORY, find_groups(__builtin_return_address(0)))) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return next(address, size, protection, flags, handle, offset);
}

/* ---- memory of NumPy's arrays: a PyDataMem_Handler, see NEP 49 ---- */

static void *count_bytes(void *block)
{
    if (block)
        atomic_fetch_add(&shim_control.bytes, (long)malloc_usable_size(block));
    return block;
}

static void *array_malloc(void *context, size_t size)
{
    (void)context;
    return fails_for(MEMORY, ARRAYS) ? NULL : count_bytes(__libc_malloc(size));
}

static void *array_calloc(void *context, size_t n, size_t size)
{
    (void)context;
    return fails_for(MEMORY, ARRAYS) ? NULL : count_bytes(__libc_calloc(n, size));
}

static void *array_realloc(void *context, void *block, size_t size)
{
    (void)context;
    const long before = block ? (long)malloc_usable_size(block) : 0;
    void *moved = fails_for(MEMORY, ARRAYS) ? NULL : __libc_realloc(block, size);
    if (moved)
        atomic_fetch_add(&shim_control.bytes, (long)malloc_usable_size(moved) - before);
    return moved;
}

static void array_free(void *context, void *block, size_t size)
{
    (void)context, (void)size;
    if (block)
        atomic_fetch_sub(&shim_control.bytes, (long)malloc_usable_size(block));
    __libc_free(block);
}

struct {
    char name[127];
    uint8_t version;
    void *context;
    void *(*malloc)(void *, size_t);
    void *(*calloc)(void *, size_t, size_t);
    void *(*realloc)(void *, void *, size_t);
    void (*free)(void *, void *, size_t);
} shim_handler = {"shim", 1, NULL, array_malloc, array_calloc, array_realloc, array_free};

/* ---- threads ---- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    NEXT(pthread_create);
    if (fails_for(THREADS, find_groups(__builtin_return_address(0))))
        return EAGAIN;
    return next(thread, attributes, start, argument);
}

/* ---- files ---- */

static char folder[4096];
static atomic_bool is_tracked[MOST_FILES];

/* Files below it, and itself, are those whose calls count. */
void shim_set_folder(const char *path)
{
    strncpy(folder, path, sizeof folder - 1);
    memset(is_tracked, 0, sizeof is_tracked);
}

static bool is_ours(const char *path) { return *folder && strncmp(path, folder, strlen(folder)) == 0; }
static bool is_our_file(int handle) { return handle >= 0 && handle < MOST_FILES && is_tracked[handle]; }

static int track(const char *path, int handle)
{
    if (handle >= 0 && handle < MOST_FILES)
        is_tracked[handle] = is_ours(path);
    return handle;
}

/* A short write is one of write alone: elsewhere nothing happens. */
static bool fails_on(bool is_known)
{
    if (!is_known || !fails(DISK) || shim_control.error == SHORT_WRITE)
        return false;
    errno = shim_control.error;
    return true;
}

#define OPEN(name, parameters, path, arguments)                  \
    int name parameters                                          \
    {                                                            \
        NEXT(name);                                              \
        int mode = 0;                                            \
        if (flags & (O_CREAT | O_TMPFILE)) {                     \
            va_list list;                                        \
            va_start(list, flags);                               \
            mode = va_arg(list, int);                            \
            va_end(list);                                        \
        }                                                        \
        return fails_on(is_ours(path)) ? -1 : track(path, next arguments); \
    }

OPEN(open, (const char *path, int flags, ...), path, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), path, (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), path, (at, path, flags, mode))

ssize_t write(int handle, const void *data, size_t size)
{
    NEXT(write);
    if (is_our_file(handle) && fails(DISK)) {
        errno = shim_control.error;
        return shim_control.error == SHORT_WRITE ? next(handle, data, (size + 1) / 2) : -1;
    }
    return next(handle, data, size);
}

#define FILE_CALL(type, name, parameters, is_known, arguments) \
    type name parameters                                       \
    {                                                          \
        NEXT(name);                                            \
        return fails_on(is_known) ? -1 : next arguments;       \
    }

FILE_CALL(ssize_t, read, (int handle, void *data, size_t size), is_our_file(handle), (handle, data, size))
FILE_CALL(ssize_t, pread, (int handle, void *data, size_t size, off_t at), is_our_file(handle), (handle, data, size, at))
FILE_CALL(ssize_t, pread64, (int handle, void *data, size_t size, off64_t at), is_our_file(handle), (handle, data, size, at))
FILE_CALL(ssize_t, pwrite, (int handle, const void *data, size_t size, off_t at), is_our_file(handle), (handle, data, size, at))
FILE_CALL(ssize_t, pwrite64, (int handle, const void *data, size_t size, off64_t at), is_our_file(handle), (handle, data, size, at))
FILE_CALL(ssize_t, writev, (int handle, const struct iovec *parts, int n), is_our_file(handle), (handle, parts, n))
FILE_CALL(int, fsync, (int handle), is_our_file(handle), (handle))
FILE_CALL(int, fdatasync, (int handle), is_our_file(handle), (handle))
FILE_CALL(int, ftruncate, (int handle, off_t size), is_our_file(handle), (handle, size))
FILE_CALL(int, ftruncate64, (int handle, off64_t size), is_our_file(handle), (handle, size))
FILE_CALL(int, fchmod, (int handle, mode_t mode), is_our_file(handle), (handle, mode))
FILE_CALL(int, chmod, (const char *path, mode_t mode), is_ours(path), (path, mode))
FILE_CALL(int, mkdir, (const char *path, mode_t mode), is_ours(path), (path, mode))
FILE_CALL(int, rename, (const char *from, const char *to), is_ours(to), (from, to))
FILE_CALL(int, renameat, (int from_at, const char *from, int to_at, const char *to), is_ours(to), (from_at, from, to_at, to))

/* The handle is gone all the same. */
int close(int handle)
{
    NEXT(close);
    const bool was_ours = is_our_file(handle);
    if (was_ours)
        is_tracked[handle] = false;
    const bool has_failed = fails_on(was_ours);
    const int error = errno, result = next(handle);
    if (!has_failed)
        return result;
    errno = error;
    return -1;
}
