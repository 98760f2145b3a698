/* SPDX-License-Identifier: Apache-2.0 */
#include "signature_cache.h"

#include <string.h>

#include <apr_thread_mutex.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define DIGEST 32
#define WAYS 8
#define STRIPES 64

typedef struct set_t {
    apr_uint32_t used;                     /* the number of ways that are filled, from the first on */
    unsigned char way[WAYS][DIGEST];       /* the most recently used comes first, the last one is evicted */
} set_t;

struct um_signature_cache_t {
    set_t *sets;
    apr_uint64_t set_mask;
    apr_thread_mutex_t *lock[STRIPES];
    EVP_MD *sha256;                        /* fetched once: each fetch waits for a lock of OpenSSL */
};

static apr_status_t free_sha256(void *data)
{
    EVP_MD_free(data);
    return APR_SUCCESS;
}

apr_status_t um_signature_cache_create(apr_pool_t *pool, apr_size_t entries, um_signature_cache_t **cache)
{
    um_signature_cache_t *made;
    apr_size_t sets = 1;
    apr_status_t status;
    int i;

    if (entries > UM_SIGNATURE_CACHE_MAX) {
        return APR_EINVAL;
    }
    while (sets * WAYS < entries) {
        sets *= 2;
    }
    made = apr_pcalloc(pool, sizeof(*made));
    made->sets = apr_pcalloc(pool, sets * sizeof(*made->sets));
    made->set_mask = sets - 1;
    for (i = 0; i < STRIPES; i++) {
        status = apr_thread_mutex_create(&made->lock[i], APR_THREAD_MUTEX_DEFAULT, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    ERR_set_mark();
    made->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ERR_pop_to_mark();
    if (made->sha256 == NULL) {
        return APR_EGENERAL;
    }
    apr_pool_cleanup_register(pool, made->sha256, free_sha256, apr_pool_cleanup_null);
    *cache = made;
    return APR_SUCCESS;
}

apr_status_t um_signature_cache_digest(const um_signature_cache_t *cache, const void *token, apr_size_t len,
                                       unsigned char digest[DIGEST])
{
    int good;

    ERR_set_mark();
    good = EVP_Digest(token, len, digest, NULL, cache->sha256, NULL) == 1;
    ERR_pop_to_mark();
    return good ? APR_SUCCESS : APR_EGENERAL;
}

/* A digest is as good as random, and only valid tokens are added, so its own bits spread over the sets evenly. */
static apr_uint64_t set_number(const um_signature_cache_t *cache, const unsigned char digest[DIGEST])
{
    apr_uint64_t bits;

    memcpy(&bits, digest, sizeof(bits));
    return bits & cache->set_mask;
}

/* The index of digest in set; set->used when it is not there. The lock is held. */
static apr_uint32_t find(const set_t *set, const unsigned char digest[DIGEST])
{
    apr_uint32_t i;

    for (i = 0; i < set->used; i++) {
        if (CRYPTO_memcmp(set->way[i], digest, DIGEST) == 0) {
            break;
        }
    }
    return i;
}

/* Puts digest first and moves those before place one back. The lock is held. */
static void put_first(set_t *set, const unsigned char digest[DIGEST], apr_uint32_t place)
{
    memmove(set->way[1], set->way[0], (size_t)place * DIGEST);
    memcpy(set->way[0], digest, DIGEST);
}

int um_signature_cache_knows(um_signature_cache_t *cache, const unsigned char digest[DIGEST])
{
    apr_uint64_t number = set_number(cache, digest);
    apr_thread_mutex_t *lock = cache->lock[number % STRIPES];
    set_t *set = &cache->sets[number];
    apr_uint32_t place;
    int known;

    if (apr_thread_mutex_lock(lock) != APR_SUCCESS) {
        return 0;
    }
    place = find(set, digest);
    known = place < set->used;
    if (known && place > 0) {
        put_first(set, digest, place);
    }
    apr_thread_mutex_unlock(lock);
    return known;
}

void um_signature_cache_add(um_signature_cache_t *cache, const unsigned char digest[DIGEST])
{
    apr_uint64_t number = set_number(cache, digest);
    apr_thread_mutex_t *lock = cache->lock[number % STRIPES];
    set_t *set = &cache->sets[number];
    apr_uint32_t place;

    if (apr_thread_mutex_lock(lock) != APR_SUCCESS) {
        return;
    }
    place = find(set, digest);
    if (place == set->used && set->used < WAYS) {
        set->used++;
    }
    put_first(set, digest, place < WAYS ? place : WAYS - 1);
    apr_thread_mutex_unlock(lock);
}
