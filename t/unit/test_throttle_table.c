/* SPDX-License-Identifier: Apache-2.0 */
#include "monotonic.h"
#include "tap.h"
#include "throttle_table.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <pthread.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB 1048576u
#define HOUR 3600000

static apr_pool_t *pool;
static const um_throttle_limit_t rate = { .interval = 3000, .burst = 30 };
static const um_throttle_limit_t delay = { .interval = 1000, .burst = 5, .longest = 900000 };

static um_throttle_table_t *fresh(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || um_throttle_table_init(memory, size, 1000) != APR_SUCCESS) {
        abort();
    }
    return um_throttle_table_attach(pool, memory, size);
}

static apr_uint64_t key(const um_throttle_table_t *table, apr_uint64_t number)
{
    return um_throttle_table_hash(table, &number, sizeof(number));
}

static void test_rate(void)
{
    um_throttle_table_t *table = fresh(MB);
    apr_uint64_t one = key(table, 1), two = key(table, 2);
    int granted = 0;

    for (int i = 0; i < 60; i++) {
        granted += um_throttle_table_take(table, one, &rate, 5000) == 0;
    }
    is_int(granted, 30, "the burst is allowed at once, and no more");
    is_int(um_throttle_table_take(table, one, &rate, 5000), 3000, "the next one must wait for an interval");
    is_int(um_throttle_table_peek(table, one, &rate, 6000), 2000, "looking says how long");
    is_int(um_throttle_table_peek(table, two, &rate, 6000), 0, "another key is free");
    is_int(um_throttle_table_take(table, one, &rate, 8000), 0, "after an interval one more is allowed");
    ok(um_throttle_table_take(table, one, &rate, 8000) > 0, "but only one");
    um_throttle_table_give_back(table, one, &rate, 8000);
    is_int(um_throttle_table_take(table, one, &rate, 8000), 0, "what is given back can be taken again");
    is_int(um_throttle_table_forget(table, one, 8000), 1, "a key can be forgotten");
    is_int(um_throttle_table_count(table, 8000), 0, "then the table is empty");
    ok(um_throttle_table_hash(table, "a", 1) != um_throttle_table_hash(fresh(MB), "a", 1),
       "each table has a secret of its own");
}

static void test_delay(void)
{
    static const apr_int64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 512000, 900000,
                                         900000 };
    um_throttle_table_t *table = fresh(MB);
    apr_uint64_t one = key(table, 1);
    apr_int64_t now = 2000;
    int good = 1;

    for (int i = 0; i < 5; i++) {
        good &= um_throttle_table_take(table, one, &delay, now) == 0;
    }
    ok(good, "five are free");
    good = 1;
    for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        good &= um_throttle_table_take(table, one, &delay, now) == waits[i];
        good &= um_throttle_table_take(table, one, &delay, now + waits[i] - 1) == 1;
        now += waits[i];
        good &= um_throttle_table_take(table, one, &delay, now) == 0;
    }
    ok(good, "then each one waits twice as long as the one before, at most 15 minutes");
    ok(um_throttle_table_take(table, one, &delay, now + 899999) > 0, "a refused one changes nothing");
    good = 1;
    for (int i = 0; i < 5; i++) {
        good &= um_throttle_table_take(table, one, &delay, now + HOUR) == 0;
    }
    ok(good, "after an hour of quiet five are free again");
    um_throttle_table_give_back(table, one, &delay, now + HOUR);
    is_int(um_throttle_table_take(table, one, &delay, now + HOUR), 0, "what is given back can be taken again");
}

static void test_marks(void)
{
    um_throttle_table_t *table = fresh(MB);

    is_int(um_throttle_table_marked(table, key(table, 1), 2000), -1, "nothing is noted at first");
    um_throttle_table_mark(table, key(table, 1), 1, 30 * 24LL * HOUR, 2000);
    um_throttle_table_mark(table, key(table, 2), 0, HOUR, 2000);
    is_int(um_throttle_table_marked(table, key(table, 1), 30 * 24LL * HOUR + 1999), 1, "a yes is kept for its time");
    is_int(um_throttle_table_marked(table, key(table, 1), 30 * 24LL * HOUR + 2000), -1, "and no longer");
    is_int(um_throttle_table_marked(table, key(table, 2), 2000), 0, "a no as well");
    is_int(um_throttle_table_marked(table, key(table, 2), 2000 + HOUR), -1, "for its own time");
}

/* Takes of one key in a table that other keys fill many times over. */
/* Two keys whose hashes have the same bits share an entry. */
static void test_shared_entry(void)
{
    um_throttle_table_t *table = fresh(MB);
    const um_throttle_limit_t larger = { .interval = 86400000, .burst = 20 };
    apr_uint64_t one = key(table, 1), two = key(table, 2), three = key(table, 3);

    um_throttle_table_mark(table, one, 1, 30LL * 24 * HOUR, 5000);
    um_throttle_table_give_back(table, one, &rate, 5000);
    is_int(um_throttle_table_marked(table, one, 5000), 1, "a mark is no use that can be given back");
    is_int(um_throttle_table_take(table, one, &rate, 5000), 0, "a rate does not wait for the mark of another key");
    um_throttle_table_mark(table, two, 1, 30LL * 24 * HOUR, 5000);
    is_int(um_throttle_table_take(table, two, &delay, 5000), 0, "nor does a growing wait");
    for (int i = 0; i < 20; i++) {
        (void)um_throttle_table_take(table, three, &larger, 5000);
    }
    is_int(um_throttle_table_peek(table, three, &rate, 5000), 3000, "after a larger limit a use waits for an interval");
    is_int(um_throttle_table_take(table, three, &rate, 8000), 0, "and then it is allowed");
}

static void test_full(void)
{
    um_throttle_table_t *table = fresh(UM_THROTTLE_TABLE_LEAST);
    apr_uint64_t dear = key(table, 1);
    int refused = 0;

    for (int i = 0; i < 20; i++) {
        um_throttle_table_take(table, dear, &delay, 2000 + i * 900000LL);
    }
    for (apr_uint64_t i = 2; i < 100000; i++) {
        refused += um_throttle_table_take(table, key(table, i), &rate, 2000 + 19 * 900000LL) > 0;
    }
    ok(refused < 100, "a full table refuses no key for want of room");
    ok(um_throttle_table_peek(table, dear, &delay, 2000 + 19 * 900000LL) > 0,
       "and keeps the key that is farthest from empty");
}

#define TAKERS 8
#define TAKEN_KEYS 8

/* So many uses that the threads meet at the same words, not one after the other. */
static const um_throttle_limit_t many = { .interval = 1, .burst = 50000 };
static pthread_barrier_t together;

static void *fill(void *data)
{
    um_throttle_table_t *table = data;
    intptr_t granted = 0;

    pthread_barrier_wait(&together);
    for (int i = 0; i < 60000; i++) {
        for (apr_uint64_t k = 0; k < TAKEN_KEYS; k++) {
            granted += um_throttle_table_take(table, key(table, k), &many, 5000) == 0;
        }
    }
    return (void *)granted;
}

static void test_threads(void)
{
    um_throttle_table_t *table = fresh(MB);
    pthread_t threads[TAKERS];
    intptr_t granted = 0;

    pthread_barrier_init(&together, NULL, TAKERS);
    for (int i = 0; i < TAKERS; i++) {
        pthread_create(&threads[i], NULL, fill, table);
    }
    for (int i = 0; i < TAKERS; i++) {
        void *mine;

        pthread_join(threads[i], &mine);
        granted += (intptr_t)mine;
    }
    pthread_barrier_destroy(&together);
    is_int(granted, TAKEN_KEYS * 50000, "8 threads get exactly what one would get");
}

/* Processes that take and die anywhere: nobody ever gets more than the burst. */
static void test_death(void)
{
    um_throttle_table_t *table = fresh(MB);
    int *granted = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    apr_uint64_t one = key(table, 1);

    for (int i = 0; i < 40; i++) {
        pid_t child = fork();

        if (child == 0) {
            for (apr_uint64_t k = 0;; k++) {
                if (um_throttle_table_peek(table, one, &rate, 5000) == 0 && um_throttle_table_take(table, one, &rate,
                                                                                                  5000) == 0) {
                    __atomic_fetch_add(granted, 1, __ATOMIC_SEQ_CST);
                }
                um_throttle_table_take(table, key(table, 2 + k % 1000), &rate, 5000 + (apr_int64_t)k);
            }
        }
        usleep((unsigned)(rand() % 3000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    ok(*granted <= 30 && *granted > 0, "processes that are killed anywhere get no more than the burst");
    ok(um_throttle_table_take(table, one, &rate, 5000) > 0, "and leave the table usable");
}

static void test_million(void)
{
    um_throttle_table_t *table = fresh(16 * MB);
    apr_int64_t began = um_monotonic_ms(), empty, full;
    apr_uint64_t k = 0;

    for (; k < 100000; k++) {
        um_throttle_table_take(table, key(table, k), &delay, 5000);
    }
    empty = um_monotonic_ms() - began;
    for (; k < 1000000; k++) {
        um_throttle_table_take(table, key(table, k), &delay, 5000);
    }
    ok(um_throttle_table_count(table, 5000) > 990000, "16 MB keep a million keys");
    began = um_monotonic_ms();
    for (k = 0; k < 100000; k++) {
        um_throttle_table_take(table, key(table, k), &delay, 5000);
    }
    full = um_monotonic_ms() - began;
    printf("# 100,000 takes: %d ms in an empty table, %d ms with a million keys\n", (int)empty, (int)full);
    ok(full < 2 * empty + 50, "and are not slower than few");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_rate();
    test_delay();
    test_marks();
    test_shared_entry();
    test_full();
    test_threads();
    test_death();
    test_million();
    return tap_done();
}
