/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache_record.h"

#include <apr_atomic.h>
#include <string.h>

#define TEXTS 5

/* The last bytes of an id of any version are its most random ones. */
static apr_uint32_t *epoch_of(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES])
{
    unsigned number = (unsigned)user_id[UM_RANDOM_UUID_BYTES - 2] << 8 | user_id[UM_RANDOM_UUID_BYTES - 1];

    return &ctx->site->caller_cache->shared->epochs[number];
}

apr_uint32_t um_caller_cache_epoch(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES])
{
    return ctx->site->caller_cache ? apr_atomic_read32(epoch_of(ctx, user_id)) : 0;
}

void um_caller_cache_advance(const um_ctx_t *ctx, const unsigned char user_id[UM_RANDOM_UUID_BYTES])
{
    if (ctx->site->caller_cache) {
        apr_atomic_inc32(epoch_of(ctx, user_id));
    }
}

um_identity_t um_caller_cache_identity(const um_user_t *user, const char *groups)
{
    return (um_identity_t){
        .user_id = user->id,
        .username = user->username,
        .first_name = user->first_name,
        .last_name = user->last_name,
        .email = user->email,
        .groups = groups,
        .is_staff = user->is_staff,
    };
}

/* --- to bytes and back: the record, then the identity's texts with the zeros at their ends --- */

void um_caller_cache_put(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t *record,
                         const um_identity_t *identity)
{
    const char *const texts[TEXTS] = { identity->username, identity->first_name, identity->last_name, identity->email,
                                       identity->groups };
    apr_size_t sizes[TEXTS];
    apr_size_t size = sizeof(*record);
    unsigned char *bytes;
    unsigned char *at;

    for (int i = 0; i < TEXTS; i++) {
        sizes[i] = strlen(texts[i]) + 1;
        size += sizes[i];
    }
    at = bytes = apr_palloc(ctx->pool, size);
    memcpy(at, record, sizeof(*record));
    at += sizeof(*record);
    for (int i = 0; i < TEXTS; i++) {
        memcpy(at, texts[i], sizes[i]);
        at += sizes[i];
    }
    um_shmtable_put(ctx->site->caller_cache->table, key, bytes, size);
}

int um_caller_cache_get(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t **record,
                        um_identity_t *identity)
{
    const void *value;
    const char *texts[TEXTS];
    const char *at;
    apr_size_t len;

    if (!um_shmtable_get(ctx->site->caller_cache->table, ctx->pool, key, &value, &len) || len < sizeof(**record) + TEXTS
        || ((const char *)value)[len - 1] != '\0') {
        return 0;
    }
    *record = value;
    at = (const char *)value + sizeof(**record);
    for (int i = 0; i < TEXTS; i++) {
        if (at >= (const char *)value + len) {
            return 0;
        }
        texts[i] = at;
        at += strlen(at) + 1;
    }
    *identity = (um_identity_t){
        .user_id = um_random_uuid_text(ctx->pool, (*record)->user_id),
        .username = texts[0],
        .first_name = texts[1],
        .last_name = texts[2],
        .email = texts[3],
        .groups = texts[4],
        .expires_at = (*record)->expires_at,
        .is_staff = (*record)->is_staff,
    };
    return 1;
}

int um_caller_cache_is_fresh(const um_ctx_t *ctx, const um_caller_cache_record_t *record, apr_interval_time_t grace)
{
    apr_interval_time_t limit = ctx->site->revocation_delay + grace;
    apr_interval_time_t age = ctx->now - record->checked_at;

    /* A request that began before another one asked is a little younger than its answer; more than that is a clock that
     * was set back. */
    return limit > 0 && age <= limit && age >= -apr_time_from_sec(1) && record->ends_at > um_ctx_seconds(ctx)
           && record->epoch == um_caller_cache_epoch(ctx, record->user_id);
}
