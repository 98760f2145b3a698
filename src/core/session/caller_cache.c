/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"

#include "caller_cache_record.h"
#include "hmackey.h"
#include "keyring.h"
#include "session.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

/* --- the memory --- */

/* Of records and what is beside the table: the same bytes with another meaning need another number. */
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
    return apr_psprintf(pool, "callers %d/%d/%d, %s", VERSION, (int)sizeof(um_caller_cache_shared_t),
                        (int)sizeof(um_caller_cache_record_t), um_shmtable_form(pool));
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

    /* With the zeros at their ends, so that no text runs into the next. */
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

/* --- a token --- */

/* A token that is looked for. */
typedef struct look_t {
    um_ctx_t *ctx;
    um_caller_cache_key_t key;
    int keeps;                          /* there is a key to keep it under */
    const um_caller_cache_record_t *kept;      /* NULL: none */
    um_identity_t identity;             /* of kept, then of what the database said */
    um_caller_cache_record_t record;           /* what is kept next */
} look_t;

/* Of the whole text, and of what else the answer depends on: two sites may share this memory and not their accounts. */
static int make_key(const um_ctx_t *ctx, const char *token, um_caller_cache_key_t key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    int good = EVP_Digest(token, strlen(token), digest, NULL, ctx->site->caller_cache->sha256, NULL) == 1;

    /* It does not fail but for want of memory: marks in the queue of errors would cost each caller as much again. */
    if (!good) {
        ERR_clear_error();
    }
    for (int i = 0; good && i < UM_SHMTABLE_KEY; i++) {
        key[i] = digest[i] ^ ctx->site->cache_scope[i];
    }
    return good;
}

/* The key must still be one that verifies: it may have been retired since. */
static void find_kept(look_t *look, const char *token)
{
    um_ctx_t *ctx = look->ctx;

    look->keeps = ctx->site->caller_cache && make_key(ctx, token, look->key);
    if (!look->keeps || !um_caller_cache_get(ctx, look->key, &look->kept, &look->identity)
        || look->kept->kid[UM_CALLER_CACHE_KID - 1]
        || !um_keyring_find((void *)ctx->site->keys, look->kept->kid)) {
        look->kept = NULL;
    }
}

static um_status_e say(look_t *look, const um_caller_cache_record_t *record, const um_identity_t **identity)
{
    um_ctx_t *ctx = look->ctx;

    if (record->verdict != UM_OK) {
        return um_session_say(ctx, record->verdict == UM_INACTIVE ? UM_INACTIVE : UM_BAD_TOKEN);
    }
    look->identity.session_id = um_random_uuid_text(ctx->pool, record->other);
    look->identity.expires_at = record->expires_at;
    *identity = apr_pmemdup(ctx->pool, &look->identity, sizeof(look->identity));
    return UM_OK;
}

/* The signature is checked, and what the token says is in the record. */
static um_status_e read_token(look_t *look, const char *token)
{
    um_token_t read;
    um_status_e status = um_token_read(look->ctx, token, &read);

    if (status == UM_OK) {
        (void)um_random_uuid_bytes(read.user_id, look->record.user_id);
        (void)um_random_uuid_bytes(read.session_id, look->record.other);
        look->record.expires_at = read.expires_at;
        look->record.begins_at = read.begins_at;
        apr_cpystrn(look->record.kid, read.kid, sizeof(look->record.kid));
    }
    return status;
}

/* What the database says of the record's session now. */
static um_status_e ask(look_t *look, const um_identity_t **identity)
{
    um_ctx_t *ctx = look->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_caller_cache_record_t *record = &look->record;
    um_session_state_t state;
    static const um_user_t nobody = { .username = "", .first_name = "", .last_name = "", .email = "" };

    record->epoch = um_caller_cache_epoch(ctx, record->user_id);
    if (um_store_session_state(&call, um_random_uuid_text(ctx->pool, record->other), &state) != APR_SUCCESS) {
        return look->kept && um_caller_cache_is_fresh(ctx, look->kept, ctx->site->database_grace)
                   ? say(look, look->kept, identity) : um_ctx_unavailable(ctx, &call);
    }
    record->verdict = um_session_judge(ctx, &state, um_random_uuid_text(ctx->pool, record->user_id));
    record->checked_at = ctx->now;
    /* A session that is over will not come back; for how long that is remembered, the delay says. */
    record->ends_at = record->verdict == UM_OK ? state.expires_at : record->expires_at;
    record->is_staff = state.user && state.user->is_staff;
    look->identity = um_caller_cache_identity(state.user ? state.user : &nobody, state.user ? state.groups : "");
    if (look->keeps) {
        um_caller_cache_put(ctx, look->key, record, &look->identity);
    }
    return say(look, record, identity);
}

um_status_e um_caller_cache_caller(um_ctx_t *ctx, const char *token, const um_identity_t **identity)
{
    look_t look = { .ctx = ctx };
    um_status_e status;

    find_kept(&look, token);
    if (!look.kept) {
        status = read_token(&look, token);
        return status == UM_OK ? ask(&look, identity) : status;
    }
    status = um_token_judge_times(ctx, look.kept->begins_at, look.kept->expires_at);
    if (status != UM_OK) {
        return status;
    }
    if (um_caller_cache_is_fresh(ctx, look.kept, 0)) {
        return say(&look, look.kept, identity);
    }
    look.record = *look.kept;
    return ask(&look, identity);
}
