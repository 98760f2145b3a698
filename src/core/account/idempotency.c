/* SPDX-License-Identifier: Apache-2.0 */
#include "idempotency.h"

#include "base64url.h"
#include "event.h"
#include "json.h"
#include "password.h"
#include "profile_input.h"
#include "session.h"
#include "store.h"
#include "store_idempotency.h"
#include "store_user.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

/* The caller and the key. A line end parts them, which neither of them has. */
static const char *hash_key(um_ctx_t *ctx)
{
    const char *text = apr_pstrcat(ctx->pool, ctx->site->issuer ? ctx->site->issuer : "", "\n", ctx->idempotency->scope,
                                   "\n", ctx->idempotency->key, NULL);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    return EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL)
           ? um_base64url_encode(ctx->pool, digest, len) : NULL;
}

/* The body without its password: a digest of that would let somebody who has the database try passwords quickly. It is
 * compared with the account's hash instead. */
static const char *hash_body(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t *made)
{
    um_json_t *all = um_json_object(ctx->pool);
    const char *key = ctx->idempotency->key, *text;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

#define PUT(name, ...) um_json_put_text(all, #name, input->name);
    UM_PROFILE(PUT)
#undef PUT
    um_json_put_text(all, "custom", input->custom);
    um_json_put_bool(all, "invite", made->is_invited);
    text = um_json_print(ctx->pool, all);
    return HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), digest, &len)
           ? um_base64url_encode(ctx->pool, digest, len) : NULL;
}

um_status_e um_idempotency_make(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t *made, int has_session,
                                const um_idempotency_row_t **row)
{
    um_idempotency_row_t *new;

    *row = NULL;
    if (!ctx->idempotency) {
        return UM_OK;
    }
    new = apr_palloc(ctx->pool, sizeof(*new));
    *new = (um_idempotency_row_t){ .key_hash = hash_key(ctx), .body_hash = hash_body(ctx, input, made),
                                   .user_id = made->id, .user_version = made->version, .has_session = has_session,
                                   .expires_at = um_ctx_seconds(ctx) + UM_IDEMPOTENCY_LIFETIME };
    *row = new;
    return new->key_hash && new->body_hash ? UM_OK : um_ctx_failed(ctx, "an idempotency key could not be hashed");
}

/* --- repetitions --- */

static um_status_e refuse_key(um_ctx_t *ctx, const char *cause)
{
    ctx->cause = cause;
    return UM_REUSED;
}

/* The account as it was made. UM_REUSED: it has another version by now. */
static um_status_e find_account(um_ctx_t *ctx, const um_idempotency_row_t *row, um_user_t **user)
{
    um_store_call_t call = um_ctx_store(ctx);

    if (um_store_user_by_id(&call, row->user_id, user) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *user && strcmp((*user)->version, row->user_version) == 0 ? UM_OK
           : refuse_key(ctx, "the account of an idempotency key was changed or deleted");
}

static um_status_e verify(um_ctx_t *ctx, const um_user_t *user, um_secret_t password)
{
    const char *fresh = NULL;
    um_status_e status = um_password_verify_old(ctx, user, password, NULL, &fresh);

    if (status == UM_INVALID) {
        ctx->reason = UM_REASON_WRONG_PASSWORD;
        return refuse_key(ctx, "an idempotency key came with another password");
    }
    return status;
}

/* A repetition that gets a token is a sign-in. */
static um_status_e open_session(um_ctx_t *ctx, const um_user_t *user, um_secret_t password, const char **token)
{
    um_event_t *event = um_event_add(ctx, UM_EVENT_SIGN_IN, user->id);
    um_session_new_t session = { 0 };
    um_status_e status = verify(ctx, user, password);

    if (status == UM_OK) {
        status = um_session_make(ctx, user, &session);
    }
    if (status == UM_OK) {
        status = um_session_open(ctx, &session);
    }
    if (status == UM_BAD_TOKEN) {
        ctx->reason = UM_REASON_CHANGED;
        status = refuse_key(ctx, "the account of an idempotency key was changed meanwhile");
    }
    event->name = user->username;
    event->session_id = status == UM_OK ? session.record.id : NULL;
    um_event_settle_status(ctx, event, status);
    *token = status == UM_OK ? session.token : NULL;
    return status;
}

static um_status_e answer_again(um_ctx_t *ctx, const um_profile_input_t *input, const um_idempotency_row_t *row,
                                um_user_t *made, const char **token)
{
    um_user_t *user = NULL;
    um_status_e status = find_account(ctx, row, &user);

    if (status == UM_OK && !made->is_invited) {
        status = token && row->has_session ? open_session(ctx, user, input->password, token)
                 : verify(ctx, user, input->password);
    }
    if (status == UM_OK) {
        made->id = user->id;
        made->version = user->version;
        ctx->subject = user->id;
        ctx->idempotency->is_replayed = 1;
    }
    return status;
}

um_status_e um_idempotency_replay(um_ctx_t *ctx, const um_profile_input_t *input, um_user_t *made, const char **token)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_idempotency_row_t *row;
    const char *key_hash, *body_hash;

    if (token) {
        *token = NULL;
    }
    if (!ctx->idempotency) {
        return UM_ABSENT;
    }
    key_hash = hash_key(ctx);
    body_hash = hash_body(ctx, input, made);
    if (!key_hash || !body_hash) {
        return um_ctx_failed(ctx, "an idempotency key could not be hashed");
    }
    if (um_store_idempotency_get(&call, key_hash, um_ctx_seconds(ctx), &row) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!row) {
        return UM_ABSENT;
    }
    if (strcmp(row->body_hash, body_hash) != 0) {
        return refuse_key(ctx, "an idempotency key came with another body");
    }
    return answer_again(ctx, input, row, made, token);
}
