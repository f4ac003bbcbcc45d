/* test_pool.c: a process without a place for what threads keep, or a thread without memory for it, works alone. */
#include "base/pool.h"
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_keys = true, has_memory = true;

int __real_pthread_key_create(pthread_key_t *key, void (*end)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *));
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);

int __wrap_pthread_key_create(pthread_key_t *key, void (*end)(void *)) { return has_keys ? __real_pthread_key_create(key, end) : EAGAIN; }

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    return has_memory ? __real_pthread_setspecific(key, value) : ENOMEM;
}

static void count(int index, void *argument)
{
    (void)index;
    atomic_fetch_add((atomic_int *)argument, 1);
}

/* What a pool of a thread that has none can do, once there is memory. */
static bool is_whole(void)
{
    atomic_int n = 0;
    has_memory = true;
    const bool has_three = nnf_pool_reserve(3) == 3;
    if (has_three)
        nnf_pool_run(3, count, &n);
    return has_three && n == 3;
}

static bool succeeds(bool (*test)(void))
{
    const pid_t child = fork();
    if (child == 0)
        _exit(!test());
    int status = 1;
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool test_without_keys(void)
{
    has_keys = false;
    return nnf_pool_reserve(3) == 1 && nnf_pool_reserve(3) == 1;
}

static bool test_without_memory(void)
{
    has_memory = false;
    return nnf_pool_reserve(3) == 1 && is_whole();
}

/* ThreadSanitizer allows no threads after a fork. */
#if defined(__SANITIZE_THREAD__)
enum { CAN_FORK = 0 };
#else
enum { CAN_FORK = 1 };
#endif

int main(void)
{
    CHECK(!CAN_FORK || succeeds(test_without_keys));
    CHECK(!CAN_FORK || succeeds(test_without_memory));
    CHECK(is_whole());
    return check_finish();
}
