/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the throttles of a running server with counts of keys that nobody uses:
 *   fill PID COUNT
 * PID is httpd's parent. Prints how many counts the table has then, and how many it had before. */
#include "monotonic.h"
#include "throttle.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file in memory that the parent holds the counts in; -1: it has none. */
static int open_memory(apr_pool_t *pool, const char *pid)
{
    static const char wanted[] = "/memfd:" UM_THROTTLE_MEMORY_NAME;

    for (int i = 0; i < 256; i++) {
        const char *path = apr_psprintf(pool, "/proc/%s/fd/%d", pid, i);
        char target[64] = "";

        if (readlink(path, target, sizeof(target) - 1) > 0 && strncmp(target, wanted, strlen(wanted)) == 0) {
            return open(path, O_RDWR);
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    /* Half of each kind that lasts: names, and names with addresses. */
    static const um_throttle_limit_t limits[] = { { .interval = 180000, .burst = 50 },
                                                  { .interval = 1000, .burst = 5, .longest = 900000 } };
    apr_int64_t now = um_monotonic_ms();
    um_throttle_t *throttle;
    struct stat info;
    apr_pool_t *pool;
    apr_size_t before;
    void *memory;
    int file;

    if (argc != 3 || apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        fprintf(stderr, "usage: fill PID COUNT\n");
        return 2;
    }
    file = open_memory(pool, argv[1]);
    memory = file >= 0 && fstat(file, &info) == 0
             ? mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    throttle = memory != MAP_FAILED ? um_throttle_attach(pool, memory, (apr_size_t)info.st_size) : NULL;
    if (!throttle) {
        fprintf(stderr, "fill: the memory of the throttles cannot be opened\n");
        return 1;
    }
    before = um_throttle_table_count(throttle->table, now);
    for (long i = 0; i < atol(argv[2]); i++) {
        apr_uint64_t hash = um_throttle_table_hash(throttle->table, &i, sizeof(i));

        /* Ten uses, so that the count lasts for half an hour at least. */
        for (int use = 0; use < 10; use++) {
            (void)um_throttle_table_take(throttle->table, hash, &limits[i % 2], now);
        }
    }
    printf("%lu %lu\n", (unsigned long)um_throttle_table_count(throttle->table, now), (unsigned long)before);
    return 0;
}
