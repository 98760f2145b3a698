/* SPDX-License-Identifier: Apache-2.0 */
/* Items of many threads: each is worked on once, by one thread at a time, and gets the status of its own batch. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "batch.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_time.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 9
#define MOST 4
#define ROUNDS 400
#define PATIENCE 30000000       /* us after which the first work ends, although not all others wait */

typedef struct item_t {
    int thread;
    int times;                  /* how often it was worked on */
    apr_status_t status;        /* that of its batch */
} item_t;

static um_batch_t *batch;
static atomic_int waiting, working, together, too_many, wrong;
static int batches, sizes[THREADS];     /* of the run; changed by the thread that works */
static int waits_for_all;

/* APR's calls come here, too. A thread that calls this has its item in the list, so the work can wait for others. */
__attribute__((visibility("default")))
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    static _Thread_local int is_counted;
    int (*wait)(pthread_cond_t *, pthread_mutex_t *) = NULL;
    void *found = dlsym(RTLD_NEXT, "pthread_cond_wait");

    if (!found) {
        abort();
    }
    memcpy(&wait, &found, sizeof(wait));
    waiting += !is_counted;
    is_counted = 1;
    return wait(condition, mutex);
}

static apr_status_t work(void *baton, void *const *items, int count)
{
    apr_time_t end = apr_time_now() + PATIENCE;
    apr_status_t status = 1 + batches;

    wrong += baton != &batch;
    together += atomic_fetch_add(&working, 1) != 0;
    too_many += count < 1 || count > MOST;
    while (waits_for_all && !batches && waiting < THREADS - 1 && apr_time_now() < end) {
        apr_sleep(1000);
    }
    sched_yield();
    if (batches < THREADS) {
        sizes[batches] = count;
    }
    batches++;
    for (int i = 0; i < count; i++) {
        item_t *item = items[i];

        item->times++;
        item->status = status;
    }
    working--;
    return status;
}

static void *run_one(void *baton)
{
    item_t *item = baton;
    apr_status_t status = um_batch_run(batch, item);

    wrong += item->times != 1 || status != item->status;
    return NULL;
}

static void *run_many(void *baton)
{
    const int *number = baton;

    for (int i = 0; i < ROUNDS; i++) {
        item_t item = { .thread = *number };

        run_one(&item);
        wrong += item.thread != *number;
    }
    return NULL;
}

static void run_threads(void *(*run)(void *), void *batons, size_t size)
{
    pthread_t threads[THREADS];

    waiting = batches = 0;
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, (char *)batons + (size_t)i * size) != 0) {
            printf("Bail out! no threads\n");
            exit(1);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    item_t items[THREADS] = { { 0 } };
    int numbers[THREADS];
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(um_batch_create(pool, MOST, work, &batch, &batch) == APR_SUCCESS, "a batch is created");

    run_one(&items[0]);
    ok(batches == 1 && sizes[0] == 1, "a single thread works for itself");

    items[0].times = 0;
    waits_for_all = 1;
    run_threads(run_one, items, sizeof(items[0]));
    ok(batches == 3 && sizes[0] == 1 && sizes[1] == MOST && sizes[2] == THREADS - 1 - MOST,
       "what comes while one works is done together, so many at a time as are allowed: %d, %d, %d, %d in all", sizes[0],
       sizes[1], sizes[2], batches);
    is_int(wrong, 0, "each item is done once, and gets the status of its batch");

    waits_for_all = 0;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
    }
    run_threads(run_many, numbers, sizeof(numbers[0]));
    is_int(wrong, 0, "items of threads that come again and again are done once each");
    is_int(together, 0, "one thread at a time works");
    is_int(too_many, 0, "no batch is empty or too large");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
