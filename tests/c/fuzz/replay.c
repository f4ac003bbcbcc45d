/* replay.c: the harness without libFuzzer: reads the files that are named, and then makes bytes of its own from a seed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_BYTES = 4096, N_DRAWN = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay_folder(const char *folder)
{
    int n_files = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[1024];
        uint8_t bytes[MOST_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, file));
        fclose(file);
        n_files++;
    }
    if (entries)
        closedir(entries);
    return n_files;
}

static void draw(uint64_t seed)
{
    uint8_t bytes[600];
    uint64_t state = seed;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(state >> 56);
    }
    LLVMFuzzerTestOneInput(bytes, sizeof bytes);
}

int main(int n_arguments, char **arguments)
{
    const int n_files = n_arguments > 1 ? replay_folder(arguments[1]) : 0;
    for (int i = 0; i < N_DRAWN; i++)
        draw((uint64_t)i);
    printf("%d files, %d drawn\n", n_files, N_DRAWN);
    return n_files == 0;
}
