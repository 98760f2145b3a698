/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CONCURRENCY_LIMIT_STAGE_H
#define UM_CONCURRENCY_LIMIT_STAGE_H
/* What the tests of the limit have in common: memory that processes share, and threads that wait at the limit. */
#include "concurrency_limit.h"
#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>

#define MS      1000
#define FOREVER (60 * 1000 * MS)
/* What takes some 100 ms here; a machine under load may take its time. */
#define SOON    (3 * 1000 * MS)

/* What the processes of a test share beside the limit. */
typedef struct stage_t {
    _Atomic int inside, most, entered, refused;
    _Atomic int ready;           /* processes or threads that have come as far as the test waits for */
    _Atomic int order[8];        /* who entered, in order */
    _Atomic int stop, doubles;
    _Atomic apr_uint64_t owners[UM_CONCURRENCY_LIMIT_MAX_HOLDERS];
} stage_t;

static apr_pool_t *pool;
static stage_t *stage;
static void *memory;

static void *map_shared(apr_size_t size)
{
    void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return area;
}

/* For the next test. */
static void set_stage(void)
{
    memset(stage, 0, sizeof(*stage));
    um_concurrency_limit_init(memory);
}

static inline void await(_Atomic int *number, int least)
{
    apr_time_t until = apr_time_now() + FOREVER;

    while (atomic_load(number) < least && apr_time_now() < until) {
        apr_sleep(MS);
    }
}

typedef struct waiting_t {
    um_concurrency_limit_t *limit;
    apr_interval_time_t wait;
    int number;
    apr_status_t status;
    _Atomic apr_time_t at;  /* when um_concurrency_limit_enter returned */
    pthread_t thread;
} waiting_t;

static void *wait_inside(void *data)
{
    waiting_t *waiting = data;
    um_concurrency_limit_pass_t pass;

    atomic_fetch_add(&stage->ready, 1);
    waiting->status = um_concurrency_limit_enter(waiting->limit, waiting->wait, &pass);
    atomic_store(&waiting->at, apr_time_now());
    if (waiting->status == APR_SUCCESS) {
        int place = atomic_fetch_add(&stage->entered, 1);

        if (place < 8) {
            atomic_store(&stage->order[place], waiting->number);
        }
        um_concurrency_limit_leave(waiting->limit, &pass);
    }
    return NULL;
}

static inline void start_waiting(waiting_t *waiting, um_concurrency_limit_t *limit, int number,
                                 apr_interval_time_t wait)
{
    int ready = atomic_load(&stage->ready);

    memset(waiting, 0, sizeof(*waiting));
    waiting->limit = limit;
    waiting->number = number;
    waiting->wait = wait;
    pthread_create(&waiting->thread, NULL, wait_inside, waiting);
    await(&stage->ready, ready + 1);
}

static void open_stage(void)
{
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    stage = map_shared(sizeof(*stage));
    memory = map_shared(um_concurrency_limit_size());
}
#endif
