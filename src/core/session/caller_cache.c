/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"

#include "caller_cache_record.h"
#include "ctx.h"
#include "hmackey.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <string.h>

/* Raise this when the meaning of the records or of um_caller_cache_shared_t changes but not their size. */
#define VERSION 1

#define ALIGNED_SHARED ((sizeof(um_caller_cache_shared_t) + 127) / 128 * 128)

apr_size_t um_caller_cache_size(apr_size_t table)
{
    return ALIGNED_SHARED + table;
}

apr_status_t um_caller_cache_init(void *memory, apr_size_t size)
{
    um_caller_cache_shared_t *shared = memory;
    apr_status_t rv = um_random_bytes(shared->secret, sizeof(shared->secret));

    return rv == APR_SUCCESS ? um_shmtable_init((char *)memory + ALIGNED_SHARED, size - ALIGNED_SHARED) : rv;
}

static apr_status_t free_sha256(void *data)
{
    EVP_MD_free(data);
    return APR_SUCCESS;
}

const char *um_caller_cache_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "callers %d/%d/%d/%x, %s", VERSION, (int)sizeof(um_caller_cache_shared_t),
                        (int)sizeof(um_caller_cache_record_t), (unsigned)um_caller_cache_record_form(),
                        um_shmtable_form(pool));
}

um_caller_cache_t *um_caller_cache_attach(apr_pool_t *pool, void *memory, apr_size_t size)
{
    um_caller_cache_t *cache = apr_pcalloc(pool, sizeof(*cache));

    cache->shared = memory;
    cache->table = um_shmtable_attach(pool, (char *)memory + ALIGNED_SHARED, size - ALIGNED_SHARED);
    if (!cache->table) {
        return NULL;
    }
    ERR_set_mark();
    cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    ERR_pop_to_mark();
    if (!cache->sha256) {
        return NULL;
    }
    apr_pool_cleanup_register(pool, cache->sha256, free_sha256, apr_pool_cleanup_null);
    return um_hmackey_create(pool, cache->shared->secret, sizeof(cache->shared->secret), &cache->key) == APR_SUCCESS
               ? cache : NULL;
}

void um_caller_cache_set_scope(um_site_t *site, const char *database)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    const char *const texts[] = { database, site->issuer, site->audience };
    EVP_MD_CTX *md = site->caller_cache ? EVP_MD_CTX_new() : NULL;
    int good = md && EVP_DigestInit_ex(md, site->caller_cache->sha256, NULL) == 1;

    /* Each text includes its terminating zero, so that no two sets of texts give the same bytes. */
    for (int i = 0; good && i < 3; i++) {
        good = EVP_DigestUpdate(md, texts[i], strlen(texts[i]) + 1) == 1;
    }
    good = good && EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    memcpy(site->cache_scope, digest, UM_CTX_SCOPE);
    if (!good) {
        site->caller_cache = NULL;
    }
}

void um_caller_cache_invalidate(const um_ctx_t *ctx, const char *user_id)
{
    unsigned char bytes[UM_RANDOM_UUID_BYTES];

    if (um_random_uuid_bytes(user_id, bytes)) {
        um_caller_cache_advance(ctx, bytes);
    }
}

void um_caller_cache_invalidate_all(const um_ctx_t *ctx)
{
    for (int i = 0; ctx->site->caller_cache && i < UM_CALLER_CACHE_EPOCHS; i++) {
        apr_atomic_inc32(&ctx->site->caller_cache->shared->epochs[i]);
    }
}
