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

/* The bytes of a token, in this order. */
typedef struct parts_t {
    unsigned char id[16];
    unsigned char family[16];
    unsigned char secret[UM_HMACKEY_SIG];
} parts_t;

/* A token that is being processed. */
typedef struct work_t {
    parts_t parts;
    const char *id;             /* of the session, as text */
    const char *secret_hash;
    um_session_refresh_t row;
} work_t;

/* --- text --- */

static const char *part_hash(apr_pool_t *pool, const void *bytes, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    return EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL)
           ? um_base64url_encode(pool, digest, digest_len) : NULL;
}

static int hashes_equal(const char *a, const char *b)
{
    apr_size_t len = a && b ? strlen(a) : 0;

    return len && len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

static const char *token_text(apr_pool_t *pool, const parts_t *parts)
{
    return apr_pstrcat(pool, UM_REFRESH_PREFIX, um_base64url_encode(pool, parts, sizeof(*parts)), NULL);
}

static int parse_token(apr_pool_t *pool, const char *text, work_t *work)
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
    work->secret_hash = part_hash(pool, work->parts.secret, sizeof(work->parts.secret));
    return work->secret_hash != NULL;
}

/* --- adding --- */

/* The seconds for which a session waits for its next refresh. It must last at least as long as its access token. */
static apr_int64_t idle_time(const um_ctx_t *ctx)
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
    record->family_hash = part_hash(ctx->pool, parts.family, sizeof(parts.family));
    record->refresh_hash = part_hash(ctx->pool, parts.secret, sizeof(parts.secret));
    record->expires_at = um_session_until(ctx, idle_time(ctx), record->ends_at);
    session->refresh_token = token_text(ctx->pool, &parts);
    um_wipe(&parts, sizeof(parts));
    return record->family_hash && record->refresh_hash ? UM_OK : um_ctx_failed(ctx, "a token could not be hashed");
}

/* --- finding --- */

static um_status_e refuse_refresh(um_ctx_t *ctx, const char *cause)
{
    ctx->cause = cause;
    return UM_BAD_TOKEN;
}

static um_status_e read_session(um_ctx_t *ctx, work_t *work)
{
    um_store_call_t call = um_ctx_store(ctx);
    const um_session_refresh_t *row = &work->row;

    if (um_store_session_refresh(&call, work->id, &work->row) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!row->user
        || !hashes_equal(row->family_hash, part_hash(ctx->pool, work->parts.family, sizeof(work->parts.family)))) {
        return refuse_refresh(ctx, "there is no session of that refresh token");
    }
    return um_session_judge(ctx, &(um_session_state_t){ row->user, row->is_valid, row->expires_at, NULL },
                            row->user->id);
}

static um_status_e find_session(um_ctx_t *ctx, const char *text, work_t *work)
{
    if (!ctx->settings->session_idle) {
        return refuse_refresh(ctx, "refresh tokens are off: UserMgmtSessionIdle is 0");
    }
    if (!parse_token(ctx->pool, text, work)) {
        return refuse_refresh(ctx, "not a refresh token");
    }
    return read_session(ctx, work);
}

static int is_current(const work_t *work)
{
    return hashes_equal(work->row.refresh_hash, work->secret_hash);
}

/* --- tokens that were replaced --- */

/* The row stores this many beside the last one. */
#define MOST_EARLIER 8

/* A replaced token: the hash of its secret, the salt that gives the next secret, and when it was replaced. */
typedef struct link_t {
    const char *hash, *salt;
    apr_int64_t at;
} link_t;

/* The replaced tokens of a session that are still accepted, newest first. A time in the future counts as now, because
 * the clocks of nodes differ. */
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

/* The index of the token among the links; count: it is not among them. Compares all, so that the time does not depend
 * on the index. */
static int position(const work_t *work, const link_t *links, int count)
{
    int found = count;

    for (int i = count; i-- > 0; ) {
        found = hashes_equal(links[i].hash, work->secret_hash) ? i : found;
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
    um_status_e status = find_session(ctx, text, &work);

    if (status == UM_OK) {
        *refresh = (um_refresh_t){
            .user = work.row.user,
            .session_id = work.id,
            .created_at = work.row.created_at,
            .expires_at = work.row.expires_at,
            .is_good = is_current(&work) || is_in_grace(ctx, &work),
        };
    }
    um_wipe(&work.parts, sizeof(work.parts));
    return status;
}

/* --- using --- */

/* Replaces the secret in parts by the one that follows under a salt. */
static int next_secret(um_ctx_t *ctx, parts_t *parts, const char *salt)
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

/* Gives the text of a token and the hash of its secret, and wipes parts. good: parts was computed. */
static um_status_e finish_token(um_ctx_t *ctx, parts_t *parts, int good, const char **token, const char **hash)
{
    *hash = good ? part_hash(ctx->pool, parts->secret, sizeof(parts->secret)) : NULL;
    *token = *hash ? token_text(ctx->pool, parts) : NULL;
    um_wipe(parts, sizeof(*parts));
    return *hash ? UM_OK : um_ctx_failed(ctx, "a refresh token could not be made");
}

/* Computes the current token from one that was replaced within the grace. *token NULL: it was not, or an older version
 * of the module has replaced a token since without storing the earlier ones. */
static um_status_e current_token(um_ctx_t *ctx, const work_t *work, const char **token)
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
        good = next_secret(ctx, &parts, links[i].salt);
    }
    status = finish_token(ctx, &parts, good, token, &hash);
    if (status == UM_OK && !hashes_equal(work->row.refresh_hash, hash)) {
        *token = NULL;
    }
    return status;
}

/* The text for the row about the tokens before the current one. */
static const char *earlier_links(um_ctx_t *ctx, const work_t *work)
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

/* Replaces the current token. *won = 0: another request has replaced it, or the session has ended; the row was read
 * again. */
static um_status_e rotate(um_ctx_t *ctx, work_t *work, const char **token, int *won)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_session_rotation_t rotation = {
        .id = work->id,
        .old_hash = work->secret_hash,
        .earlier_hashes = earlier_links(ctx, work),
        .address = um_session_plain(ctx->pool, ctx->address),
        .user_agent = um_session_plain(ctx->pool, ctx->user_agent),
        .now = um_ctx_seconds(ctx),
        .expires_at = um_session_until(ctx, idle_time(ctx), work->row.ends_at),
    };
    parts_t next = work->parts;
    um_status_e status;
    int good;

    good = um_random_text(ctx->pool, SALT_BYTES, &rotation.salt) == APR_SUCCESS
           && next_secret(ctx, &next, rotation.salt);
    status = finish_token(ctx, &next, good, token, &rotation.new_hash);
    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_rotate(&call, &rotation, won) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!*won) {
        status = read_session(ctx, work);
        /* The store repeats a statement whose answer was lost. A hash made with this request's salt shows that the
         * first try has replaced the token. */
        *won = status == UM_OK && hashes_equal(work->row.refresh_hash, rotation.new_hash);
    }
    return status;
}

/* Ends the session of a token that was replaced before the grace. */
static um_status_e end_reused(um_ctx_t *ctx, const work_t *work, um_refresh_use_t *use)
{
    um_status_e status = um_session_end(ctx, work->row.user->id, work->id, 1);

    if (status != UM_OK && status != UM_ABSENT) {
        return status;
    }
    use->reused = 1;
    use->user = work->row.user;
    return refuse_refresh(ctx, "a refresh token was used again, so its session was ended");
}

static um_status_e use_token(um_ctx_t *ctx, work_t *work, um_refresh_use_t *use)
{
    um_status_e status;
    int won = 0;

    if (!is_current(work) && !is_in_grace(ctx, work)) {
        return end_reused(ctx, work, use);
    }
    /* Sign first, so that only the database can fail after the token is replaced. */
    use->user = work->row.user;
    use->expires_at = um_session_until(ctx, ctx->settings->token_lifetime, work->row.ends_at);
    status = um_token_issue(ctx, use->user, work->id, use->expires_at, &use->token);
    if (status == UM_OK && is_current(work)) {
        status = rotate(ctx, work, &use->refresh_token, &won);
    }
    use->refresh_expires_at = won ? um_session_until(ctx, idle_time(ctx), work->row.ends_at) : work->row.expires_at;
    if (status != UM_OK || won) {
        return status;
    }
    if (is_current(work)) {
        return refuse_refresh(ctx, "the session has ended");
    }
    status = current_token(ctx, work, &use->refresh_token);
    return status == UM_OK && !use->refresh_token ? end_reused(ctx, work, use) : status;
}

um_status_e um_refresh_use(um_ctx_t *ctx, const char *text, um_refresh_use_t *use)
{
    work_t work = { 0 };
    um_status_e status = find_session(ctx, text, &work);

    *use = (um_refresh_use_t){ 0 };
    if (status == UM_OK) {
        status = use_token(ctx, &work, use);
    }
    um_wipe(&work.parts, sizeof(work.parts));
    return status;
}
