/* SPDX-License-Identifier: Apache-2.0 */
#include "refresh.h"

#include "base64url.h"
#include "caller_cache.h"
#include "core_settings.h"
#include "hmackey.h"
#include "random.h"
#include "session.h"
#include "store.h"
#include "store_user.h"
#include "token.h"
#include "wipe.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define SALT_BYTES 32

/* A token's bytes, in their order. */
typedef struct parts_t {
    unsigned char id[16];
    unsigned char family[16];
    unsigned char secret[UM_HMACKEY_SIG];
} parts_t;

/* A token at work. */
typedef struct work_t {
    parts_t parts;
    const char *id;             /* of the session, as text */
    const char *secret_hash;
    um_session_refresh_t row;
} work_t;

/* --- text --- */

static const char *hash_of(apr_pool_t *pool, const void *bytes, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    return EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL)
           ? um_base64url_encode(pool, digest, digest_len) : NULL;
}

static int is_same(const char *a, const char *b)
{
    apr_size_t len = a ? strlen(a) : 0;

    return len && len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

static const char *print(apr_pool_t *pool, const parts_t *parts)
{
    return apr_pstrcat(pool, UM_REFRESH_PREFIX, um_base64url_encode(pool, parts, sizeof(*parts)), NULL);
}

static int parse(apr_pool_t *pool, const char *text, work_t *work)
{
    const apr_size_t prefix = strlen(UM_REFRESH_PREFIX), len = (sizeof(parts_t) * 4 + 2) / 3;
    unsigned char *bytes;
    apr_size_t count;

    if (strncmp(text, UM_REFRESH_PREFIX, prefix) != 0 || strlen(text) != prefix + len
        || um_base64url_decode(pool, text + prefix, len, &bytes, &count) != APR_SUCCESS) {
        return 0;
    }
    memcpy(&work->parts, bytes, sizeof(parts_t));
    um_wipe(bytes, count);
    work->id = um_random_uuid_text(pool, work->parts.id);
    work->secret_hash = hash_of(pool, work->parts.secret, sizeof(work->parts.secret));
    return work->secret_hash != NULL;
}

/* --- giving one --- */

/* How long a session waits for its next refresh; its token has to be good for as long as it says. */
static apr_int64_t waits(const um_ctx_t *ctx)
{
    return ctx->settings->session_idle > ctx->settings->token_lifetime ? ctx->settings->session_idle
                                                                       : ctx->settings->token_lifetime;
}

um_status_e um_refresh_add(um_ctx_t *ctx, um_session_new_t *session)
{
    um_session_t *record = &session->record;
    parts_t parts;

    if (!ctx->settings->session_idle) {
        return UM_OK;
    }
    if (!um_random_uuid_bytes(record->id, parts.id)
        || um_random_bytes(parts.family, sizeof(parts.family)) != APR_SUCCESS
        || um_random_bytes(parts.secret, sizeof(parts.secret)) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    record->family_hash = hash_of(ctx->pool, parts.family, sizeof(parts.family));
    record->refresh_hash = hash_of(ctx->pool, parts.secret, sizeof(parts.secret));
    record->expires_at = um_session_until(ctx, waits(ctx), record->ends_at);
    session->refresh_token = print(ctx->pool, &parts);
    um_wipe(&parts, sizeof(parts));
    return record->family_hash && record->refresh_hash ? UM_OK : um_ctx_failed(ctx, "a token could not be hashed");
}

/* --- looking --- */

static um_status_e refuse(um_ctx_t *ctx, const char *cause)
{
    ctx->cause = cause;
    return UM_BAD_TOKEN;
}

static um_status_e look(um_ctx_t *ctx, work_t *work)
{
    um_store_call_t call = um_ctx_store(ctx);
    const um_session_refresh_t *row = &work->row;

    if (um_store_session_refresh(&call, work->id, &work->row) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!row->user || !is_same(row->family_hash, hash_of(ctx->pool, work->parts.family, sizeof(work->parts.family)))) {
        return refuse(ctx, "a refresh token of no session");
    }
    return um_session_judge(ctx, &(um_session_state_t){ row->user, row->is_valid, row->expires_at, NULL },
                            row->user->id);
}

static um_status_e find(um_ctx_t *ctx, const char *text, work_t *work)
{
    if (!ctx->settings->session_idle) {
        return refuse(ctx, "sessions are not refreshed here");
    }
    if (!parse(ctx->pool, text, work)) {
        return refuse(ctx, "not a refresh token");
    }
    return look(ctx, work);
}

static int is_present(const work_t *work)
{
    return is_same(work->row.refresh_hash, work->secret_hash);
}

/* --- those that were replaced --- */

/* As many are remembered beside the last one. */
#define MOST_EARLIER 8

/* A token that was replaced: by which salt, and when. */
typedef struct link_t {
    const char *hash, *salt;
    apr_int64_t at;
} link_t;

/* Of a session, those that may still be used, the newest first. The clocks of nodes differ: one that was replaced in a
 * moment to come was replaced just now. */
static int links_of(const um_ctx_t *ctx, const um_session_refresh_t *row, link_t *links)
{
    char *rest = apr_pstrdup(ctx->pool, row->earlier_hashes), *last = NULL, *salt, *at;
    link_t link = { row->previous_hash, row->refresh_salt, row->rotated_at };
    int count = 0;

    while (link.hash && count <= MOST_EARLIER && um_ctx_seconds(ctx) - link.at < ctx->settings->refresh_grace) {
        links[count++] = link;
        link.hash = apr_strtok(rest, " ", &last);
        salt = link.hash ? apr_strtok(NULL, " ", &last) : NULL;
        at = salt ? apr_strtok(NULL, " ", &last) : NULL;
        link = at ? (link_t){ link.hash, salt, apr_atoi64(at) } : (link_t){ 0 };
        rest = NULL;
    }
    return count;
}

/* Where the shown token is among them; count: nowhere. */
static int position(const work_t *work, const link_t *links, int count)
{
    int found = count;

    for (int i = count; i-- > 0; ) {
        found = is_same(links[i].hash, work->secret_hash) ? i : found;
    }
    return found;
}

static int is_in_grace(const um_ctx_t *ctx, const work_t *work)
{
    link_t links[MOST_EARLIER + 1];
    int count = links_of(ctx, &work->row, links);

    return position(work, links, count) < count;
}

um_status_e um_refresh_find(um_ctx_t *ctx, const char *text, um_refresh_t *refresh)
{
    work_t work = { 0 };
    um_status_e status = find(ctx, text, &work);

    if (status == UM_OK) {
        *refresh = (um_refresh_t){
            .user = work.row.user,
            .session_id = work.id,
            .created_at = work.row.created_at,
            .expires_at = work.row.expires_at,
            .is_good = is_present(&work) || is_in_grace(ctx, &work),
        };
    }
    um_wipe(&work.parts, sizeof(work.parts));
    return status;
}

/* --- using --- */

/* Makes parts those of the token that follows under a salt. */
static int follow(um_ctx_t *ctx, parts_t *parts, const char *salt)
{
    unsigned char secret[sizeof(parts->secret)];
    um_hmackey_t *key;
    int good = um_hmackey_create(ctx->pool, (const unsigned char *)salt, strlen(salt), &key) == APR_SUCCESS
               && um_hmackey_sign(key, parts->secret, sizeof(parts->secret), secret) == APR_SUCCESS;

    if (good) {
        memcpy(parts->secret, secret, sizeof(secret));
    }
    um_wipe(secret, sizeof(secret));
    return good;
}

/* The token of parts and its hash, and wipes them. */
static um_status_e give(um_ctx_t *ctx, parts_t *parts, int good, const char **token, const char **hash)
{
    *hash = good ? hash_of(ctx->pool, parts->secret, sizeof(parts->secret)) : NULL;
    *token = *hash ? print(ctx->pool, parts) : NULL;
    um_wipe(parts, sizeof(*parts));
    return *hash ? UM_OK : um_ctx_failed(ctx, "a refresh token could not be made");
}

/* The present token for one that was replaced a moment ago. *token NULL: it is none of those, or an older version of
 * the module has replaced one since and kept nothing of the others. */
static um_status_e catch_up(um_ctx_t *ctx, const work_t *work, const char **token)
{
    link_t links[MOST_EARLIER + 1];
    int count = links_of(ctx, &work->row, links);
    int i = position(work, links, count), good = 1;
    parts_t parts = work->parts;
    const char *hash;
    um_status_e status;

    *token = NULL;
    if (i == count) {
        um_wipe(&parts, sizeof(parts));
        return UM_OK;
    }
    for (; good && i >= 0; i--) {
        good = follow(ctx, &parts, links[i].salt);
    }
    status = give(ctx, &parts, good, token, &hash);
    if (status == UM_OK && !is_same(work->row.refresh_hash, hash)) {
        *token = NULL;
    }
    return status;
}

/* What is to be remembered of those before the present one. */
static const char *earlier(um_ctx_t *ctx, const work_t *work)
{
    link_t links[MOST_EARLIER + 1];
    int count = links_of(ctx, &work->row, links);
    const char *text = "";

    for (int i = 0; i < count && i < MOST_EARLIER; i++) {
        text = apr_psprintf(ctx->pool, "%s%s%s %s %" APR_INT64_T_FMT, text, i ? " " : "", links[i].hash, links[i].salt,
                            links[i].at);
    }
    return text;
}

/* Replaces the present token. *won = 0: somebody else did, or the session ended; then the row is read anew. */
static um_status_e rotate(um_ctx_t *ctx, work_t *work, const char **token, int *won)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_session_rotation_t rotation = {
        .id = work->id,
        .old_hash = work->secret_hash,
        .earlier_hashes = earlier(ctx, work),
        .address = um_session_plain(ctx->pool, ctx->address),
        .user_agent = um_session_plain(ctx->pool, ctx->user_agent),
        .now = um_ctx_seconds(ctx),
        .expires_at = um_session_until(ctx, waits(ctx), work->row.ends_at),
    };
    parts_t next = work->parts;
    um_status_e status;
    int good;

    good = um_random_text(ctx->pool, SALT_BYTES, &rotation.salt) == APR_SUCCESS && follow(ctx, &next, rotation.salt);
    status = give(ctx, &next, good, token, &rotation.new_hash);
    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_rotate(&call, &rotation, won) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!*won) {
        status = look(ctx, work);
        /* The answer of the first try was lost: it was us, as nobody else has our salt. */
        *won = status == UM_OK && is_same(work->row.refresh_hash, rotation.new_hash);
    }
    return status;
}

/* Neither the present token nor one that was replaced a moment ago: it was used already, by whomever. */
static um_status_e end_family(um_ctx_t *ctx, const work_t *work, um_refresh_use_t *use)
{
    um_status_e status = um_session_end(ctx, work->row.user->id, work->id);

    if (status != UM_OK && status != UM_ABSENT) {
        return status;
    }
    use->reused = 1;
    use->user = work->row.user;
    return refuse(ctx, "a refresh token was used again: its session is over");
}

static um_status_e use_it(um_ctx_t *ctx, work_t *work, um_refresh_use_t *use)
{
    um_status_e status;
    int won = 0;

    if (!is_present(work) && !is_in_grace(ctx, work)) {
        return end_family(ctx, work, use);
    }
    /* First, so that nothing but the database can fail once the token is replaced. */
    use->user = work->row.user;
    use->expires_at = um_session_until(ctx, ctx->settings->token_lifetime, work->row.ends_at);
    status = um_token_issue(ctx, use->user->id, work->id, use->expires_at, &use->token);
    if (status == UM_OK && is_present(work)) {
        status = rotate(ctx, work, &use->refresh_token, &won);
    }
    if (status != UM_OK || won) {
        return status;
    }
    if (is_present(work)) {
        return refuse(ctx, "the session is over");
    }
    status = catch_up(ctx, work, &use->refresh_token);
    return status == UM_OK && !use->refresh_token ? end_family(ctx, work, use) : status;
}

um_status_e um_refresh_use(um_ctx_t *ctx, const char *text, um_refresh_use_t *use)
{
    work_t work = { 0 };
    um_status_e status = find(ctx, text, &work);

    *use = (um_refresh_use_t){ 0 };
    if (status == UM_OK) {
        status = use_it(ctx, &work, use);
    }
    um_wipe(&work.parts, sizeof(work.parts));
    return status;
}
