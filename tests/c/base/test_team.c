/* test_team.c: every member runs once, barriers hold, shares cover, floating-point state comes back, forks survive, and so do runs without
 * threads. */
#include "base/clock.h"
#include "base/float_state.h"
#include "base/pool.h"
#include "base/team.h"
#include "check.h"

#include <dirent.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ThreadSanitizer allows no threads after a fork, and misreads the test's own OpenMP regions. */
#if defined(__SANITIZE_THREAD__)
enum { HAS_THREAD_SANITIZER = 1 };
#else
enum { HAS_THREAD_SANITIZER = 0 };
#endif

static const int team_sizes[] = {1, 2, 3, 7};
enum { N_TEAM_SIZES = 4, MAX_TEAM = 16 };

/* ---- members ---- */

typedef struct roll {
    atomic_int n_present[MAX_TEAM];
    atomic_int size;
    pthread_t first;
} roll;

static void sign_in(nnf_member *member, void *argument)
{
    roll *roll_call = argument;
    atomic_fetch_add(&roll_call->n_present[member->index], 1);
    atomic_store(&roll_call->size, member->size);
    if (member->index == 0)
        roll_call->first = pthread_self();
}

static void test_members(void)
{
    for (int n = -1; n <= MAX_TEAM; n++) {
        roll roll_call = {0};
        nnf_team_run(n, sign_in, &roll_call);
        CHECK(roll_call.size == (n < 1 ? 1 : n));
        for (int i = 0; i < MAX_TEAM; i++)
            CHECK(roll_call.n_present[i] == (i < roll_call.size));
        CHECK(pthread_equal(roll_call.first, pthread_self()));
    }
}

/* ---- barriers ---- */

enum { N_PHASES = 500 };

typedef struct relay {
    int64_t written[MAX_TEAM]; /* plain memory: the barrier must publish it */
    atomic_int n_errors;
} relay;

static void write_and_read(nnf_member *member, void *argument)
{
    relay *all = argument;
    for (int64_t phase = 1; phase <= N_PHASES; phase++) {
        all->written[member->index] = phase;
        nnf_team_barrier(member);
        for (int i = 0; i < member->size; i++)
            if (all->written[i] != phase)
                atomic_fetch_add(&all->n_errors, 1);
        nnf_team_barrier(member);
    }
}

static void test_barrier(void)
{
    for (int t = 0; t < N_TEAM_SIZES; t++) {
        relay all = {0};
        nnf_team_run(team_sizes[t], write_and_read, &all);
        CHECK(all.n_errors == 0);
    }
}

/* ---- a member that is late ---- */

enum { N_LATE_PHASES = 42 };
static const int64_t LATENESS = 2 * 1000 * 1000; /* nanoseconds: far beyond what a member spins or yields for */

typedef struct late_relay {
    relay relay;
    int64_t waited[MAX_TEAM]; /* each member's own */
} late_relay;

/* Members are late in turns; whoever was not must have slept, woken, and seen what the late one wrote. */
static void come_late_in_turns(nnf_member *member, void *argument)
{
    late_relay *all = argument;
    for (int64_t phase = 1; phase <= N_LATE_PHASES; phase++) {
        if (phase % member->size == member->index)
            nanosleep(&(struct timespec){0, LATENESS}, NULL);
        all->relay.written[member->index] = phase;
        nnf_team_barrier(member);
        for (int i = 0; i < member->size; i++)
            if (all->relay.written[i] != phase)
                atomic_fetch_add(&all->relay.n_errors, 1);
        nnf_team_barrier(member);
    }
    all->waited[member->index] = member->waited;
}

/* Nobody waits for the member that comes last: of N_LATE_PHASES barriers each waits LATENESS at those where another is late. */
static void test_late_members(void)
{
    for (int t = 0; t < N_TEAM_SIZES; t++) {
        const int size = team_sizes[t];
        late_relay all = {.relay = {.n_errors = 0}};
        const int64_t start = nnf_clock_get();
        nnf_team_run(size, come_late_in_turns, &all);
        const int64_t elapsed = nnf_clock_get() - start;
        CHECK(all.relay.n_errors == 0);
        for (int i = 0; i < size; i++) {
            check_set_context("member %d of %d waited %lld of %lld ns", i, size, (long long)all.waited[i], (long long)elapsed);
            CHECK(size == 1 ? all.waited[i] == 0 : all.waited[i] > N_LATE_PHASES * LATENESS / size * (size - 1) / 2);
            CHECK(all.waited[i] <= elapsed);
        }
    }
}

/* ---- members that go to sleep while the last one arrives ---- */

enum { N_UNEVEN_RUNS = 20, N_UNEVEN_PHASES = 20000 };

/* Mostly short work and sometimes work as long as the others' patience; a sleeper that nobody wakes ends the test by its time limit. */
static void work_unevenly(nnf_member *member, void *argument)
{
    atomic_int *n_finished = argument;
    volatile uint32_t state = 1 + (uint32_t)member->index;
    for (int phase = 0; phase < N_UNEVEN_PHASES; phase++) {
        state = state * 1664525u + 1013904223u;
        const int longest = (state >> 8) % 7 == 0 ? 20000 : 200;
        for (int n_steps = (int)(state >> 16) % longest; n_steps > 0; n_steps--)
            state ^= state << 5;
        nnf_team_barrier(member);
    }
    atomic_fetch_add(n_finished, 1);
}

static void test_uneven_members(void)
{
    for (int run = 0; run < N_UNEVEN_RUNS; run++) {
        atomic_int n_finished = 0;
        nnf_team_run(2, work_unevenly, &n_finished);
        CHECK(n_finished == 2);
    }
}

/* ---- shares ---- */

static void test_shares(void)
{
    static const int64_t n_tasks[] = {0, 1, 2, 6, 7, 8, 100, 4294967297, INT64_MAX};
    for (int size = 1; size <= MAX_TEAM; size++)
        for (size_t t = 0; t < sizeof n_tasks / sizeof *n_tasks; t++) {
            int64_t covered = 0;
            for (int i = 0; i < size; i++) {
                int64_t begin, end;
                nnf_team_share(&(nnf_member){.index = i, .size = size}, n_tasks[t], &begin, &end);
                CHECK(begin == covered && (end - begin == n_tasks[t] / size || end - begin == n_tasks[t] / size + 1));
                covered = end;
            }
            CHECK(covered == n_tasks[t]);
        }
}

/* ---- floating-point state ---- */

static void multiply_tiny(nnf_member *member, void *argument)
{
    volatile float tiny = 0x1p-126f, denormal = 0x1p-149f, one = 1.0f, half_ulp = 0x1p-24f;
    atomic_int *n_errors = argument;
    (void)member;
    if (tiny * 0.5f != 0 || denormal * 0x1p100f != 0)
        atomic_fetch_add(n_errors, 1);
    if (one + half_ulp != 1.0f || one + half_ulp * 1.5f != 1.0f + 0x1p-23f)
        atomic_fetch_add(n_errors, 1);
}

/* The caller's state: round up, flags raised or not. */
static nnf_float_state strange_state(void)
{
#if defined(__x86_64__)
    return (nnf_float_state){0x1f80 | 0x4000 | 0x3f, 0};
#else
    return (nnf_float_state){1u << 22, 0x10};
#endif
}

static bool is_same_state(nnf_float_state a, nnf_float_state b) { return a.control == b.control && a.flags == b.flags; }

static void test_caller_state(void)
{
    const nnf_float_state usual = nnf_float_state_get();
    for (int t = 0; t < N_TEAM_SIZES; t++) {
        atomic_int n_errors = 0;
        nnf_float_state_set(strange_state());
        nnf_team_run(team_sizes[t], multiply_tiny, &n_errors);
        const nnf_float_state left = nnf_float_state_get();
        nnf_float_state_set(usual);
        CHECK(is_same_state(left, strange_state()));
        CHECK(n_errors == 0);
    }
}

/* ---- surroundings ---- */

static void run_inside(nnf_member *member, void *argument)
{
    (void)member;
    sign_in(member, argument);
    nnf_team_barrier(member);
}

/* In a region of the caller's each thread works alone; clang for GNU's library compiles no regions. */
static void test_inside_region(void)
{
#ifdef _OPENMP
    roll roll_call[2] = {{.size = 0}, {.size = 0}};
#pragma omp parallel num_threads(2)
    nnf_team_run(4, run_inside, &roll_call[omp_get_thread_num()]);
    for (int r = 0; r < 2; r++)
        CHECK(roll_call[r].n_present[0] == 1 && roll_call[r].size == 1);
#endif
}

static void run_another(nnf_member *member, void *argument)
{
    roll *roll_call = argument;
    nnf_team_run(3, run_inside, &roll_call[member->index]);
    nnf_team_barrier(member);
}

/* And so does a member of ours, as where a poll calls back, or a member trains a model of its own. */
static void test_inside_run(void)
{
    roll roll_call[3] = {{.size = 0}, {.size = 0}, {.size = 0}};
    nnf_team_run(3, run_another, roll_call);
    for (int r = 0; r < 3; r++)
        CHECK(roll_call[r].n_present[0] == 1 && roll_call[r].size == 1);
}

static int count_threads(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/task");
    while (folder != NULL && readdir(folder) != NULL)
        n++;
    if (folder != NULL)
        closedir(folder);
    return n - 2; /* "." and ".." */
}

/* The kernel takes a moment to forget threads that have ended. */
static int count_settled_threads(void)
{
    int n = count_threads();
    for (int i = 0, n_same = 0; i < 200 && n_same < 10; i++) {
        nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL);
        const int now = count_threads();
        n_same = now == n ? n_same + 1 : 0;
        n = now;
    }
    return n;
}

static void *run_and_count(void *argument)
{
    roll roll_call = {0};
    nnf_team_run(5, sign_in, &roll_call);
    *(int *)argument = count_threads();
    return NULL;
}

/* What a thread had started ends with it. */
static void test_end_of_thread(void)
{
    const int before = count_settled_threads();
    int within = 0;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_and_count, &within) == 0);
    pthread_join(thread, NULL);
    CHECK(within == before + 5);
    CHECK(count_settled_threads() == before);
}

enum { MOST_SECONDS = 60 }; /* of a child, on a machine with much else to do: a hang must end as a failure */

static bool child_succeeds(pid_t child)
{
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int run_in_child(int n_generations)
{
    relay all = {0};
    alarm(MOST_SECONDS);
    nnf_team_run(2, write_and_read, &all);
    if (all.n_errors > 0)
        return 1;
    if (n_generations == 0)
        return 0;
    const pid_t child = fork();
    if (child == 0)
        _exit(run_in_child(n_generations - 1));
    return !child_succeeds(child);
}

static void *fork_and_run(void *argument)
{
    roll roll_call = {0};
    nnf_team_run(2, sign_in, &roll_call);
    const pid_t child = fork();
    if (child == 0)
        _exit(run_in_child(2));
    *(bool *)argument = child_succeeds(child);
    return NULL;
}

static void test_fork(void)
{
    for (int i = 0; i < 10; i++) {
        bool is_main_well = false, is_other_well = false;
        pthread_t thread;
        fork_and_run(&is_main_well);
        CHECK(is_main_well);
        CHECK(pthread_create(&thread, NULL, fork_and_run, &is_other_well) == 0);
        pthread_join(thread, NULL);
        CHECK(is_other_well);
    }
}

typedef struct forked {
    pid_t child;
    atomic_int n_passed;
} forked;

static void fork_inside(nnf_member *member, void *argument)
{
    forked *f = argument;
    if (member->index == 0) {
        alarm(MOST_SECONDS);
        f->child = fork();
    }
    for (int i = 0; i < 10; i++)
        nnf_team_barrier(member);
    atomic_fetch_add(&f->n_passed, 1);
}

/* As a poll may do: the child comes out of the run, alone, and has a whole team again. */
static void test_fork_inside_run(void)
{
    for (int size = 2; size <= 5; size++) {
        forked f = {0};
        const unsigned n_forks = nnf_pool_count_forks();
        nnf_team_run(size, fork_inside, &f);
        alarm(0);
        if (f.child == 0) {
            relay all = {0};
            const bool is_alone = f.n_passed >= 1 && nnf_pool_count_forks() == n_forks + 1 && !nnf_pool_is_broken();
            alarm(MOST_SECONDS);
            nnf_team_run(3, write_and_read, &all);
            _exit(!is_alone || all.n_errors > 0 || all.written[2] != N_PHASES);
        }
        CHECK(f.n_passed == size && nnf_pool_count_forks() == n_forks);
        CHECK(child_succeeds(f.child));
    }
}

/* Where threads cannot be created the run goes on with those there are, and that is told once. The limit spares root, who becomes
 * nobody. */
static void test_without_threads(void)
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {1, 1};
        roll roll_call = {0};
        const bool is_limited = (geteuid() != 0 || setuid(65534) == 0) && setrlimit(RLIMIT_NPROC, &limit) == 0;
        alarm(MOST_SECONDS);
        nnf_team_run(4, sign_in, &roll_call);
        int n_wanted = 0, n_had = 0;
        const bool is_told = nnf_pool_take_shortage(&n_wanted, &n_had) && n_wanted == 4 && n_had == 1;
        nnf_team_run(4, sign_in, &roll_call);
        _exit(is_limited && (roll_call.size != 1 || !is_told || nnf_pool_take_shortage(&n_wanted, &n_had)));
    }
    CHECK(child_succeeds(child));
}

/* The default is found once in a process, so each setting is seen by a child of its own. */
static int get_threads_with(const char *ours, const char *openmp)
{
    const pid_t child = fork();
    if (child == 0) {
        unsetenv("NNFAST_NUM_THREADS");
        unsetenv("OMP_NUM_THREADS");
        if (ours != NULL)
            setenv("NNFAST_NUM_THREADS", ours, 1);
        if (openmp != NULL)
            setenv("OMP_NUM_THREADS", openmp, 1);
        _exit(nnf_team_get_threads());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void test_number_of_threads(void)
{
    static const char *const invalid[] = {"", "x", "0", "-3", "2x", "1e3", " ", "99999999999999999999"};
    const int all = get_threads_with(NULL, NULL);
    CHECK(all >= 1);
    CHECK(get_threads_with("1", NULL) == 1);
    CHECK(get_threads_with(NULL, "1") == 1);
    CHECK(get_threads_with(NULL, "1,4") == 1);
    CHECK(get_threads_with("1", "8") == 1);
    CHECK(get_threads_with("100000", "100000") == all);
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        CHECK(get_threads_with(invalid[i], invalid[i]) == all);
    const int usual = nnf_team_get_threads();
    nnf_team_set_threads(5);
    CHECK(nnf_team_get_threads() == 5);
    nnf_team_set_threads(0);
    CHECK(nnf_team_get_threads() == usual);
}

static void *get_threads(void *argument)
{
    *(int *)argument = nnf_team_get_threads();
    return NULL;
}

/* A limit is of its thread alone, and bounds what is set. */
static void test_limit_of_a_thread(void)
{
    pthread_t other;
    int n_others = 0;
    nnf_team_set_threads(5);
    CHECK(nnf_team_limit_threads(2) == 0);
    CHECK(nnf_team_get_threads() == 2);
    CHECK(pthread_create(&other, NULL, get_threads, &n_others) == 0);
    pthread_join(other, NULL);
    CHECK(n_others == 5);
    CHECK(nnf_team_limit_threads(9) == 2);
    CHECK(nnf_team_get_threads() == 5);
    CHECK(nnf_team_limit_threads(-1) == 9);
    CHECK(nnf_team_limit_threads(0) == 0);
    nnf_team_set_threads(0);
}

int main(void)
{
    test_members();
    test_barrier();
    test_late_members();
    test_uneven_members();
    test_shares();
    test_caller_state();
    test_limit_of_a_thread();
    test_inside_run();
    test_end_of_thread();
    if (HAS_THREAD_SANITIZER)
        return check_finish();
    test_number_of_threads();
    test_inside_region();
    test_fork();
    test_fork_inside_run();
    test_without_threads();
    return check_finish();
}
