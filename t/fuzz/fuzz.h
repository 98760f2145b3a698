/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FUZZ_H
#define UM_FUZZ_H
/* What the fuzz targets share. A target includes this header and defines fuzz_check(), which looks at one input. It is
 * built twice: by ./runtests with replay.c, which replays the corpus, and by t/fuzz/run with libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Checks one input: size bytes, with a NUL behind them. The pool and everything in it lives until the return. */
static void fuzz_check(apr_pool_t *pool, const char *text, size_t size);

static inline void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/** Ends the program when the condition is false, which libFuzzer and replay.c report as a finding. */
#define need(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))

/* --- memory --- */

/* A pool of APR hands out pieces of large blocks, and so the address sanitizer does not see a write behind the end of a
 * piece. This definition comes before the one in libapr, and gives each piece a block of its own while an input is
 * being checked. */
static struct {
    void **blocks;
    size_t count, room;
    int is_on;
} fuzz_memory;

static apr_pool_t *fuzz_parent;

__attribute__((visibility("default"))) void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    static union { char bytes[1 << 20]; long double aligned; } early;
    static size_t used;
    void *block;

    if (!fuzz_memory.is_on) {
        /* The few pieces that live as long as the process. */
        used = (used + 15) & ~(size_t)15;
        need(size <= sizeof(early) - used);
        used += size;
        return early.bytes + used - size;
    }
    (void)pool;
    block = malloc(size ? size : 1);
    need(block);
    if (fuzz_memory.count == fuzz_memory.room) {
        fuzz_memory.room = fuzz_memory.room ? 2 * fuzz_memory.room : 1024;
        fuzz_memory.blocks = realloc(fuzz_memory.blocks, fuzz_memory.room * sizeof(void *));
        need(fuzz_memory.blocks);
    }
    return fuzz_memory.blocks[fuzz_memory.count++] = block;
}

static void fuzz_free_all(void)
{
    while (fuzz_memory.count) {
        free(fuzz_memory.blocks[--fuzz_memory.count]);
    }
}

/* --- the input --- */

/* No input of a few kilobytes may keep a thread busy for that long: the time must not grow faster than the input. */
#define FUZZ_MOST_MS 1500

static apr_int64_t fuzz_ms(void)
{
    struct timespec now;

    need(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (apr_int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    apr_int64_t began = fuzz_ms();
    char *text = malloc(size + 1);

    need(text);
    if (!fuzz_parent) {
        need(apr_initialize() == APR_SUCCESS && apr_pool_create(&fuzz_parent, NULL) == APR_SUCCESS);
    }
    memcpy(text, data, size);
    text[size] = '\0';
    need(apr_pool_create(&pool, fuzz_parent) == APR_SUCCESS);
    fuzz_memory.is_on = 1;
    fuzz_check(pool, text, size);
    apr_pool_destroy(pool);
    fuzz_memory.is_on = 0;
    fuzz_free_all();
    free(text);
    need(size > 65536 || fuzz_ms() - began < FUZZ_MOST_MS);
    return 0;
}

/* --- for the checks --- */

/** A copy of size bytes without a NUL behind them, so that a sanitizer sees a read of one byte too many. */
static inline char *fuzz_exact(apr_pool_t *pool, const char *text, size_t size)
{
    char *copy = apr_palloc(pool, size);

    memcpy(copy, text, size);
    return copy;
}

/** Cuts the next line off the front of *at, without its line feed. At the end of the text it is "". */
static inline char *fuzz_line(apr_pool_t *pool, const char **at)
{
    size_t len = strcspn(*at, "\n");
    char *line = apr_pstrmemdup(pool, *at, len);

    *at += len + ((*at)[len] == '\n');
    return line;
}

/** Whether all bytes of a text are printable ASCII. */
static inline int fuzz_is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~') {
        text++;
    }
    return *text == '\0';
}
#endif
