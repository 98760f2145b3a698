/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of a fuzz target in make check: hands it every file of its corpus and prints TAP. A crash ends the program
 * before the plan is printed, which the harness reports as a failure. With file names as arguments: those alone, so
 * that a find of the fuzzer can be looked at. */
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_bytes(const char *path, uint8_t **bytes, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long length = -1;

    *bytes = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        /* Exactly as long as the file: one byte read beyond it is what a sanitizer shall see. */
        *size = (size_t)length;
        *bytes = malloc(*size ? *size : 1);
    }
    if (*bytes && fread(*bytes, 1, *size, file) != *size) {
        free(*bytes);
        *bytes = NULL;
    }
    if (file) {
        fclose(file);
    }
    return *bytes != NULL;
}

static void replay_file(const char *path)
{
    uint8_t *bytes;
    size_t size;

    if (!replay_bytes(path, &bytes, &size)) {
        ok(0, "%s cannot be read", path);
        return;
    }
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    ok(1, "%s", path);
}

static void replay_folder(const char *folder)
{
    struct dirent **names;
    int count = chdir(folder) == 0 ? scandir(".", &names, NULL, alphasort) : -1;

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            replay_file(names[i]->d_name);
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
}

int main(int argc, char **argv)
{
    const char *srcdir = getenv("srcdir"), *slash = strrchr(argv[0], '/');
    const char *name = strstr(slash ? slash : argv[0], "fuzz_");
    char folder[4096];

    for (int i = 1; i < argc; i++) {
        replay_file(argv[i]);
    }
    if (argc < 2 && name) {
        snprintf(folder, sizeof folder, "%s/t/fuzz/corpus/%s", srcdir ? srcdir : ".", name + strlen("fuzz_"));
        replay_folder(folder);
        ok(tap_count > 0, "%s holds a corpus", folder);
    }
    return tap_done();
}
