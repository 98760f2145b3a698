/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask for something that is away. Waiting takes no time here: only sleeping moves the clock; for threads it is
 * the real one. */
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_thread_proc.h>
#include <apr_time.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "breaker.h"
#include "monotonic.h"
#include "tap.h"

#define THREADS 8
#define RIVALS 2
#define ROUNDS 5000
#define WAIT_MS 100
#define RETRY_MS 200

static struct {
    int real, shared;
    _Atomic apr_int64_t ms;
    apr_int64_t at;            /* when somebody else says how his trial went */
    void (*happens)(void);
} stage;

static um_breaker_t breaker;

int clock_gettime(clockid_t id, struct timespec *now)
{
    if (stage.real) {
        return (int)syscall(SYS_clock_gettime, id, now);
    }
    now->tv_sec = stage.ms / 1000;
    now->tv_nsec = stage.ms % 1000 * 1000000;
    return 0;
}

void apr_sleep(apr_interval_time_t t)
{
    struct timespec pause = { 0, (long)t * 1000 };

    if (stage.shared) {
        sched_yield();
    }
    if (stage.real) {
        nanosleep(&pause, NULL);
        return;
    }
    stage.ms += t / 1000;
    if (stage.happens && stage.ms >= stage.at) {
        void (*happens)(void) = stage.happens;

        stage.happens = NULL;
        happens();
    }
}

static void comes_up(void)
{
    um_breaker_up(&breaker);
}

static void stays_down(void)
{
    um_breaker_down(&breaker);
}

/* Down since some time, with one who tries. */
static void begin_trial(apr_int64_t start)
{
    breaker = (um_breaker_t){ 0 };
    stage.happens = NULL;
    stage.ms = start;
    um_breaker_down(&breaker);
    stage.ms += RETRY_MS + 2;
}

static void test_closed(void)
{
    breaker = (um_breaker_t){ 0 };
    ok(um_breaker_may_try(&breaker) && um_breaker_may_try(&breaker), "while the server answers all may ask");
    is_int(um_breaker_is_down(&breaker), 0, "a breaker starts closed");
    um_breaker_up(&breaker);
    ok(um_breaker_may_try(&breaker), "all may ask after one has found the server");
}

static void test_open(apr_int64_t start, const char *name)
{
    apr_int64_t before;

    breaker = (um_breaker_t){ 0 };
    stage.ms = start;
    um_breaker_down(&breaker);
    is_int(um_breaker_is_down(&breaker), 1, name);
    is_int(um_breaker_may_try(&breaker), 0, "while the server is unreachable nobody asks");
    is_int(stage.ms - start, 0, "while the server is unreachable nobody waits");
    stage.ms = start + RETRY_MS - 2;
    is_int(um_breaker_may_try(&breaker), 0, "nobody asks before the interval has passed");
    stage.ms = start + RETRY_MS + 2;
    is_int(um_breaker_may_try(&breaker), 1, "after the interval one may ask");
    before = stage.ms;
    is_int(um_breaker_may_try(&breaker), 0, "a second one may not ask meanwhile");
    ok(stage.ms - before >= WAIT_MS && stage.ms - before <= WAIT_MS + 10,
       "a second one waits %d ms for the one that asks",
       (int)(stage.ms - before));
    before = stage.ms;
    is_int(um_breaker_may_try(&breaker), 0, "one that comes later may not ask either");
    ok(stage.ms - before <= 10, "one that comes later waits %d ms", (int)(stage.ms - before));
    stage.ms += 10000;
    is_int(um_breaker_may_try(&breaker), 0, "however long the one takes");
    um_breaker_up(&breaker);
    is_int(um_breaker_may_try(&breaker), 1, "all may ask after one has found the server again");
    is_int(um_breaker_may_try(&breaker), 1, "all may ask while the server answers");
    is_int(um_breaker_is_down(&breaker), 0, "a breaker starts closed");
}

static void test_waiting(void)
{
    static const struct { const char *name; void (*happens)(void); int want; } cases[] = {
        { "it is there again", comes_up, 1 }, { "it is still away", stays_down, 0 },
    };

    for (int i = 0; i < 2; i++) {
        apr_int64_t before;

        begin_trial(5000);
        is_int(um_breaker_may_try(&breaker), 1, "one may ask");
        before = stage.ms;
        stage.at = before + 30;
        stage.happens = cases[i].happens;
        is_int(um_breaker_may_try(&breaker), cases[i].want, cases[i].name);
        ok(stage.ms - before <= 40,
           "those that wait learn the result as soon as the one that asked: %d ms", (int)(stage.ms - before));
    }
    is_int(um_breaker_may_try(&breaker), 0, "away: nobody asks again");
    stage.ms += RETRY_MS + 2;
    is_int(um_breaker_may_try(&breaker), 1, "a deferred failure lets all ask for a while");
}

/* Trials that fail make the next one wait for longer, a crowd that finds the same does not. */
static void test_growing(void)
{
    static const int intervals[] = { 200, 400, 800, 1600, 3200, 5000, 5000 };

    breaker = (um_breaker_t){ .longest = 5000 };
    stage.ms = 7000;
    for (int i = 0; i < 20; i++) {
        um_breaker_down(&breaker);
    }
    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
        stage.ms += intervals[i] - 2;
        is_int(um_breaker_may_try(&breaker), 0, "nobody tries before its time");
        stage.ms += 4;
        ok(um_breaker_may_try(&breaker), "one does after %d ms", intervals[i]);
        um_breaker_down(&breaker);
    }
    stage.ms += 5002;
    is_int(um_breaker_may_try(&breaker), 1, "at last one may ask and finds the server");
    um_breaker_up(&breaker);
    um_breaker_down(&breaker);
    stage.ms += 202;
    is_int(um_breaker_may_try(&breaker), 1, "the intervals begin anew after the server was found");
}

static void test_suspect(void)
{
    breaker = (um_breaker_t){ 0 };
    um_breaker_open(&breaker);
    is_int(um_breaker_is_down(&breaker), 1, "suspected: not taken for there");
    is_int(um_breaker_may_try(&breaker), 1, "the next finds out at once");
    um_breaker_open(&breaker);
    stage.at = stage.ms + 10;
    stage.happens = comes_up;
    is_int(um_breaker_may_try(&breaker), 1, "the others wait for that");
    um_breaker_down(&breaker);
    um_breaker_open(&breaker);
    is_int(um_breaker_may_try(&breaker), 0, "a deferred failure changes nothing while the breaker is open");
}

static void test_tick(void)
{
    int zero = 0;

    for (apr_int64_t ms = 0; ms < 1000; ms++) {
        stage.ms = (apr_int64_t)1 << 32;
        stage.ms += ms - 500;
        zero += um_monotonic_tick() == 0;
    }
    is_int(zero, 0, "no tick is 0, for that says something else");
}

/* --- threads --- */

static atomic_uint tried, inside, together, slow, ready;

static void *APR_THREAD_FUNC ask_often(apr_thread_t *thread, void *unused)
{
    (void)unused;
    ready++;
    while (ready < THREADS) {
        continue;
    }
    for (int i = 0; i < 100; i++) {
        apr_time_t before = apr_time_now();
        int mine = um_breaker_may_try(&breaker);

        if (apr_time_now() - before > apr_time_from_msec(10 * WAIT_MS)) {
            slow++;
        }
        if (mine) {
            tried++;
            together += atomic_fetch_add(&inside, 1) != 0;
            apr_sleep(5000);
            inside--;
            um_breaker_down(&breaker);
        }
        apr_sleep(8000);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void run_threads(apr_pool_t *pool, int count, apr_thread_start_t run)
{
    apr_thread_t *threads[THREADS];
    apr_status_t ended;

    for (int i = 0; i < count; i++) {
        if (apr_thread_create(&threads[i], NULL, run, NULL, pool) != APR_SUCCESS) {
            printf("Bail out! no threads\n");
            exit(1);
        }
    }
    for (int i = 0; i < count; i++) {
        apr_thread_join(&ended, threads[i]);
    }
}

static atomic_uint arrived, winners, not_one;

/* Each round both ask at the very moment when it is time to; the last to have asked ends the trial and readies the next
 * round. Only the one who waits moves the clock. */
static void *APR_THREAD_FUNC ask_together(apr_thread_t *thread, void *unused)
{
    (void)unused;
    for (apr_uint32_t round = 1; round <= ROUNDS; round++) {
        winners += um_breaker_may_try(&breaker) != 0;
        if (atomic_fetch_add(&arrived, 1) + 1 == round * RIVALS) {
            not_one += winners != 1;
            winners = 0;
            um_breaker_down(&breaker);
            stage.ms += RETRY_MS + 2;
            ready++;
        }
        for (int i = 0; ready < round; i++) {
            if (i > 1000) {
                sched_yield();
            }
        }
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void test_rivals(apr_pool_t *pool)
{
    begin_trial(5000);
    stage.shared = 1;
    run_threads(pool, RIVALS, ask_together);
    is_int(not_one, 0, "of two threads at the same instant one may ask");
    stage.shared = 0;
    ready = 0;
}

static void test_threads(apr_pool_t *pool)
{
    stage.real = 1;
    breaker = (um_breaker_t){ 0 };
    um_breaker_down(&breaker);
    run_threads(pool, THREADS, ask_often);
    ok(tried > 1 && tried < 200, "8 threads that ask for a second: it is tried now and then, %d times", (int)tried);
    is_int(together, 0, "never by two at a time");
    is_int(slow, 0, "no thread waits long");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    stage.ms = 1000;
    test_closed();
    test_open(5000, "it was found away");
    test_open(((apr_int64_t)1 << 32) - 1, "also when the clock goes round");
    test_open(((apr_int64_t)1 << 32) - RETRY_MS - 1, "or does so at the next trial");
    test_open(((apr_int64_t)1 << 31), "or is half round");
    test_waiting();
    test_growing();
    test_suspect();
    test_tick();
    test_rivals(pool);
    test_threads(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
