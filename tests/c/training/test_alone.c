/* test_alone.c: when member 0 leaves its team, told from times that are made up. */
#include "check.h"
#include "training/alone.h"

static const int64_t MS = 1000 * 1000;

typedef struct scene {
    nnf_member member;
    nnf_alone alone;
    int64_t now;
} scene;

static scene start(int size)
{
    scene s = {.member = {.size = size, .waited = 123456789}, .now = 987654321}; /* what was before does not count */
    s.alone = nnf_alone_start(&s.member, s.now);
    return s;
}

/* Batches of the team, each so long, of which member 0 waits a share, until it is asked to leave or "most" are done. */
static int64_t run_team(scene *s, int64_t batch, double waiting, int most)
{
    int64_t n = 0;
    for (int i = 0; i < most && n == 0; i++) {
        s->now += batch;
        s->member.waited += (int64_t)(waiting * (double)batch);
        n = nnf_alone_choose(&s->alone, &s->member, s->now);
    }
    return n;
}

static void run_alone(scene *s, int64_t batch, int64_t n)
{
    s->now += n * batch;
    nnf_alone_return(&s->alone, &s->member, n, s->now);
}

/* Long batches are never done alone unless the others hold them up: three waits for four of work, for each of the others. */
static void test_held_up(void)
{
    static const int sizes[] = {2, 3, 7};
    static const double waits[] = {0, 0.7, 0.8, 5}; /* for one of work */
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 4; i++) {
            const double ratio = waits[i] * (sizes[k] - 1);
            scene s = start(sizes[k]);
            const int64_t n = run_team(&s, 5 * MS, ratio / (1 + ratio), 10);
            check_set_context("team of %d, waiting %g times as long as working: %lld", sizes[k], ratio, (long long)n);
            CHECK((n > 0) == (waits[i] > 0.75));
        }
}

/* A single batch, however long, and a short stretch, however held up, say nothing yet. */
static void test_patience(void)
{
    scene s = start(2);
    CHECK(run_team(&s, 3 * MS, 0.9, 1) == 0);
    CHECK(run_team(&s, 3 * MS, 0.9, 1) > 0);
    s = start(2);
    CHECK(run_team(&s, MS / 10, 0.9, 19) == 0);
    CHECK(run_team(&s, MS / 10, 0.9, 1) > 0);
}

/* Short batches are tried alone; if that is slower the team goes on, and trials become rare. */
static void test_trials(void)
{
    scene s = start(2);
    int64_t n_alone = 0, end = s.now + 3000 * MS, last = 0, gap = 0;
    while (s.now < end) {
        const int64_t n = run_team(&s, MS / 50, 0, 1);
        if (n > 0) {
            CHECK(s.now - last >= gap); /* ever rarer, up to a second */
            gap = s.now - last < 1000 * MS && last > 0 ? s.now - last : gap;
            last = s.now;
            n_alone += n;
            run_alone(&s, MS / 30, n);
        }
    }
    check_set_context("%lld batches alone", (long long)n_alone);
    CHECK(n_alone > 0);
    CHECK(n_alone * (MS / 30) < 3000 * MS / 100); /* one percent of the time */
}

/* Where alone is faster, nearly all is soon done alone, and a team that becomes the faster one is found in time. */
static void test_faster_alone(void)
{
    scene s = start(2);
    int64_t in_team = 0, alone = 0;
    for (int64_t end = s.now + 1000 * MS; s.now < end;) {
        const int64_t before = s.now, n = run_team(&s, MS / 20, 0, 1);
        in_team += s.now - before;
        if (n > 0)
            run_alone(&s, MS / 40, n);
        alone += n * (MS / 40);
    }
    check_set_context("%lld ns in the team, %lld alone", (long long)in_team, (long long)alone);
    CHECK(in_team * 10 < alone);
    alone = 0;
    for (int64_t end = s.now + 1000 * MS; s.now < end;) {
        const int64_t n = run_team(&s, MS / 60, 0, 1);
        if (n > 0)
            run_alone(&s, MS / 40, n);
        alone += n * (MS / 40);
    }
    CHECK(alone * 10 < 1000 * MS);
}

/* Held up again and again it stays away twice as long each time, up to a limit; once the team does well it begins anew. */
static void test_period(void)
{
    scene s = start(2);
    const int64_t shortest = s.alone.period;
    for (int i = 0; i < 12; i++) {
        const int64_t period = s.alone.period;
        const int64_t n = run_team(&s, 4 * MS, 0.9, 3);
        CHECK(n > 0);
        CHECK(s.alone.period == 2 * period || (s.alone.period == period && i > 4));
        run_alone(&s, 2 * MS, n);
    }
    CHECK(s.alone.period < 1000 * MS); /* a core that is free again is found in a second */
    CHECK(run_team(&s, 2 * MS, 0, 2) == 0);
    CHECK(s.alone.period == shortest);
}

int main(void)
{
    test_held_up();
    test_patience();
    test_trials();
    test_faster_alone();
    test_period();
    return check_finish();
}
