/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a place, who waits for one and how long; and that something which hangs holds up only so many threads. */
#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_time.h>
#include <pthread.h>

#include "thread_limit.h"
#include "tap.h"

#define WAIT_MS 300
#define LONG_MS 5000
#define HANGS_MS 400    /* less than the time after which a service counts as hanging */
#define TRIES 5         /* on a machine that has no CPU time for the test */
#define PLACES 3
#define THREADS 8
#define ROUNDS 3000

static apr_pool_t *pool;

static um_thread_limit_t *limit_of(um_thread_limit_total_t *total, apr_uint32_t threads, int places)
{
    *total = (um_thread_limit_total_t){ .most = threads };
    return um_thread_limit_create(pool, total, places);
}

static apr_status_t enter(um_thread_limit_t *limit, apr_uint32_t milliseconds)
{
    apr_status_t rv = um_thread_limit_enter(limit, milliseconds);

    if (rv == APR_SUCCESS) {
        um_thread_limit_fetched(limit);
    }
    return rv;
}

static void test_places(void)
{
    um_thread_limit_total_t total;
    um_thread_limit_t *limit = limit_of(&total, 100, 2);
    apr_time_t before;
    int took;

    is_int(enter(limit, WAIT_MS), APR_SUCCESS, "a place is free");
    is_int(um_thread_limit_enter(limit, WAIT_MS), APR_SUCCESS, "a second place is free");
    is_int(um_thread_limit_enter(limit, WAIT_MS), APR_EBUSY, "while it is fetched for, nobody else fetches");
    um_thread_limit_fetched(limit);
    before = apr_time_now();
    is_int(um_thread_limit_enter(limit, WAIT_MS), APR_TIMEUP, "a third thread finds no place");
    took = (int)apr_time_as_msec(apr_time_now() - before);
    ok(took >= WAIT_MS - 10 && took < LONG_MS, "a thread without a place waits %d ms", took);
    um_thread_limit_leave(limit);
    is_int(enter(limit, 0), APR_SUCCESS, "one that was left can be had");
    um_thread_limit_leave(limit);
    um_thread_limit_leave(limit);
    is_int(total.count, 0, "nobody is counted who has left or was refused");
}

/* --- something that hangs --- */

static um_thread_limit_t *hanging;
static apr_uint32_t refused, late;

static void *wait_long(void *unused)
{
    apr_time_t before = apr_time_now();
    apr_status_t rv = um_thread_limit_enter(hanging, 4 * LONG_MS);

    (void)unused;
    if (APR_STATUS_IS_EAGAIN(rv)) {
        apr_atomic_inc32(&refused);
        if (apr_time_as_msec(apr_time_now() - before) > LONG_MS) {
            apr_atomic_inc32(&late);
        }
    }
    else if (rv == APR_SUCCESS) {
        um_thread_limit_fetched(hanging);
        um_thread_limit_leave(hanging);
    }
    return NULL;
}

/* For so many steps of 100 ms; returns the longest one. */
static int let_time_pass(int steps, int is_alive)
{
    int longest = 0;

    for (int i = 0; i < steps; i++) {
        apr_time_t before = apr_time_now();
        int took;

        apr_sleep(apr_time_from_msec(100));
        if (is_alive) {
            um_thread_limit_progress(hanging);
        }
        took = (int)apr_time_as_msec(apr_time_now() - before);
        longest = took > longest ? took : longest;
    }
    return longest;
}

/* A place is held, and more wait for it than may. 0: a call was to come back in time, but this thread had no CPU time
 * for so long that it counts as one that hangs. */
static int test_stalled(int is_alive)
{
    pthread_t threads[THREADS];
    um_thread_limit_total_t total;
    um_thread_limit_total_t others = { .most = THREADS / 2 };
    int count = 0, is_fair;

    hanging = limit_of(&total, THREADS / 2, 1);
    refused = late = 0;
    enter(hanging, 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, wait_long, NULL);
    }
    is_fair = let_time_pass(15, is_alive) < HANGS_MS || !is_alive;
    count = (int)apr_atomic_read32(&total.count);
    if (is_alive && is_fair) {
        is_int(count, THREADS + 1, "while calls come back all may wait");
    }
    else if (!is_alive) {
        is_int(count, THREADS / 2, "when no call comes back half of the threads are held up");
        is_int(refused, THREADS / 2 + 1, "the others are refused");
        is_int(late, 0, "the others are refused soon");
        is_int(um_thread_limit_enter(hanging, LONG_MS), APR_EAGAIN, "whoever comes now, at once");
        is_int(um_thread_limit_wait_begin(hanging), APR_EAGAIN,
               "a thread that would wait for another one is refused, too");
        is_int(um_thread_limit_enter(um_thread_limit_create(pool, &others, 1), 0), APR_SUCCESS,
               "another total goes on");
    }
    um_thread_limit_leave(hanging);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    is_int(total.count, 0, "all threads had their turn when calls come back again");
    is_int(um_thread_limit_wait_begin(hanging), APR_SUCCESS, "threads may wait when calls come back again");
    um_thread_limit_wait_end(hanging);
    return is_fair;
}

/* --- many at once --- */

static um_thread_limit_t *busy;
static apr_uint32_t inside, fetching, too_many, none;

static void *hammer(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        if (um_thread_limit_enter(busy, LONG_MS) != APR_SUCCESS) {
            apr_atomic_inc32(&none);
            continue;
        }
        if (apr_atomic_inc32(&fetching) != 0 || apr_atomic_inc32(&inside) >= PLACES) {
            apr_atomic_inc32(&too_many);
        }
        apr_atomic_dec32(&fetching);
        um_thread_limit_fetched(busy);
        if (i % 64 == 0) {
            apr_sleep(200);
        }
        apr_atomic_dec32(&inside);
        um_thread_limit_leave(busy);
    }
    return NULL;
}

/* --- a cold start: each place needs something that takes time to fetch --- */

static um_thread_limit_t *cold;
static apr_uint32_t hurried, told_why, overdue;
static int fetch_ms;

static void *fetch_slowly(void *unused)
{
    apr_status_t rv = um_thread_limit_enter(cold, 2 * WAIT_MS);
    apr_time_t before;

    (void)unused;
    if (rv != APR_SUCCESS) {
        apr_atomic_inc32(APR_STATUS_IS_EINPROGRESS(rv) ? &told_why : &hurried);
        return NULL;
    }
    before = apr_time_now();
    apr_sleep(apr_time_from_msec(fetch_ms));
    if (apr_time_as_msec(apr_time_now() - before) > fetch_ms + WAIT_MS / 2) {
        apr_atomic_inc32(&overdue);
    }
    um_thread_limit_progress(cold);
    um_thread_limit_fetched(cold);
    um_thread_limit_leave(cold);
    return NULL;
}

static void start_cold_once(int milliseconds)
{
    pthread_t threads[THREADS];
    um_thread_limit_total_t total;

    hurried = told_why = overdue = 0;
    fetch_ms = milliseconds;
    cold = limit_of(&total, THREADS, 2 * THREADS);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, fetch_slowly, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Again while a fetch took longer than it was to take. */
static void start_cold(int milliseconds)
{
    for (int i = 0; i < TRIES && (i == 0 || overdue); i++) {
        start_cold_once(milliseconds);
    }
}

static void test_cold_start(void)
{
    start_cold(WAIT_MS * 2 / 3);
    is_int(hurried + told_why, 0,
           "threads wait longer than a place may be waited for while others fetch one after the other");
    start_cold(WAIT_MS * 3 / 2);
    is_int(hurried, 0, "nobody is told that all places are taken while some are free");
    ok(told_why > 0, "whoever waits too long is told that others fetch: %d", (int)told_why);
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    um_thread_limit_total_t total;

    busy = limit_of(&total, THREADS / 2, PLACES);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, hammer, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    is_int(too_many, 0, "never more inside than there are places, nor two that fetch");
    is_int(none, 0, "all threads get a place");
}

int main(void)
{
    int is_fair = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_places();
    (void)test_stalled(0);
    for (int i = 0; i < TRIES && !is_fair; i++) {
        is_fair = test_stalled(1);
    }
    ok(is_fair, "calls came back in time");
    test_cold_start();
    test_threads();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
