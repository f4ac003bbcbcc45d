/* pictures.c: preloaded, lets a process see the control groups that a folder holds a picture of: files of /proc/self that tell of
 * groups, and all below /groups, are opened in the folder that SOAK_PICTURE names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_drawn(const char *path)
{
    return strcmp(path, "/proc/self/mountinfo") == 0 || strcmp(path, "/proc/self/cgroup") == 0 || strncmp(path, "/groups", 7) == 0;
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*open_really)(const char *, const char *) = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    const char *folder = getenv("SOAK_PICTURE");
    char drawn[4096];
    if (folder != NULL && is_drawn(path) && snprintf(drawn, sizeof drawn, "%s%s", folder, path) < (int)sizeof drawn)
        path = drawn;
    return open_really(path, mode);
}
