/* SPDX-License-Identifier: Apache-2.0 */
#include "authenticate.h"

#include "caller_cache_record.h"
#include "core_settings.h"
#include "keyring.h"
#include "metric.h"
#include "opaque_token.h"
#include "session.h"
#include "store.h"
#include "store_session.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

/* Reads a token of this site, or an imported one. Both name a session, which is then judged in the same way. */
static um_status_e read_any_token(um_ctx_t *ctx, const char *text, um_token_t *token)
{
    *token = (um_token_t){ 0 };
    return um_opaque_token_is(text) ? um_opaque_token_read(ctx, text, token) : um_token_read(ctx, text, token);
}

/* --- fresh --- */

static um_status_e authenticate_fresh(um_ctx_t *ctx, const char *token, um_caller_t *caller)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_session_state_t state;
    um_token_t claims;
    um_status_e status = read_any_token(ctx, token, &claims);

    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_user(&call, claims.session_id, &state) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    status = um_session_judge(ctx, &state, claims.user_id);
    if (status == UM_OK) {
        *caller = (um_caller_t){ .session_id = claims.session_id, .user = state.user, .token = claims };
    }
    return status;
}

/* --- cached --- */

typedef struct lookup_t {
    um_ctx_t *ctx;
    int has_key;                            /* the site has a cache, and key is the token's */
    um_caller_cache_key_t key;
    const um_caller_cache_record_t *cached; /* NULL: not cached */
    um_caller_cache_record_t record;        /* the record to be cached next */
    um_identity_t identity;                 /* of cached; later of the database's answer */
} lookup_t;

/* The digest covers the whole text of the token. The scope is added because sites may share the memory but not their
 * accounts. */
static int make_token_key(const um_ctx_t *ctx, const char *token, um_caller_cache_key_t key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    int good = EVP_Digest(token, strlen(token), digest, NULL, ctx->site->caller_cache->sha256, NULL) == 1;

    /* This fails only when memory is short. ERR_set_mark() would cost each request as much as the digest itself. */
    if (!good) {
        ERR_clear_error();
    }
    for (int i = 0; good && i < UM_SHMTABLE_KEY; i++) {
        key[i] = digest[i] ^ ctx->site->cache_scope[i];
    }
    return good;
}

/* Whether the key that signed the token of a record still verifies: it may have been retired since. Nothing has signed
 * an imported token, whose kid is "". */
static int has_key(const um_ctx_t *ctx, const um_caller_cache_record_t *record)
{
    return !record->kid[UM_CALLER_CACHE_KID - 1]
           && (!record->kid[0] || um_keyring_find((void *)ctx->site->keys, record->kid));
}

static void find_cached(lookup_t *lookup, const char *token)
{
    um_ctx_t *ctx = lookup->ctx;

    lookup->has_key = ctx->site->caller_cache && make_token_key(ctx, token, lookup->key);
    if (!lookup->has_key || !um_caller_cache_get(ctx, lookup->key, &lookup->cached, &lookup->identity)
        || !has_key(ctx, lookup->cached)) {
        lookup->cached = NULL;
    }
}

/* Gives the verdict of a record, and the caller with UM_OK. */
static um_status_e answer(lookup_t *lookup, const um_caller_cache_record_t *record, um_caller_t *caller)
{
    um_ctx_t *ctx = lookup->ctx;

    if (record->verdict != UM_OK) {
        return um_session_verdict(ctx, record->verdict == UM_INACTIVE ? UM_INACTIVE : UM_BAD_TOKEN);
    }
    lookup->identity.session_id = um_random_uuid_text(ctx->pool, record->other);
    lookup->identity.expires_at = record->expires_at;
    caller->identity = apr_pmemdup(ctx->pool, &lookup->identity, sizeof(lookup->identity));
    caller->session_id = lookup->identity.session_id;
    return UM_OK;
}

/* Verifies the token and fills the record's part that comes from it. */
static um_status_e read_token(lookup_t *lookup, const char *token)
{
    um_caller_cache_record_t *record = &lookup->record;
    um_token_t claims;
    um_status_e status = read_any_token(lookup->ctx, token, &claims);

    if (status == UM_OK) {
        (void)um_random_uuid_bytes(claims.user_id, record->user_id);
        (void)um_random_uuid_bytes(claims.session_id, record->other);
        record->expires_at = claims.expires_at;
        record->begins_at = claims.begins_at;
        apr_cpystrn(record->kid, claims.kid, sizeof(record->kid));
    }
    return status;
}

/* Asks the database about the record's session and caches the answer. */
static um_status_e ask_database(lookup_t *lookup, um_caller_t *caller)
{
    um_ctx_t *ctx = lookup->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_caller_cache_record_t *record = &lookup->record;
    um_session_state_t state;

    um_metric_count(ctx, UM_METRIC_TOKEN_MISSES);
    record->epoch = um_caller_cache_epoch(ctx, record->user_id);
    if (um_store_session_state(&call, um_random_uuid_text(ctx->pool, record->other), &state) != APR_SUCCESS) {
        return lookup->cached && um_caller_cache_is_fresh(ctx, lookup->cached, ctx->settings->database_grace)
                   ? answer(lookup, lookup->cached, caller) : um_ctx_unavailable(ctx, &call);
    }
    record->verdict = um_session_judge(ctx, &state, um_random_uuid_text(ctx->pool, record->user_id));
    record->checked_at = ctx->now;
    /* An ended session never becomes valid again. Its record is still used only for the revocation delay. */
    record->ends_at = record->verdict == UM_OK ? state.expires_at : record->expires_at;
    lookup->identity = state.user ? um_identity_of(ctx, state.user, state.groups) : (um_identity_t){ 0 };
    if (lookup->has_key) {
        um_caller_cache_put(ctx, lookup->key, record, &lookup->identity);
    }
    return answer(lookup, record, caller);
}

static um_status_e authenticate_cached(um_ctx_t *ctx, const char *token, um_caller_t *caller)
{
    lookup_t lookup = { .ctx = ctx };
    um_status_e status;

    find_cached(&lookup, token);
    if (!lookup.cached) {
        status = read_token(&lookup, token);
        return status == UM_OK ? ask_database(&lookup, caller) : status;
    }
    status = um_token_judge_times(ctx, lookup.cached->begins_at, lookup.cached->expires_at);
    if (status != UM_OK) {
        return status;
    }
    if (um_caller_cache_is_fresh(ctx, lookup.cached, 0)) {
        um_metric_count(ctx, UM_METRIC_TOKEN_HITS);
        return answer(&lookup, lookup.cached, caller);
    }
    lookup.record = *lookup.cached;
    return ask_database(&lookup, caller);
}

um_status_e um_authenticate(um_ctx_t *ctx, const char *token, um_freshness_e freshness, um_caller_t *caller)
{
    *caller = (um_caller_t){ 0 };
    return freshness == UM_FRESH ? authenticate_fresh(ctx, token, caller) : authenticate_cached(ctx, token, caller);
}
