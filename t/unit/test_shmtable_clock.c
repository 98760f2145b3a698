/* SPDX-License-Identifier: Apache-2.0 */
/* A table in shared memory while the clock is set: a program of its own, because it has a clock of its own. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif
#include "shmtable.h"
#include "tap.h"

#include <apr_general.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MB 1048576u
#define FIFTH_LOCK (8 + 128 * 5)    /* see LOCK in test_shmtable.c */

/* The wall clock as shmtable.c sees it is so many seconds ahead of the kernel's: as if it were set back just after it
 * was read. */
static time_t ahead;

int clock_gettime(clockid_t which, struct timespec *now)
{
    int rv = (int)syscall(SYS_clock_gettime, which, now);

    now->tv_sec += which == CLOCK_REALTIME ? ahead : 0;
    return rv;
}

int main(void)
{
    unsigned char key[UM_SHMTABLE_KEY] = { 5, 1 };
    void *memory = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_t *lock = (pthread_mutex_t *)(void *)((char *)memory + FIFTH_LOCK);
    struct timespec before, after;
    um_shmtable_t *table;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (memory == MAP_FAILED || um_shmtable_init(memory, MB) != APR_SUCCESS) {
        abort();
    }
    table = um_shmtable_attach(pool, memory, MB);
    is_int(pthread_mutex_lock(lock), 0, "a part is locked");
    ahead = 10;
    clock_gettime(CLOCK_MONOTONIC, &before);
    um_shmtable_put(table, key, "one", 4);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ahead = 0;
    pthread_mutex_unlock(lock);
    ok(after.tv_sec - before.tv_sec < 5, "a clock that is set back makes no wait longer");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
