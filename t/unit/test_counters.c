/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of several processes: what is counted stays, and what a killed process has in use does not. */
#include "counters.h"
#include "tap.h"

#include <apr_general.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 40
#define THREADS 4
#define EACH 20000

static apr_pool_t *pool;
static void *memory;

static void *count_up(void *baton)
{
    for (int i = 0; i < EACH; i++) {
        um_counters_add(baton, 3, 1);
        um_counters_change(baton, 1, 1);
        um_counters_change(baton, 1, -1);
    }
    return NULL;
}

static um_counters_t *attach(void)
{
    return um_counters_attach(pool, memory, COUNT);
}

static void check_threads(um_counters_t *counters)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, count_up, counters);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    is_int((long)um_counters_read(counters, 3), THREADS * EACH, "no count of any thread is lost");
    is_int((long)um_counters_read(counters, 2), 0, "the counter before it is untouched");
    is_int((long)um_counters_read(counters, 4), 0, "and the one behind it");
    is_int((long)um_counters_now(counters, 1), 0, "a gauge goes up and down");
}

/* A process that counts, has two in use, and then waits or ends by itself. */
static pid_t start_process(int ends)
{
    int ready[2];
    char byte;
    pid_t child;

    if (pipe(ready) != 0) {
        return -1;
    }
    child = fork();
    if (child == 0) {
        apr_pool_t *own;
        um_counters_t *counters;

        apr_pool_create(&own, NULL);
        counters = um_counters_attach(own, memory, COUNT);
        um_counters_add(counters, 5, 7);
        um_counters_change(counters, 0, 2);
        if (ends) {
            apr_pool_destroy(own);
        }
        (void)!write(ready[1], "x", 1);
        for (;;) {
            pause();
        }
    }
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_process(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void check_processes(um_counters_t *counters)
{
    pid_t first = start_process(0), second = start_process(0), third;

    um_counters_change(counters, 0, 1);
    is_int((long)um_counters_read(counters, 5), 14, "the counts of other processes are summed");
    is_int((long)um_counters_now(counters, 0), 5, "and what they have in use");
    end_process(first);
    is_int((long)um_counters_read(counters, 5), 14, "the counts of a killed process stay");
    is_int((long)um_counters_now(counters, 0), 3, "what it had in use does not");
    third = start_process(1);
    is_int((long)um_counters_now(counters, 0), 3, "a process that ends in order gives its gauges back");
    is_int((long)um_counters_read(counters, 5), 21, "and leaves its counts");
    end_process(second);
    end_process(third);
    is_int((long)um_counters_now(counters, 0), 1, "the gauges of this process are left");
}

/* More processes than have places, one after another. */
static void check_places(um_counters_t *counters)
{
    for (int i = 0; i < 1200; i++) {
        pid_t child = fork();

        if (child == 0) {
            um_counters_change(attach(), 2, 1);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    is_int((long)um_counters_now(counters, 2), 0, "nothing is left of processes that have ended without a word");
    um_counters_change(counters, 2, 1);
    is_int((long)um_counters_now(counters, 2), 1, "and this process has its place still");
}

static void check_times(um_counters_t *counters)
{
    static const apr_int64_t times[] = { -5, 0, 100, 101, 10000000, 10000001 };

    for (int i = 0; i < 6; i++) {
        um_counters_time(counters, 10, times[i]);
    }
    is_int((long)um_counters_read(counters, 10), 3, "a bound belongs to its bucket");
    is_int((long)um_counters_read(counters, 11), 1, "what is more belongs to the next one");
    is_int((long)um_counters_read(counters, 10 + UM_COUNTERS_BUCKETS - 2), 1, "the last bound");
    is_int((long)um_counters_read(counters, 10 + UM_COUNTERS_BUCKETS - 1), 1, "and what is beyond it");
    is_int((long)um_counters_read(counters, 10 + UM_COUNTERS_BUCKETS), 20000202,
           "the sum, of which no time is negative");
}

int main(void)
{
    um_counters_t *counters;
    apr_size_t size = um_counters_size(COUNT);

    apr_initialize();
    apr_pool_create(&pool, NULL);
    is_int((long)(size % 64), 0, "the size is a multiple of a cache line");
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    counters = attach();
    check_threads(counters);
    check_processes(counters);
    check_places(counters);
    check_times(counters);
    um_counters_add(NULL, 1, 1);
    um_counters_change(NULL, 1, 1);
    um_counters_time(NULL, 1, 1);
    is_int((long)um_counters_read(NULL, 1), 0, "without counters nothing is counted");
    apr_terminate();
    return tap_done();
}
