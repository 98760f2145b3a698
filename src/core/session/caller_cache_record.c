/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache_record.h"

#include "core_settings.h"

#include <apr_atomic.h>
#include <apr_hash.h>
#include <stddef.h>
#include <string.h>

/* The last bytes are the most random ones of a UUID of any version. */
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

/* --- the bytes of an entry: the record, then each text of the identity with its terminating zero --- */

/* Where in an identity its texts are. The user's id is in the record; the session's id is there for tokens. */
static const size_t text_offsets[] = {
#define OFFSET(name, label, kind, longest, registration, update, identity) \
    UM_PROFILE_IF_PUBLIC(identity, offsetof(um_identity_t, name),)
    UM_PROFILE(OFFSET)
#undef OFFSET
    offsetof(um_identity_t, groups), offsetof(um_identity_t, custom)
};

#define TEXTS (sizeof(text_offsets) / sizeof(text_offsets[0]))

static const char **text_of(const um_identity_t *identity, apr_size_t i)
{
    return (const char **)((char *)identity + text_offsets[i]);
}

apr_uint32_t um_caller_cache_record_form(void)
{
#define NAME(name, label, kind, longest, registration, update, identity) UM_PROFILE_IF_PUBLIC(identity, #name " ")
    static const char names[] = UM_PROFILE(NAME) "groups custom";
#undef NAME
    apr_ssize_t len = sizeof(names);

    return apr_hashfunc_default(names, &len);
}

void um_caller_cache_put(const um_ctx_t *ctx, const um_caller_cache_key_t key, um_caller_cache_record_t *record,
                         const um_identity_t *identity)
{
    const char *texts[TEXTS];
    apr_size_t sizes[TEXTS];
    apr_size_t size = sizeof(*record);
    unsigned char *bytes;
    unsigned char *at;

    for (apr_size_t i = 0; i < TEXTS; i++) {
        texts[i] = *text_of(identity, i) ? *text_of(identity, i) : "";
        sizes[i] = strlen(texts[i]) + 1;
        size += sizes[i];
    }
    record->is_staff = (unsigned char)identity->is_staff;
    at = bytes = apr_palloc(ctx->pool, size);
    memcpy(at, record, sizeof(*record));
    at += sizeof(*record);
    for (apr_size_t i = 0; i < TEXTS; i++) {
        memcpy(at, texts[i], sizes[i]);
        at += sizes[i];
    }
    um_shmtable_put(ctx->site->caller_cache->table, key, bytes, size);
}

int um_caller_cache_get(const um_ctx_t *ctx, const um_caller_cache_key_t key, const um_caller_cache_record_t **record,
                        um_identity_t *identity)
{
    const void *value;
    const char *at;
    apr_size_t len;

    if (!um_shmtable_get(ctx->site->caller_cache->table, ctx->pool, key, &value, &len) || len < sizeof(**record) + TEXTS
        || ((const char *)value)[len - 1] != '\0') {
        return 0;
    }
    *record = value;
    *identity = (um_identity_t){
        .user_id = um_random_uuid_text(ctx->pool, (*record)->user_id),
        .expires_at = (*record)->expires_at,
        .is_staff = (*record)->is_staff,
    };
    at = (const char *)value + sizeof(**record);
    for (apr_size_t i = 0; i < TEXTS; i++) {
        if (at >= (const char *)value + len) {
            return 0;
        }
        *text_of(identity, i) = at;
        at += strlen(at) + 1;
    }
    return 1;
}

int um_caller_cache_is_fresh(const um_ctx_t *ctx, const um_caller_cache_record_t *record, apr_int64_t grace)
{
    apr_interval_time_t limit = apr_time_from_sec(ctx->settings->revocation_delay + grace);
    apr_interval_time_t age = ctx->now - record->checked_at;

    /* The answer may be a little newer than this request's time, when another request asked meanwhile. When it is newer
     * by more than a second, the clock was set back. */
    return limit > 0 && age <= limit && age >= -apr_time_from_sec(1) && record->ends_at > um_ctx_seconds(ctx)
           && record->epoch == um_caller_cache_epoch(ctx, record->user_id);
}
