/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "signature_cache.h"

#include <apr_general.h>
#include <apr_thread_proc.h>

#define THREADS 4
#define ROUNDS 20000

static apr_pool_t *pool;

/* Digests that all fall into one set, whatever the number of sets: only bytes behind the first eight differ. */
static const unsigned char *in_one_set(unsigned char digest[32], int number)
{
    memset(digest, 0, 32);
    digest[31] = (unsigned char)number;
    return digest;
}

static const unsigned char *spread(const um_signature_cache_t *cache, unsigned char digest[32], int number)
{
    um_signature_cache_digest(cache, &number, sizeof(number), digest);
    return digest;
}

static void test_known(um_signature_cache_t *cache)
{
    unsigned char digest[32], other[32];
    int i, near = 0;

    memset(digest, 0, sizeof(digest));
    ok(!um_signature_cache_knows(cache, digest), "an empty cache knows nothing, not even all zeros");
    spread(cache, digest, 1);
    ok(!um_signature_cache_knows(cache, digest), "a digest is not known before it was added");
    ok(!um_signature_cache_knows(cache, digest), "asking for a digest does not add it");
    um_signature_cache_add(cache, digest);
    um_signature_cache_add(cache, digest);
    ok(um_signature_cache_knows(cache, digest), "a digest is known once it was added");
    for (i = 0; i < 256; i++) {
        memcpy(other, digest, sizeof(other));
        other[i / 8] ^= (unsigned char)(1 << i % 8);
        near += um_signature_cache_knows(cache, other);
    }
    is_int(near, 0, "no digest that differs in one bit is known");
}

static void test_digest(um_signature_cache_t *cache)
{
    static const unsigned char abc[32] = {                                  /* FIPS 180-2 B.1 */
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
    };
    unsigned char digest[32];

    ok(um_signature_cache_digest(cache, "abc", 3, digest) == APR_SUCCESS && memcmp(digest, abc, 32) == 0,
       "the digest is SHA-256");
}

static void test_replacement(void)
{
    unsigned char digest[32];
    um_signature_cache_t *cache;
    int i, known = 0;

    um_signature_cache_create(pool, 0, &cache);
    for (i = 0; i < 8; i++) {
        um_signature_cache_add(cache, in_one_set(digest, i));
    }
    for (i = 0; i < 8; i++) {
        known += um_signature_cache_knows(cache, in_one_set(digest, i));
    }
    is_int(known, 8, "eight digests of one set are held");
    um_signature_cache_knows(cache, in_one_set(digest, 0));
    um_signature_cache_add(cache, in_one_set(digest, 8));
    ok(um_signature_cache_knows(cache, in_one_set(digest, 8)), "the ninth is held");
    ok(um_signature_cache_knows(cache, in_one_set(digest, 0)), "the one seen just before is still held");
    ok(!um_signature_cache_knows(cache, in_one_set(digest, 1)), "the one seen longest ago gave way");
    for (i = 2; i < 8; i++) {
        known += um_signature_cache_knows(cache, in_one_set(digest, i));
    }
    is_int(known, 14, "no other digest is known");
}

static void test_size(void)
{
    static const struct { apr_size_t asked; int held; } sizes[] = {{1, 8}, {8, 8}, {9, 16}, {1000, 1024}};
    unsigned char digest[32];
    um_signature_cache_t *cache;
    apr_size_t i;
    int j, known;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        um_signature_cache_create(pool, sizes[i].asked, &cache);
        for (j = known = 0; j < 40000; j++) {
            um_signature_cache_add(cache, spread(cache, digest, j));
        }
        for (j = 0; j < 40000; j++) {
            known += um_signature_cache_knows(cache, spread(cache, digest, j));
        }
        is_int(known, sizes[i].held, "a full cache holds its size and no more");
    }
    is_int(um_signature_cache_create(pool, UM_SIGNATURE_CACHE_MAX, &cache), APR_SUCCESS,
           "a cache of the largest size is created");
    is_int(um_signature_cache_create(pool, UM_SIGNATURE_CACHE_MAX + 1, &cache), APR_EINVAL, "one more is refused");
    is_int(um_signature_cache_create(pool, (apr_size_t)-1, &cache), APR_EINVAL, "the largest number is refused");
}

typedef struct hammer_t {
    um_signature_cache_t *cache;
    int wrong;
} hammer_t;

/* Even numbers are added and never odd ones. Returns rather than exits: AddressSanitizer trips over pthread_exit. */
static void *APR_THREAD_FUNC hammer(apr_thread_t *thread, void *data)
{
    hammer_t *mine = data;
    unsigned char digest[32];
    int i;

    (void)thread;
    for (i = 0; i < ROUNDS; i++) {
        um_signature_cache_add(mine->cache, spread(mine->cache, digest, i % 500 * 2));
        mine->wrong += um_signature_cache_knows(mine->cache, spread(mine->cache, digest, i % 500 * 2 + 1));
    }
    return NULL;
}

static void test_threads(void)
{
    hammer_t mine[THREADS] = {{0}};
    apr_thread_t *threads[THREADS];
    um_signature_cache_t *cache;
    apr_status_t status;
    int i, wrong = 0;

    um_signature_cache_create(pool, 256, &cache);
    for (i = 0; i < THREADS; i++) {
        mine[i].cache = cache;
        apr_thread_create(&threads[i], NULL, hammer, &mine[i], pool);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        wrong += mine[i].wrong;
    }
    is_int(wrong, 0, "four threads at once: nothing known that was never added");
}

int main(void)
{
    um_signature_cache_t *cache;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    is_int(um_signature_cache_create(pool, 4096, &cache), APR_SUCCESS, "a cache is created");
    test_known(cache);
    test_digest(cache);
    test_replacement();
    test_size();
    test_threads();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
