/* SPDX-License-Identifier: Apache-2.0 */
#include "refresh.h"

#include "base64url.h"
#include "hmackey.h"
#include "known.h"
#include "random.h"

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
    OPENSSL_cleanse(bytes, count);
    work->id = um_random_uuid_text(pool, work->parts.id);
    work->secret_hash = hash_of(pool, work->parts.secret, sizeof(work->parts.secret));
    return work->secret_hash != NULL;
}

/* --- giving one --- */

/* How long a session waits for its next refresh; its token has to be good for as long as it says. */
static apr_int64_t waits(const um_cx_t *cx)
{
    return cx->site->session_idle > cx->site->token_lifetime ? cx->site->session_idle : cx->site->token_lifetime;
}

um_status_e um_refresh_add(um_cx_t *cx, um_session_new_t *session)
{
    um_session_t *record = &session->record;
    parts_t parts;

    if (!cx->site->session_idle) {
        return UM_OK;
    }
    if (!um_random_uuid_bytes(record->id, parts.id)
        || um_random_bytes(parts.family, sizeof(parts.family)) != APR_SUCCESS
        || um_random_bytes(parts.secret, sizeof(parts.secret)) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    record->family_hash = hash_of(cx->pool, parts.family, sizeof(parts.family));
    record->refresh_hash = hash_of(cx->pool, parts.secret, sizeof(parts.secret));
    record->expires_at = um_session_until(cx, waits(cx), record->ends_at);
    session->refresh_token = print(cx->pool, &parts);
    OPENSSL_cleanse(&parts, sizeof(parts));
    return record->family_hash && record->refresh_hash ? UM_OK : um_cx_failed(cx, "a token could not be hashed");
}

/* --- looking --- */

static um_status_e refuse(um_cx_t *cx, const char *cause)
{
    cx->cause = cause;
    return UM_BAD_TOKEN;
}

static um_status_e look(um_cx_t *cx, work_t *work)
{
    um_store_call_t call = um_cx_store(cx);
    const um_session_refresh_t *row = &work->row;

    if (um_store_session_refresh(&call, work->id, &work->row) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (!row->user || !is_same(row->family_hash, hash_of(cx->pool, work->parts.family, sizeof(work->parts.family)))) {
        return refuse(cx, "a refresh token of no session");
    }
    return um_session_judge(cx, &(um_session_state_t){ row->user, row->stands, row->expires_at, NULL }, row->user->id);
}

static um_status_e find(um_cx_t *cx, const char *text, work_t *work)
{
    if (!cx->site->session_idle) {
        return refuse(cx, "sessions are not refreshed here");
    }
    if (!parse(cx->pool, text, work)) {
        return refuse(cx, "not a refresh token");
    }
    return look(cx, work);
}

static int is_present(const work_t *work)
{
    return is_same(work->row.refresh_hash, work->secret_hash);
}

/* The clocks of nodes differ: one that was replaced in a moment to come was replaced just now. */
static int is_in_grace(const um_cx_t *cx, const work_t *work)
{
    return is_same(work->row.previous_hash, work->secret_hash)
           && um_cx_seconds(cx) - work->row.rotated_at < cx->site->refresh_grace;
}

um_status_e um_refresh_find(um_cx_t *cx, const char *text, um_refresh_t *refresh)
{
    work_t work = { 0 };
    um_status_e status = find(cx, text, &work);

    if (status == UM_OK) {
        *refresh = (um_refresh_t){
            .user = work.row.user,
            .session_id = work.id,
            .created_at = work.row.created_at,
            .expires_at = work.row.expires_at,
            .is_good = is_present(&work) || is_in_grace(cx, &work),
        };
    }
    OPENSSL_cleanse(&work.parts, sizeof(work.parts));
    return status;
}

/* --- using --- */

/* The token that follows under a salt, and its hash. */
static um_status_e follow(um_cx_t *cx, const work_t *work, const char *salt, const char **token, const char **hash)
{
    parts_t next = work->parts;
    um_hmackey_t *key;

    *hash = NULL;
    if (um_hmackey_create(cx->pool, (const unsigned char *)salt, strlen(salt), &key) == APR_SUCCESS
        && um_hmackey_sign(key, work->parts.secret, sizeof(work->parts.secret), next.secret) == APR_SUCCESS) {
        *hash = hash_of(cx->pool, next.secret, sizeof(next.secret));
        *token = print(cx->pool, &next);
    }
    OPENSSL_cleanse(&next, sizeof(next));
    return *hash ? UM_OK : um_cx_failed(cx, "a refresh token could not be made");
}

/* Replaces the present token. *won = 0: somebody else did, or the session ended; then the row is read anew. */
static um_status_e rotate(um_cx_t *cx, work_t *work, const char **token, int *won)
{
    um_store_call_t call = um_cx_store(cx);
    um_session_rotation_t rotation = {
        .id = work->id,
        .old_hash = work->secret_hash,
        .address = um_session_plain(cx->pool, cx->address),
        .user_agent = um_session_plain(cx->pool, cx->user_agent),
        .now = um_cx_seconds(cx),
        .expires_at = um_session_until(cx, waits(cx), work->row.ends_at),
    };
    um_status_e status;

    if (um_random_text(cx->pool, SALT_BYTES, &rotation.salt) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    status = follow(cx, work, rotation.salt, token, &rotation.new_hash);
    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_rotate(&call, &rotation, won) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (!*won) {
        status = look(cx, work);
        /* The answer of the first try was lost: it was us, as nobody else has our salt. */
        *won = status == UM_OK && is_same(work->row.refresh_hash, rotation.new_hash);
    }
    return status;
}

/* Neither the present token nor, for a moment, the one before: it was used already, by whomever. */
static um_status_e end_family(um_cx_t *cx, const work_t *work, um_refresh_use_t *use)
{
    um_status_e status = um_session_end(cx, work->row.user->id, work->id);

    if (status != UM_OK && status != UM_ABSENT) {
        return status;
    }
    use->reused = 1;
    use->user = work->row.user;
    return refuse(cx, "a refresh token was used again: its session is over");
}

static um_status_e use_it(um_cx_t *cx, work_t *work, um_refresh_use_t *use)
{
    const char *hash;
    um_status_e status;
    int won = 0;

    if (!is_present(work) && !is_in_grace(cx, work)) {
        return end_family(cx, work, use);
    }
    /* First, so that nothing but the database can fail once the token is replaced. */
    use->user = work->row.user;
    use->expires_at = um_session_until(cx, cx->site->token_lifetime, work->row.ends_at);
    status = um_token_issue(cx, use->user->id, work->id, use->expires_at, &use->token);
    if (status == UM_OK && is_present(work)) {
        status = rotate(cx, work, &use->refresh_token, &won);
    }
    if (status != UM_OK || won) {
        return status;
    }
    if (is_present(work)) {
        return refuse(cx, "the session is over");
    }
    return is_in_grace(cx, work) ? follow(cx, work, work->row.refresh_salt, &use->refresh_token, &hash)
                                 : end_family(cx, work, use);
}

um_status_e um_refresh_use(um_cx_t *cx, const char *text, um_refresh_use_t *use)
{
    work_t work = { 0 };
    um_status_e status = find(cx, text, &work);

    *use = (um_refresh_use_t){ 0 };
    if (status == UM_OK) {
        status = use_it(cx, &work, use);
    }
    OPENSSL_cleanse(&work.parts, sizeof(work.parts));
    return status;
}
