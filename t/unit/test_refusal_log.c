/* SPDX-License-Identifier: Apache-2.0 */
/* The list of refused keys: what it counts, what a reader sees while others write, and writers that die. */
#include "refusal_log.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 5000
#define SERIES 600000
#define PATIENCE 1000
#define SLOT 7
#define WRITERS 3
#define ROUNDS 40000
#define KILLED 40

/* Keys of the same slot differ in their lower half. */
#define KEY(n) ((apr_uint64_t)SLOT << 32 | (apr_uint64_t)(n))

static void *log_memory;

/* Shared between processes; behind the log is a number for the test. */
static void *fresh(void)
{
    void *memory = mmap(NULL, um_refusal_log_size() + sizeof(atomic_int), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(1);
    }
    return memory;
}

/* A refusal of which each part follows from the number. */
static int add(int number, apr_int64_t now)
{
    um_refusal_t refusal = { .hash = KEY(number), .until = 1000 * number, .kind = (apr_uint32_t)number };
    char text[UM_REFUSAL_LOG_TEXT + 10];

    memset(text, 'a' + number, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    return um_refusal_log_add(log_memory, &refusal, text, now);
}

/* Whether all parts are of the same key. */
static int is_whole(const um_refusal_t *refusal)
{
    int number = (int)refusal->kind;

    for (int i = 0; i < UM_REFUSAL_LOG_TEXT - 1; i++) {
        if (refusal->text[i] != 'a' + number) {
            return 0;
        }
    }
    return refusal->text[UM_REFUSAL_LOG_TEXT - 1] == '\0' && refusal->hash == KEY(number)
           && refusal->until == 1000 * number && refusal->count > 0;
}

static void test_series(void)
{
    um_refusal_t seen;

    log_memory = fresh();
    is_int(um_refusal_log_read(log_memory, SLOT, &seen), 0, "a slot is empty at first");
    is_int(add(1, NOW), 1, "a first refusal begins a series");
    is_int(add(1, NOW + SERIES), 0, "one ten minutes later belongs to it");
    ok(um_refusal_log_read(log_memory, SLOT, &seen) && seen.count == 2 && seen.since == NOW
       && seen.last == NOW + SERIES && is_whole(&seen), "it is read with its count and times, and the text is cut");
    is_int(add(1, NOW + 2 * SERIES + 1), 1, "one that is later begins the next series");
    ok(um_refusal_log_read(log_memory, SLOT, &seen) && seen.count == 1 && seen.since == NOW + 2 * SERIES + 1,
       "which counts from 1");
    is_int(add(2, NOW + 2 * SERIES + 2), 1, "another key takes the slot");
    ok(um_refusal_log_read(log_memory, SLOT, &seen) && seen.count == 1 && is_whole(&seen) && seen.kind == 2,
       "nothing of the former key is left");
    um_refusal_log_remove(log_memory, KEY(1), NOW);
    is_int(um_refusal_log_read(log_memory, SLOT, &seen), 1, "removing the former key does not remove the later one");
    um_refusal_log_remove(log_memory, KEY(2), NOW);
    is_int(um_refusal_log_read(log_memory, SLOT, &seen), 0, "a key that is removed is gone");
    is_int(um_refusal_log_read(log_memory, SLOT + 1, &seen), 0, "the slot beside it was never used");
}

/* Keys of one slot that displace each other in turn, as somebody does who tries many names. */
static void test_displaced(void)
{
    int lines = 0;

    log_memory = fresh();
    for (int i = 0; i < 6000; i++) {
        lines += add(1 + i % 3, NOW + i * SERIES / 6000);
    }
    is_int(lines, 4, "keys that displace each other have four lines in ten minutes");
    is_int(add(4, NOW + SERIES), 0, "a further key waits");
    is_int(add(4, NOW + SERIES + 1), 1, "and its series is logged when the ten minutes are over");
    is_int(add(4, NOW + 2 * SERIES + 1), 0, "once");
    is_int(add(1, NOW + 4 * SERIES), 1, "after a pause the first refusal is logged at once");
}

/* --- threads --- */

static atomic_int writers;

static void *write_often(void *baton)
{
    const int *number = baton;

    for (int i = 0; i < ROUNDS; i++) {
        add(*number, NOW);
        if (i % 16 == 0) {
            um_refusal_log_remove(log_memory, KEY(*number), NOW);
        }
    }
    writers--;
    return NULL;
}

static void test_threads(void)
{
    static const int numbers[WRITERS] = { 1, 2, 3 };
    pthread_t threads[WRITERS];
    long read = 0, broken = 0;
    um_refusal_t seen;

    log_memory = fresh();
    writers = WRITERS;
    for (int i = 0; i < WRITERS; i++) {
        if (pthread_create(&threads[i], NULL, write_often, (void *)&numbers[i]) != 0) {
            printf("Bail out! no threads\n");
            exit(1);
        }
    }
    while (writers > 0) {
        if (um_refusal_log_read(log_memory, SLOT, &seen)) {
            read++;
            broken += !is_whole(&seen);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    add(1, NOW);
    read += um_refusal_log_read(log_memory, SLOT, &seen);
    ok(read > 0 && is_whole(&seen), "while three threads write, a fourth reads, %ld times", read);
    is_int(broken, 0, "what is read is one refusal, never parts of two");
}

static void test_death(void)
{
    um_refusal_t seen;
    int halves = 0, lost = 0, broken = 0;
    atomic_int *written;

    log_memory = fresh();
    written = (atomic_int *)((char *)log_memory + um_refusal_log_size());
    for (int i = 0; i < KILLED; i++) {
        apr_int64_t now = NOW + (apr_int64_t)i * 2 * PATIENCE;
        pid_t child;

        *written = 0;
        child = fork();
        if (child == 0) {
            for (int number = 1;; number = number % WRITERS + 1) {
                add(number, now);
                ++*written;
            }
        }
        while (*written < 10 * i + 10) {
            usleep(100);
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        halves += um_refusal_log_read(log_memory, SLOT, &seen) && !is_whole(&seen);
        add(4, now + PATIENCE);
        if (!um_refusal_log_read(log_memory, SLOT, &seen)) {
            lost++;
        }
        else {
            broken += seen.kind != 4 || !is_whole(&seen);
        }
    }
    is_int(halves, 0, "what a killed writer has left half written is not read");
    is_int(lost, 0, "a slot whose writer was killed can be used a second later");
    is_int(broken, 0, "and holds what was written then");
}

int main(void)
{
    test_series();
    test_displaced();
    test_threads();
    test_death();
    return tap_done();
}
