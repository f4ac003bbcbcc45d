/* cgroup.c: quotas of CPU time. /proc/self/mountinfo says where the trees of groups are mounted, /proc/self/cgroup
 * which group of each tree is ours. What is missing or not understood limits nothing. */
#include "base/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* A mounted tree of groups: what a line of mountinfo says. */
typedef struct group_tree {
    char *group; /* the group at the mount point */
    char *point;
    bool is_v2;
} group_tree;

static bool join(char path[PATH_SIZE], const char *a, const char *b, const char *c)
{
    const int length = snprintf(path, PATH_SIZE, "%s%s%s", a, b, c);
    return length >= 0 && length < PATH_SIZE;
}

/* Is word one of the comma-separated words of list? */
static bool has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *p = list; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, length) == 0 && (p[length] == ',' || p[length] == '\0'))
            return true;
    }
    return false;
}

/* The kernel writes blanks and backslashes in mountinfo as \ooo. */
static void decode_octal(char *text)
{
    char *out = text;
    for (const char *p = text; *p != '\0'; out++) {
        unsigned byte;
        if (*p == '\\' && sscanf(p + 1, "%3o", &byte) == 1 && strlen(p) >= 4) {
            *out = (char)byte;
            p += 4;
        } else {
            *out = *p++;
        }
    }
    *out = '\0';
}

/* "36 35 98:0 GROUP POINT options [more ...] - TYPE source OPTIONS" */
static bool parse_tree(char *line, group_tree *tree)
{
    char *rest = strstr(line, " - ");
    if (rest == NULL)
        return false;
    *rest = '\0';
    const char *type = strtok_r(rest + 3, " \n", &rest);
    (void)strtok_r(NULL, " \n", &rest);
    const char *options = strtok_r(NULL, " \n", &rest);
    if (type == NULL || options == NULL)
        return false;
    tree->is_v2 = strcmp(type, "cgroup2") == 0;
    if (!tree->is_v2 && (strcmp(type, "cgroup") != 0 || !has_word(options, "cpu")))
        return false;
    char *word = strtok_r(line, " ", &rest);
    for (int i = 0; i < 3 && word != NULL; i++)
        word = strtok_r(NULL, " ", &rest);
    tree->group = word;
    tree->point = strtok_r(NULL, " ", &rest);
    if (tree->group == NULL || tree->point == NULL)
        return false;
    decode_octal(tree->group);
    decode_octal(tree->point);
    return true;
}

/* Our group, from a line "number:controllers:/group"; v2 has no controllers there. */
static const char *parse_group(char *line, bool is_v2)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL)
        return NULL;
    *group = '\0';
    controllers++;
    const bool is_ours = is_v2 ? *controllers == '\0' : has_word(controllers, "cpu");
    return is_ours ? group + 1 : NULL;
}

/* The path of our group below the mount point: "" if it is the mount point's own, or not below it. */
static bool find_group(const char *root, const group_tree *tree, char below[PATH_SIZE])
{
    char path[PATH_SIZE], *line = NULL;
    size_t capacity = 0;
    bool is_found = false;
    FILE *file = join(path, root, "/proc/self/cgroup", "") ? fopen(path, "re") : NULL;
    while (file != NULL && !is_found && getline(&line, &capacity, file) >= 0) {
        const char *group = parse_group(line, tree->is_v2);
        if (group == NULL)
            continue;
        const size_t length = strcmp(tree->group, "/") == 0 ? 0 : strlen(tree->group);
        const bool is_below = strncmp(group, tree->group, length) == 0 && group[length] == '/' && strstr(group, "/..") == NULL;
        is_found = join(below, is_below ? group + length : "", "", "");
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return is_found;
}

/* The first line of folder/name; empty if there is none. */
static void read_line(const char *folder, const char *name, char line[64])
{
    char path[PATH_SIZE];
    line[0] = '\0';
    FILE *file = join(path, folder, "/", name) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    if (fgets(line, 64, file) == NULL)
        line[0] = '\0';
    fclose(file);
}

static int read_quota(const char *folder, bool is_v2)
{
    char line[64];
    long long quota = -1, period = -1; /* "max" and -1 mean no limit */
    if (is_v2) {
        read_line(folder, "cpu.max", line);
        if (sscanf(line, "%lld %lld", &quota, &period) != 2)
            return INT_MAX;
    } else {
        read_line(folder, "cpu.cfs_quota_us", line);
        quota = strtoll(line, NULL, 10);
        read_line(folder, "cpu.cfs_period_us", line);
        period = strtoll(line, NULL, 10);
    }
    if (quota <= 0 || period <= 0)
        return INT_MAX;
    const long long n_cores = quota / period + (quota % period != 0);
    return n_cores < INT_MAX ? (int)n_cores : INT_MAX;
}

/* The least quota from our group up to the mount point. */
static int count_cores_of_tree(const char *root, const group_tree *tree)
{
    char below[PATH_SIZE], folder[PATH_SIZE];
    if (!find_group(root, tree, below) || !join(folder, root, tree->point, below))
        return INT_MAX;
    const size_t shortest = strlen(root) + strlen(tree->point);
    int least = INT_MAX;
    for (;;) {
        const int n_cores = read_quota(folder, tree->is_v2);
        least = n_cores < least ? n_cores : least;
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash < folder + shortest)
            return least;
        *slash = '\0';
    }
}

int nnf_cgroup_count_cores(const char *root)
{
    char path[PATH_SIZE], *line = NULL;
    size_t capacity = 0;
    int least = INT_MAX;
    FILE *file = join(path, root, "/proc/self/mountinfo", "") ? fopen(path, "re") : NULL;
    if (file == NULL)
        return least;
    while (getline(&line, &capacity, file) >= 0) {
        group_tree tree;
        const int n_cores = parse_tree(line, &tree) ? count_cores_of_tree(root, &tree) : INT_MAX;
        least = n_cores < least ? n_cores : least;
    }
    free(line);
    fclose(file);
    return least;
}
