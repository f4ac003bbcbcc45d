/* test_cpu.c: feature bits, and quotas read from drawn pictures of a machine's control groups. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "base/cgroup.h"
#include "base/cpu.h"
#include "check.h"

#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 6 };

/* A machine: what the two files in /proc/self say, and files with quotas. */
typedef struct machine {
    const char *name;
    const char *mounts, *groups; /* NULL: no such file */
    struct {
        const char *path, *text;
    } file[MAX_FILES];
    int n_cores;
} machine;

#define V2(group, point) "30 23 0:26 " group " " point " rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(group, point) "32 31 0:29 " group " " point " rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define ROOT_DISK "23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"

static const machine machines[] = {
    {"nothing", NULL, NULL, {{0}}, INT_MAX},
    {"no groups mounted", ROOT_DISK, "0::/\n", {{0}}, INT_MAX},
    {"v2 without a quota", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "max 100000\n"}}, INT_MAX},
    {"v2 at the root", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "200000 100000\n"}}, 2},
    {"rounded up", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "150000 100000\n"}}, 2},
    {"below one", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "5000 100000\n"}}, 1},
    {"own group", ROOT_DISK V2("/", "/fs"), "0::/a/b\n", {{"/fs/a/b/cpu.max", "300000 100000\n"}}, 3},
    {"group above", V2("/", "/fs"), "0::/a/b/c\n", {{"/fs/a/b/c/cpu.max", "max 100000\n"}, {"/fs/a/cpu.max", "400000 100000\n"}}, 4},
    {"least of levels",
     V2("/", "/fs"),
     "0::/a/b\n",
     {{"/fs/a/b/cpu.max", "800000 100000\n"}, {"/fs/a/cpu.max", "100000 50000\n"}, {"/fs/cpu.max", "300000 100000\n"}},
     2},
    {"another's group", V2("/", "/fs"), "0::/a\n", {{"/fs/b/cpu.max", "100000 100000\n"}}, INT_MAX},
    {"mounted below the root", V2("/pod", "/fs"), "0::/pod/x\n", {{"/fs/x/cpu.max", "100000 100000\n"}}, 1},
    {"mount point is ours", V2("/pod/x", "/fs"), "0::/pod/x\n", {{"/fs/cpu.max", "500000 100000\n"}}, 5},
    {"like the mount's name", V2("/pod", "/fs"), "0::/podx\n", {{"/fs/cpu.max", "600000 100000\n"}, {"/fs/x/cpu.max", "1 1\n"}}, 6},
    {"outside the namespace", V2("/", "/fs"), "0::/../other\n", {{"/fs/cpu.max", "700000 100000\n"}}, 7},
    {"blank in the path", V2("/", "/f\\040s"), "0::/a b\n", {{"/f s/a b/cpu.max", "200000 100000\n"}}, 2},
    {"nonsense", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "many\n"}}, INT_MAX},
    {"empty file", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", ""}}, INT_MAX},
    {"zero period", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "100000 0\n"}}, INT_MAX},
    {"huge", V2("/", "/fs"), "0::/\n", {{"/fs/cpu.max", "9000000000000000000 1\n"}}, INT_MAX},
    {"cut lines", "30 23 0:26 / \n - cgroup2\n30 - cgroup2 cgroup2 rw\n", "0:\n:\n\n0::\n", {{0}}, INT_MAX},
    {"v1", V1("/", "/fs"), "3:cpu,cpuacct:/a\n", {{"/fs/a/cpu.cfs_quota_us", "250000\n"}, {"/fs/a/cpu.cfs_period_us", "100000\n"}}, 3},
    {"v1 without a quota",
     V1("/", "/fs"),
     "3:cpuacct,cpu:/\n",
     {{"/fs/cpu.cfs_quota_us", "-1\n"}, {"/fs/cpu.cfs_period_us", "100000\n"}},
     INT_MAX},
    {"v1 above",
     V1("/", "/fs"),
     "9:cpuset:/q\n3:cpu,cpuacct:/a/b\n",
     {{"/fs/a/b/cpu.cfs_quota_us", "-1\n"},
      {"/fs/a/b/cpu.cfs_period_us", "100000\n"},
      {"/fs/a/cpu.cfs_quota_us", "400000\n"},
      {"/fs/a/cpu.cfs_period_us", "100000\n"}},
     4},
    {"v1 in a container",
     V1("/docker/id", "/fs"),
     "3:cpu,cpuacct:/docker/id\n",
     {{"/fs/cpu.cfs_quota_us", "100000\n"}, {"/fs/cpu.cfs_period_us", "100000\n"}},
     1},
    {"v1 of another controller",
     "32 31 0:29 / /fs rw - cgroup cgroup rw,cpuset\n",
     "3:cpuset:/\n",
     {{"/fs/cpu.cfs_quota_us", "100000\n"}, {"/fs/cpu.cfs_period_us", "100000\n"}},
     INT_MAX},
    {"v1 without a period", V1("/", "/fs"), "3:cpu:/\n", {{"/fs/cpu.cfs_quota_us", "100000\n"}}, INT_MAX},
    {"both versions",
     V1("/", "/one") V2("/", "/two"),
     "3:cpu,cpuacct:/a\n0::/b\n",
     {{"/one/a/cpu.cfs_quota_us", "300000\n"}, {"/one/a/cpu.cfs_period_us", "100000\n"}, {"/two/b/cpu.max", "200000 100000\n"}},
     2},
};

static bool write_file(const char *root, const char *path, const char *text)
{
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void test_machine(const machine *drawn)
{
    char root[] = "/tmp/nnfast-test-XXXXXX";
    check_set_context("%s", drawn->name);
    if (!CHECK(mkdtemp(root) != NULL))
        return;
    if (drawn->mounts != NULL)
        CHECK(write_file(root, "/proc/self/mountinfo", drawn->mounts));
    if (drawn->groups != NULL)
        CHECK(write_file(root, "/proc/self/cgroup", drawn->groups));
    for (int i = 0; i < MAX_FILES && drawn->file[i].path != NULL; i++)
        CHECK(write_file(root, drawn->file[i].path, drawn->file[i].text));
    CHECK(nnf_cgroup_count_cores(root) == drawn->n_cores);
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_features(void)
{
    const uint32_t features = nnf_cpu_get_features();
    CHECK(features == nnf_cpu_get_features());
#if defined(__x86_64__)
    __builtin_cpu_init();
    CHECK(!(features & NNF_CPU_AVX2_FMA) == !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
    CHECK(!(features & NNF_CPU_AVX512) == !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")));
#elif defined(__aarch64__)
    CHECK(features == NNF_CPU_NEON);
#endif
}

static void test_affinity(void)
{
    cpu_set_t usual, one;
    const int n_cores = nnf_cpu_count_usable_cores();
    CHECK(n_cores >= 1 && n_cores <= sysconf(_SC_NPROCESSORS_CONF));
    if (sched_getaffinity(0, sizeof usual, &usual) != 0)
        return; /* more cores than this mask holds */
    CHECK(n_cores <= CPU_COUNT(&usual));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &usual))
            CPU_SET(i, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(nnf_cpu_count_usable_cores() == 1);
    sched_setaffinity(0, sizeof usual, &usual);
}

int main(void)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        test_machine(&machines[i]);
    check_set_context("this machine");
    test_features();
    test_affinity();
    return check_finish();
}
