/* SPDX-License-Identifier: Apache-2.0 */
#include "concurrency_limit_stage.h"

#define PROCESSES 4
#define THREADS   4
#define ROUNDS    500
#define HOLDERS   3

static void note_entry(void)
{
    int inside = atomic_fetch_add(&stage->inside, 1) + 1, most = atomic_load(&stage->most);

    while (inside > most && !atomic_compare_exchange_weak(&stage->most, &most, inside)) {
        continue;
    }
    atomic_fetch_add(&stage->entered, 1);
}

/* --- many at once --- */

static void *hammer(void *view)
{
    um_concurrency_limit_pass_t pass;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        if (um_concurrency_limit_enter(view, FOREVER, &pass) != APR_SUCCESS) {
            atomic_fetch_add(&stage->refused, 1);
            continue;
        }
        note_entry();
        if (i % 16 == 0) {
            apr_sleep(100);
        }
        atomic_fetch_sub(&stage->inside, 1);
        um_concurrency_limit_leave(view, &pass);
    }
    return NULL;
}

static void hammer_from_threads(void)
{
    um_concurrency_limit_t *limit = um_concurrency_limit_attach(pool, memory, HOLDERS, 64);
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, hammer, limit);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void test_hammer(void)
{
    apr_time_t began = apr_time_now();
    int i, good = 1, status;

    set_stage();
    for (i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            hammer_from_threads();
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++) {
        good = wait(&status) > 0 && status == 0 && good;
    }
    ok(good, "all processes end well");
    is_int(atomic_load(&stage->entered), PROCESSES * THREADS * ROUNDS, "everybody got in each time");
    is_int(atomic_load(&stage->refused), 0, "no thread was refused");
    ok(atomic_load(&stage->most) <= HOLDERS, "never more than %d inside", HOLDERS);
    ok(atomic_load(&stage->most) >= 2, "several threads held a slot at the same time");
    printf("# %d passes in %ld ms, at most %d inside\n", atomic_load(&stage->entered),
           (long)((apr_time_now() - began) / MS), atomic_load(&stage->most));
}

/* --- one process --- */

static void test_alone(void)
{
    um_concurrency_limit_pass_t pass[4], none = {-1, 0, 0}, wild = {12345, 0, 0};
    apr_time_t began;
    um_concurrency_limit_t *limit;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 2, 0);
    ok(um_concurrency_limit_enter(limit, FOREVER, &pass[0]) == APR_SUCCESS
       && um_concurrency_limit_enter(limit, 0, &pass[1]) == APR_SUCCESS
       && pass[0].slot != pass[1].slot, "two slots of one process");
    began = apr_time_now();
    is_int(um_concurrency_limit_enter(limit, FOREVER, &pass[2]), APR_EAGAIN,
           "without a queue the third thread is refused");
    ok(apr_time_now() - began < SOON, "a thread that cannot queue is refused at once");
    is_int(pass[2].slot, -1, "a refused thread holds no slot");
    um_concurrency_limit_leave(limit, &pass[2]);
    um_concurrency_limit_leave(limit, &none);
    um_concurrency_limit_leave(limit, &wild);
    is_int(um_concurrency_limit_enter(limit, FOREVER, &pass[2]), APR_EAGAIN,
           "leaving without a pass frees nobody's slot");
    um_concurrency_limit_leave(limit, &pass[0]);
    um_concurrency_limit_leave(limit, &pass[0]);
    is_int(um_concurrency_limit_enter(limit, FOREVER, &pass[2]), APR_SUCCESS, "a slot that is left is free again");
    is_int(um_concurrency_limit_enter(limit, FOREVER, &pass[3]), APR_EAGAIN, "leaving twice frees one slot");
    um_concurrency_limit_leave(limit, &pass[1]);
    um_concurrency_limit_leave(limit, &pass[2]);

    limit = um_concurrency_limit_attach(pool, memory, 0, -5);
    ok(um_concurrency_limit_enter(limit, 0, &pass[0]) == APR_SUCCESS
       && um_concurrency_limit_enter(limit, 0, &pass[1]) == APR_EAGAIN,
       "no holders at all is brought to one, a queue below none to none");
    um_concurrency_limit_leave(limit, &pass[0]);
}

static void test_wait(void)
{
    um_concurrency_limit_pass_t pass, late;
    um_concurrency_limit_t *limit;
    apr_time_t began, waited;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 4);
    um_concurrency_limit_enter(limit, 0, &pass);
    is_int(um_concurrency_limit_enter(limit, 0, &late), APR_TIMEUP, "now or never: never");
    began = apr_time_now();
    is_int(um_concurrency_limit_enter(limit, 300 * MS, &late), APR_TIMEUP, "300 ms are over");
    waited = apr_time_now() - began;
    ok(waited >= 290 * MS && waited < 300 * MS + SOON, "a thread that waits in vain is refused after 300 ms");
    printf("# %ld ms\n", (long)(waited / MS));
    is_int(late.slot, -1, "a thread that was refused holds no slot");
    um_concurrency_limit_leave(limit, &pass);
    is_int(um_concurrency_limit_enter(limit, 0, &late), APR_SUCCESS, "a thread that gave up is not waited for");
    um_concurrency_limit_leave(limit, &late);
}

static void test_full_queue(void)
{
    um_concurrency_limit_pass_t pass, refused;
    waiting_t waiting[2];
    apr_status_t status = APR_SUCCESS;
    apr_time_t began;
    um_concurrency_limit_t *limit;
    int i;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 2);
    um_concurrency_limit_enter(limit, 0, &pass);
    start_waiting(&waiting[0], limit, 0, FOREVER);
    start_waiting(&waiting[1], limit, 1, FOREVER);
    /* They are about to sit down: until they do, we only wait for a moment ourselves. */
    for (i = 0; i < 1000 && status != APR_EAGAIN; i++) {
        began = apr_time_now();
        status = um_concurrency_limit_enter(limit, 1, &refused);
    }
    is_int(status, APR_EAGAIN, "a third in a queue of two is refused");
    began = apr_time_now();
    is_int(um_concurrency_limit_enter(limit, FOREVER, &refused), APR_EAGAIN, "however long it would wait");
    ok(apr_time_now() - began < SOON, "a thread that cannot queue is refused at once");
    um_concurrency_limit_leave(limit, &pass);
    pthread_join(waiting[0].thread, NULL);
    pthread_join(waiting[1].thread, NULL);
    ok(waiting[0].status == APR_SUCCESS && waiting[1].status == APR_SUCCESS, "those in the queue get in");
}

/* We leave right after the waiter began to wait, so that it would sleep for most of a tick if leaving did not wake it.
 * The best of several, because this machine may have other things to do. */
static void test_wake(void)
{
    apr_interval_time_t best = FOREVER, took;
    um_concurrency_limit_pass_t pass;
    waiting_t waiting;
    apr_time_t left;
    um_concurrency_limit_t *limit;
    int i;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 4);
    for (i = 0; i < 10; i++) {
        um_concurrency_limit_enter(limit, FOREVER, &pass);
        start_waiting(&waiting, limit, 0, FOREVER);
        apr_sleep(5 * MS);
        left = apr_time_now();
        um_concurrency_limit_leave(limit, &pass);
        pthread_join(waiting.thread, NULL);
        took = atomic_load(&waiting.at) - left;
        best = took < best ? took : best;
    }
    ok(best < 20 * MS, "leaving wakes who waits");
    printf("# %ld us\n", (long)best);
}

static int is_in_order(int count)
{
    um_concurrency_limit_pass_t pass;
    waiting_t waiting[8];
    um_concurrency_limit_t *limit;
    int i, good = 1;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    um_concurrency_limit_enter(limit, 0, &pass);
    for (i = 0; i < count; i++) {
        start_waiting(&waiting[i], limit, i, FOREVER);
        apr_sleep(10 * MS);
    }
    um_concurrency_limit_leave(limit, &pass);
    for (i = 0; i < count; i++) {
        pthread_join(waiting[i].thread, NULL);
    }
    for (i = 0; i < count; i++) {
        good = good && atomic_load(&stage->order[i]) == i;
    }
    return good;
}

/* As a rule: threads of a busy machine may be late, hence the tries. By chance, six come in order once in 720 times. */
static void test_order(void)
{
    int i, good = 0;

    for (i = 0; i < 5 && !good; i++) {
        good = is_in_order(6);
    }
    ok(good, "first come, first served");
}

static int is_polite(void)
{
    um_concurrency_limit_pass_t pass;
    waiting_t waiting;
    um_concurrency_limit_t *limit;
    int first;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    um_concurrency_limit_enter(limit, 0, &pass);
    start_waiting(&waiting, limit, 0, FOREVER);
    apr_sleep(10 * MS);
    um_concurrency_limit_leave(limit, &pass);
    um_concurrency_limit_enter(limit, FOREVER, &pass);
    first = atomic_load(&stage->entered);
    um_concurrency_limit_leave(limit, &pass);
    pthread_join(waiting.thread, NULL);
    return first == 1;
}

/* Who leaves and comes back at once is quicker than anybody who has to wake up. */
static void test_newcomer(void)
{
    int i, good = 0;

    for (i = 0; i < 5 && !good; i++) {
        good = is_polite();
    }
    ok(good, "a newcomer does not overtake the queue");
}

/* --- who is sent away --- */

/* What is inside takes 100 ms, so three that wait take 300. */
static void test_in_vain(void)
{
    um_concurrency_limit_pass_t pass, late;
    waiting_t waiting[3];
    um_concurrency_limit_t *limit;
    int i;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    for (i = 0; i < 3; i++) {
        um_concurrency_limit_enter(limit, FOREVER, &pass);
        apr_sleep(100 * MS);
        um_concurrency_limit_leave(limit, &pass);
    }
    um_concurrency_limit_enter(limit, FOREVER, &pass);
    for (i = 0; i < 3; i++) {
        start_waiting(&waiting[i], limit, i, FOREVER);
        apr_sleep(20 * MS);
    }
    is_int(um_concurrency_limit_enter(limit, 150 * MS, &late), APR_EAGAIN,
           "a thread that would wait in vain is refused at once");
    um_concurrency_limit_leave(limit, &pass);
    for (i = 0; i < 3; i++) {
        pthread_join(waiting[i].thread, NULL);
        is_int(waiting[i].status, APR_SUCCESS, "a thread that has time to wait gets a slot");
    }
    is_int(um_concurrency_limit_enter(limit, 1, &late), APR_SUCCESS, "with no thread ahead the average refuses nobody");
    um_concurrency_limit_leave(limit, &late);
}

static void test_threads(void)
{
    um_concurrency_limit_pass_t pass, refused;
    waiting_t waiting;
    um_concurrency_limit_t *limit, *other;

    set_stage();
    limit = um_concurrency_limit_attach(pool, memory, 1, 8);
    um_concurrency_limit_threads(limit, 2);
    other = um_concurrency_limit_attach(pool, memory, 1, 8);
    um_concurrency_limit_enter(other, 0, &pass);
    is_int(um_concurrency_limit_join(limit, 0), 1, "one of two threads waits elsewhere");
    start_waiting(&waiting, limit, 0, FOREVER);
    apr_sleep(20 * MS);
    is_int(um_concurrency_limit_join(limit, 0), 0, "a third has to answer other requests");
    is_int(um_concurrency_limit_enter(limit, FOREVER, &refused), APR_EAGAIN,
           "a process at its own limit refuses a thread that would hash");
    is_int(um_concurrency_limit_enter(other, 1, &refused), APR_TIMEUP, "another process has threads of its own");
    um_concurrency_limit_leave(other, &pass);
    pthread_join(waiting.thread, NULL);
    is_int(waiting.status, APR_SUCCESS, "those that wait get in");
    um_concurrency_limit_part(limit, 0);
    is_int(um_concurrency_limit_join(limit, 0) + um_concurrency_limit_join(limit, 0), 2,
           "each thread that has left makes room in its process");
    is_int(um_concurrency_limit_join(limit, 0), 0, "a process takes no more threads than its limit");
}

int main(void)
{
    open_stage();
    test_hammer();
    test_alone();
    test_wait();
    test_in_vain();
    test_threads();
    test_full_queue();
    test_wake();
    test_order();
    test_newcomer();
    apr_pool_destroy(pool);
    return tap_done();
}
