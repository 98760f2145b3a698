/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include "single_flight.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_thread_proc.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CROWD 24
#define LATE (-1)
#define PATIENCE 30000000       /* us after which a leader ends, although not all others wait */
#define UNTIL_ALL_WAIT (-1)
#define SHORT 50000

static um_single_flight_t *flight;
static apr_pool_t *pool;
static atomic_int led, waiting, wrong, late;
static int threads_now, late_in_all;    /* of a run: its threads, and those that must not get a result */

typedef struct task_t {
    const char *key;
    apr_interval_time_t takes;  /* UNTIL_ALL_WAIT: the leader ends when no thread is on its way any more */
    apr_interval_time_t wait;
    int result;                 /* what a leader gives, and all others must get */
} task_t;

/* APR's calls come here, too. A thread that calls this is in the list of its leader and holds the mutex. So a leader
 * can tell when all others wait, however long they took to start. */
__attribute__((visibility("default")))
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *end)
{
    static _Thread_local int is_counted;
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) = NULL;
    void *found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");

    if (!found) {
        abort();
    }
    memcpy(&wait, &found, sizeof(wait));
    waiting += !is_counted;
    is_counted = 1;
    return wait(condition, mutex, end);
}

/* The work of a leader. */
static void lead(const task_t *task)
{
    apr_time_t end = apr_time_now() + PATIENCE;
    /* A leader that would have been late as a waiter is not among those that are. */
    int late_at_end = late_in_all - (late_in_all && task->wait == SHORT);

    led++;
    if (task->takes != UNTIL_ALL_WAIT) {
        apr_sleep(task->takes);
        return;
    }
    while ((led + waiting < threads_now || late < late_at_end) && apr_time_now() < end) {
        apr_sleep(1000);
    }
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *baton)
{
    const task_t *task = baton;
    um_single_flight_part_t part;
    int result = task->result;

    (void)thread;
    if (um_single_flight_begin(flight, &part, task->key, strlen(task->key), task->wait, LATE, &result)) {
        lead(task);
        um_single_flight_end(flight, &part, task->result);
    }
    late += result == LATE;
    wrong += result != task->result && result != LATE;
    return NULL;
}

/* All tasks at once, each by a thread. */
static void run(const task_t *tasks, int count, int must_be_late)
{
    apr_thread_t *threads[CROWD];
    apr_status_t rv;

    led = waiting = wrong = late = 0;
    threads_now = count;
    late_in_all = must_be_late;
    for (int i = 0; i < count; i++) {
        if (apr_thread_create(&threads[i], NULL, work, (void *)&tasks[i], pool) != APR_SUCCESS) {
            printf("Bail out! no thread\n");
            return;
        }
    }
    for (int i = 0; i < count; i++) {
        apr_thread_join(&rv, threads[i]);
    }
}

int main(void)
{
    task_t tasks[CROWD];
    um_single_flight_part_t one, two;
    int result = 0, good = 1;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    ok(um_single_flight_create(pool, &flight) == APR_SUCCESS, "a single flight is created");

    for (int i = 0; i < CROWD; i++) {
        tasks[i] = (task_t){ "same", UNTIL_ALL_WAIT, PATIENCE, 7 };
    }
    run(tasks, CROWD, 0);
    is_int(led, 1, "of many threads that want the same, one does the work");
    is_int(wrong + late, 0, "all threads get its result");

    for (int i = 0; i < CROWD; i++) {
        tasks[i] = (task_t){ i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "ab", UNTIL_ALL_WAIT, PATIENCE, i % 3 };
    }
    run(tasks, CROWD, 0);
    is_int(led, 3, "of three kinds of work each is done once");
    is_int(wrong + late, 0, "no thread gets the result of another kind");

    for (int i = 0; i < CROWD; i++) {
        tasks[i] = (task_t){ "slow", UNTIL_ALL_WAIT, i % 2 ? SHORT : PATIENCE, 7 };
    }
    run(tasks, CROWD, CROWD / 2);
    ok(led == 1 && late >= CROWD / 2 - 1 && late <= CROWD / 2 && !wrong,
       "threads that wait less long get no result: %d", late);

    ok(um_single_flight_begin(flight, &one, "x", 1, 0, LATE, &result), "the first thread does the work");
    ok(um_single_flight_begin(flight, &two, "xy", 2, 0, LATE, &result), "other work is done at the same time");
    um_single_flight_end(flight, &two, 1);
    ok(!um_single_flight_begin(flight, &two, "x", 1, 0, LATE, &result) && result == LATE,
       "a thread that does not wait gets no result");
    um_single_flight_end(flight, &one, 1);
    ok(um_single_flight_begin(flight, &one, "x", 1, 0, LATE, &result), "work that has ended is done anew");
    um_single_flight_end(flight, &one, 1);

    for (int round = 0; round < 300 && good; round++) {
        for (int i = 0; i < 8; i++) {
            tasks[i] = (task_t){ i % 2 ? "p" : "q", round % 3 * 20, 1 + round % 50 * 10, i % 2 };
        }
        run(tasks, 8, 0);
        good = !wrong;
    }
    ok(good, "threads can come and go in any order");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
