/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache_login.h"

#include "caller_cache_record.h"
#include "core_settings.h"
#include "hmackey.h"
#include "store.h"
#include "store_group.h"
#include "store_user.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

/* A zero separates name and password. A name contains no zero, so no other pair gives the same bytes. */
static int make_login_key(const um_ctx_t *ctx, const char *username_key, um_secret_t password,
                          um_caller_cache_key_t key)
{
    apr_size_t name = strlen(username_key) + 1;
    apr_size_t len = UM_SHMTABLE_KEY + name + password.len;
    unsigned char *bytes = apr_palloc(ctx->pool, len);
    unsigned char mac[UM_HMACKEY_SIG];
    int good;

    memcpy(bytes, ctx->site->cache_scope, UM_SHMTABLE_KEY);
    memcpy(bytes + UM_SHMTABLE_KEY, username_key, name);
    memcpy(bytes + UM_SHMTABLE_KEY + name, password.text, password.len);
    good = um_hmackey_sign(ctx->site->caller_cache->key, bytes, len, mac) == APR_SUCCESS;
    memcpy(key, mac, UM_SHMTABLE_KEY);
    um_wipe(bytes, len);
    return good;
}

/* Reads the record's account and caches it. UM_ABSENT: it has changed since the password was verified. */
static um_status_e ask_account(um_ctx_t *ctx, const um_caller_cache_key_t key, um_caller_cache_record_t *record,
                               const um_identity_t **identity)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *user;
    const char *groups;
    unsigned char version[UM_RANDOM_UUID_BYTES];
    um_identity_t found;

    record->epoch = um_caller_cache_epoch(ctx, record->user_id);
    if (um_store_group_user(&call, um_random_uuid_text(ctx->pool, record->user_id), &user, &groups) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!user || !user->is_active || !um_random_uuid_bytes(user->version, version)
        || memcmp(version, record->other, sizeof(version)) != 0) {
        if (key) {
            um_shmtable_remove(ctx->site->caller_cache->table, key);
        }
        return UM_ABSENT;
    }
    found = um_identity_of(ctx, user, groups);
    record->checked_at = ctx->now;
    if (key) {
        um_caller_cache_put(ctx, key, record, &found);
    }
    *identity = apr_pmemdup(ctx->pool, &found, sizeof(found));
    return UM_OK;
}

/* Whether a record is valid while the database is unreachable, which extends it by the grace. This holds also for a
 * record whose password must be hashed again, because verifying it needs the database. */
static int is_valid_meanwhile(const um_ctx_t *ctx, const um_caller_cache_record_t *cached)
{
    um_caller_cache_record_t longer = *cached;

    longer.ends_at += ctx->settings->database_grace;
    return um_caller_cache_is_fresh(ctx, &longer, ctx->settings->database_grace);
}

um_status_e um_caller_cache_login(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                  const um_identity_t **identity)
{
    um_caller_cache_key_t key;
    const um_caller_cache_record_t *cached;
    um_caller_cache_record_t record;
    um_identity_t found;
    um_status_e status;

    if (!ctx->site->caller_cache || !ctx->settings->basic_cache || !make_login_key(ctx, username_key, password, key)
        || !um_caller_cache_get(ctx, key, &cached, &found)
        || cached->ends_at + ctx->settings->database_grace <= um_ctx_seconds(ctx)) {
        return UM_ABSENT;
    }
    if (um_caller_cache_is_fresh(ctx, cached, 0)) {
        *identity = apr_pmemdup(ctx->pool, &found, sizeof(found));
        return UM_OK;
    }
    record = *cached;
    status = ask_account(ctx, key, &record, identity);
    if (status == UM_UNAVAILABLE && is_valid_meanwhile(ctx, cached)) {
        *identity = apr_pmemdup(ctx->pool, &found, sizeof(found));
        return UM_OK;
    }
    if (status == UM_OK && cached->ends_at <= um_ctx_seconds(ctx)) {
        *identity = NULL;
        return UM_ABSENT;
    }
    return status;
}

um_status_e um_caller_cache_login_add(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                      const um_user_t *user, const um_identity_t **identity)
{
    um_caller_cache_key_t key;
    um_caller_cache_record_t record = { .verdict = UM_OK, .ends_at = um_ctx_seconds(ctx) + ctx->settings->basic_cache };
    int has_key = ctx->site->caller_cache && ctx->settings->basic_cache && make_login_key(ctx, username_key, password,
                                                                                          key);

    if (!um_random_uuid_bytes(user->id, record.user_id) || !um_random_uuid_bytes(user->version, record.other)) {
        return UM_ABSENT;
    }
    return ask_account(ctx, has_key ? key : NULL, &record, identity);
}
