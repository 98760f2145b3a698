/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "shmtable.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MB 1048576u

static apr_pool_t *pool;

static void *fresh(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || um_shmtable_init(memory, size) != APR_SUCCESS) {
        abort();
    }
    return memory;
}

/* As good as random, and the same for the same number. */
static const unsigned char *key_of(unsigned number, unsigned char key[UM_SHMTABLE_KEY])
{
    apr_uint64_t bits = number + 1;

    for (int i = 0; i < UM_SHMTABLE_KEY; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        key[i] = (unsigned char)(bits >> 56);
    }
    return key;
}

static void put(um_shmtable_t *table, unsigned number, const char *text)
{
    unsigned char key[UM_SHMTABLE_KEY];

    um_shmtable_put(table, key_of(number, key), text, strlen(text) + 1);
}

static const char *get(um_shmtable_t *table, apr_pool_t *from, unsigned number)
{
    unsigned char key[UM_SHMTABLE_KEY];
    const void *value;
    apr_size_t len;

    return um_shmtable_get(table, from, key_of(number, key), &value, &len) ? value : NULL;
}

static char *text_of(unsigned number, apr_size_t len)
{
    char *text = apr_palloc(pool, len + 1);

    for (apr_size_t i = 0; i < len; i++) {
        text[i] = (char)('a' + (number + i * 7) % 26);
    }
    text[len] = '\0';
    return text;
}

static void test_one(void)
{
    static const apr_size_t lengths[] = { 0, 1, 94, 95, 96, 97, 206, 207, 208, 319, 320, 4000, 4094, 4095 };
    um_shmtable_t *table = um_shmtable_attach(pool, fresh(MB), MB);
    unsigned char key[UM_SHMTABLE_KEY] = { 0 };
    const void *value;
    apr_size_t len;

    ok(!um_shmtable_get(table, pool, key, &value, &len), "an empty table has nothing, not even under zeros");
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char *text = text_of(i, lengths[i]);

        put(table, i, text);
        is_text(get(table, pool, i), text, apr_psprintf(pool, "%d bytes come back as they were", (int)lengths[i] + 1));
    }
    is_int((long long)um_shmtable_count(table), 14, "all values are there at the same time");
    put(table, 3, "another");
    is_text(get(table, pool, 3), "another", "a value takes the old one's place");
    is_int((long long)um_shmtable_count(table), 14, "a new value replaces the old one");
    put(table, 3, text_of(3, UM_SHMTABLE_LONGEST));
    ok(!get(table, pool, 3), "a value that is too long is not stored, and the old one is removed");
    um_shmtable_remove(table, key_of(4, key));
    um_shmtable_remove(table, key_of(4, key));
    ok(!get(table, pool, 4) && get(table, pool, 5), "one is removed, the others stay");
    is_int((long long)um_shmtable_count(table), 12, "removed values are not counted");
    table = um_shmtable_attach(pool, fresh(32 * MB), 32 * MB);
    for (unsigned i = 0; i < 40; i++) {
        put(table, i, text_of(i, UM_SHMTABLE_LONGEST - 1));
    }
    is_text(get(table, pool, 39), text_of(39, UM_SHMTABLE_LONGEST - 1), "a larger table takes longer values");
    put(table, 39, text_of(39, UM_SHMTABLE_LONGEST));
    ok(!get(table, pool, 39), "up to a limit");
    ok(um_shmtable_init(key, UM_SHMTABLE_LEAST - 1) == APR_EINVAL, "too little memory is refused");
}

/* What is asked for all the time stays while ten times the table's size passes through. */
static void test_forgetting(void)
{
    um_shmtable_t *table = um_shmtable_attach(pool, fresh(MB), MB);
    apr_pool_t *scratch;
    int lost = 0, wrong = 0;

    apr_pool_create(&scratch, pool);
    for (unsigned i = 0; i < 100; i++) {
        put(table, i, "dear");
    }
    for (unsigned i = 1000; i < 60000; i++) {
        const char *text = apr_psprintf(scratch, "value %u%s", i, i % 3 ? "" : text_of(i, i % 500));

        put(table, i, text);
        wrong += strcmp(get(table, scratch, i), text) != 0;
        get(table, scratch, i % 100);
        if (i % 100 == 0) {
            apr_pool_clear(scratch);
        }
    }
    for (unsigned i = 0; i < 100; i++) {
        lost += get(table, scratch, i) == NULL;
    }
    is_int(wrong, 0, "the value that was put last is always found and right");
    ok(lost <= 5, "values that are asked for again and again stay (%d of 100 lost)", lost);
    ok(um_shmtable_count(table) > 2000, "the table is full, not emptied");
    apr_pool_destroy(scratch);
}

static void test_hundred_thousand(void)
{
    um_shmtable_t *table = um_shmtable_attach(pool, fresh(32 * MB), 32 * MB);
    char *text = text_of(1, 200);
    apr_pool_t *scratch;
    int there = 0;

    apr_pool_create(&scratch, pool);
    for (unsigned i = 0; i < 100000; i++) {
        put(table, i, text);
    }
    for (unsigned i = 0; i < 100000; i++) {
        there += get(table, scratch, i) != NULL;
        if (i % 1000 == 0) {
            apr_pool_clear(scratch);
        }
    }
    is_int(there, 100000, "32 MB hold 100,000 values of 200 bytes");
    apr_pool_destroy(scratch);
}

/* --- many at once --- */

static void *shared;

static void hammer(unsigned seed, int rounds, int *wrong)
{
    apr_pool_t *own;
    um_shmtable_t *table;

    apr_pool_create_unmanaged_ex(&own, NULL, NULL);
    table = um_shmtable_attach(own, shared, MB);
    for (int i = 0; i < rounds; i++) {
        unsigned number = (seed = seed * 1103515245u + 12345u) >> 16 & 4095;
        apr_size_t len = number % 400;
        char text[402];
        const char *got;
        apr_pool_t *scratch;

        memset(text, 'a' + (int)(number % 26), len);
        text[len] = '\0';
        apr_pool_create(&scratch, own);
        if (i % 3 == 0) {
            put(table, number, text);
        }
        else if (i % 64 == 1) {
            unsigned char key[UM_SHMTABLE_KEY];

            um_shmtable_remove(table, key_of(number, key));
        }
        got = get(table, scratch, number);
        *wrong += got && strcmp(got, text) != 0;
        apr_pool_destroy(scratch);
    }
    apr_pool_destroy(own);
}

static void *APR_THREAD_FUNC run_thread(apr_thread_t *thread, void *wrong)
{
    hammer((unsigned)(size_t)wrong, 40000, wrong);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void test_threads(void)
{
    apr_thread_t *threads[4];
    int wrong[4] = { 0 };
    int all = 0;
    apr_status_t rv;

    shared = fresh(MB);
    for (int i = 0; i < 4; i++) {
        apr_thread_create(&threads[i], NULL, run_thread, &wrong[i], pool);
    }
    for (int i = 0; i < 4; i++) {
        apr_thread_join(&rv, threads[i]);
        all += wrong[i];
    }
    is_int(all, 0, "four threads see whole values only");
}

/* Children are killed wherever they are; what is left is whole values or none. */
static void test_kills(void)
{
    um_shmtable_t *table;
    int wrong = 0, signals = 0;

    shared = fresh(MB);
    table = um_shmtable_attach(pool, shared, MB);
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        int status, none = 0;

        if (pid == 0) {
            hammer((unsigned)i * 7919u, 1 << 30, &none);
            _exit(0);
        }
        usleep(3000 + (unsigned)i * 211u);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        signals += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        hammer((unsigned)i, 2000, &wrong);
    }
    is_int(signals, 40, "nobody died of anything but our signal");
    is_int(wrong, 0, "after 40 killed processes each value is whole or gone");
    put(table, 9999, "still");
    is_text(get(table, pool, 9999), "still", "the table works after 40 killed processes");
}

static void test_stopped(void)
{
    um_shmtable_t *table;
    pid_t pid;
    int status, wrong = 0;

    shared = fresh(MB);
    table = um_shmtable_attach(pool, shared, MB);
    pid = fork();
    if (pid == 0) {
        hammer(1, 1 << 30, &wrong);
        _exit(0);
    }
    for (int i = 0; i < 20; i++) {
        usleep(2000);
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        put(table, 5000, "x");
        get(table, pool, 5000);
        kill(pid, SIGCONT);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    put(table, 5000, "y");
    is_text(get(table, pool, 5000), "y", "a stopped process shuts nobody out for good");
}

/* --- memory that others have spoilt --- */

/* The head is two numbers, then a lock at the start of each part's 128 bytes. In a slot the key is behind 16 bytes: two
 * numbers of slots, the length, and what it is. */
#define LOCK(memory, part) ((pthread_mutex_t *)((char *)(memory) + 8 + 128 * (part)))

static char *slot_of(void *memory, const unsigned char *key)
{
    return (char *)memmem(memory, MB, key, UM_SHMTABLE_KEY) - 16;
}

static void test_dead_holder(void)
{
    void *memory = fresh(MB);
    um_shmtable_t *table = um_shmtable_attach(pool, memory, MB);
    unsigned char key[UM_SHMTABLE_KEY] = { 5, 1 }, other[UM_SHMTABLE_KEY] = { 6, 1 };
    const void *value;
    apr_size_t len;
    int status;
    pid_t pid;

    um_shmtable_put(table, key, "one", 4);
    um_shmtable_put(table, other, "two", 4);
    pid = fork();
    if (pid == 0) {
        _exit(pthread_mutex_lock(LOCK(memory, 5)));
    }
    waitpid(pid, &status, 0);
    is_int(status, 0, "a process dies with the lock of a part");
    ok(!um_shmtable_get(table, pool, key, &value, &len), "a ring that a killed process had locked is emptied");
    ok(um_shmtable_get(table, pool, other, &value, &len), "the other parts are not");
    is_int((long long)um_shmtable_count(table), 1, "the emptied ring is counted as empty");
    um_shmtable_put(table, key, "three", 6);
    ok(um_shmtable_get(table, pool, key, &value, &len) && len == 6 && strcmp(value, "three") == 0,
       "the emptied ring is used again");
}

/* Part and bucket are found by the first bytes of a key; whose entry it is, by all of them. */
static void test_like_keys(void)
{
    um_shmtable_t *table = um_shmtable_attach(pool, fresh(MB), MB);
    unsigned char keys[3][UM_SHMTABLE_KEY] = { "12345678", "12345678", "12345678" };
    const void *value;
    apr_size_t len;

    keys[1][8] = 1;
    keys[2][15] = 1;
    um_shmtable_put(table, keys[0], "zero", 5);
    ok(!um_shmtable_get(table, pool, keys[1], &value, &len), "a key with the same 8 bytes at the start has no value");
    um_shmtable_put(table, keys[1], "one", 4);
    um_shmtable_put(table, keys[2], "two", 4);
    ok(um_shmtable_get(table, pool, keys[0], &value, &len) && strcmp(value, "zero") == 0
       && um_shmtable_get(table, pool, keys[1], &value, &len) && strcmp(value, "one") == 0
       && um_shmtable_get(table, pool, keys[2], &value, &len) && strcmp(value, "two") == 0, "each has its own");
    um_shmtable_remove(table, keys[0]);
    ok(!um_shmtable_get(table, pool, keys[0], &value, &len) && um_shmtable_get(table, pool, keys[2], &value, &len),
       "a damaged value is removed alone");
}

static void test_lies(void)
{
    static const apr_uint32_t lengths[] = { 0xFFFFFFFF, UM_SHMTABLE_LONGEST + 1, UM_SHMTABLE_LONGEST, 200 };
    static const apr_uint32_t heads[] = { 0, 1, 0x7FFFFFFF, 0xFFFFFFFF };
    void *memory = fresh(MB);
    um_shmtable_t *table = um_shmtable_attach(pool, memory, MB);
    unsigned char key[UM_SHMTABLE_KEY];
    const void *value;
    apr_size_t len;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        put(table, 1, "short");
        memcpy(slot_of(memory, key_of(1, key)) + 8, &lengths[i], 4);
        ok(!um_shmtable_get(table, pool, key, &value, &len), "an entry of 6 bytes that says it has %u is not there",
           lengths[i]);
    }
    put(table, 1, text_of(1, 300));
    memset(slot_of(memory, key_of(1, key)) + 4, 0xFF, 4);
    ok(!get(table, pool, 1), "one that goes on where no slot is neither");
    put(table, 1, "short");
    memset(slot_of(memory, key_of(1, key)), 0xFF, 4);
    put(table, 1, "again");
    put(table, 2, "other");
    is_text(get(table, pool, 2), "other", "the table works after a damaged value");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        apr_uint32_t *head = memory, was[2] = { head[0], head[1] };

        head[i % 2] = heads[i];
        ok(!um_shmtable_attach(pool, memory, MB), "a head that tells of %u slots or buckets is refused", heads[i]);
        is_text(get(table, pool, 2), "other", "whoever is attached goes on");
        memcpy(head, was, sizeof(was));
    }
    ok(!um_shmtable_attach(pool, memory, 2 * MB), "memory of another size is refused");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_one();
    test_forgetting();
    test_hundred_thousand();
    test_threads();
    test_kills();
    test_stopped();
    test_dead_holder();
    test_like_keys();
    test_lies();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
