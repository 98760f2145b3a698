/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include "core_settings.h"
#include "custom_field.h"
#include "json.h"
#include "jwk.h"
#include "jwt.h"
#include "keyring.h"
#include "random.h"
#include "store_user.h"

um_status_e um_token_issue(um_ctx_t *ctx, const um_user_t *user, const char *session_id, apr_int64_t expires_at,
                           const char **token)
{
    um_json_t *claims = um_json_object(ctx->pool);
    const um_jwk_t *key = um_keyring_signing(ctx->site->keys);
    const char *jti;

    if (!key) {
        return um_ctx_failed(ctx, "there is no key to sign a token: the signing key was retired");
    }
    if (um_random_text(ctx->pool, 16, &jti) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    um_json_put_text(claims, "iss", ctx->site->issuer);
    um_json_put_text(claims, "sub", user->id);
    um_json_put_text(claims, "aud", ctx->site->audience);
    um_json_put_int(claims, "iat", um_ctx_seconds(ctx));
    um_json_put_int(claims, "exp", expires_at);
    um_json_put_text(claims, "jti", jti);
    um_json_put_text(claims, "sid", session_id);
    um_custom_field_add_claims(ctx->pool, ctx->settings->custom_fields, user->custom, claims);
    if (um_jwt_sign(ctx->pool, key, UM_TOKEN_TYP, claims, token) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "a token could not be signed");
    }
    return UM_OK;
}

/* The ids in tokens of this program are canonical UUIDs. */
static const char *claim_id(const um_ctx_t *ctx, const um_json_t *claims, const char *name)
{
    um_json_value_t value = um_json_get(claims, name);

    return value.kind == UM_JSON_STRING ? um_random_uuid_parse(ctx->pool, value.text) : NULL;
}

/* The time of a claim, limited because a token may contain 1e300. um_jwt_verify() has checked that a claim that exists
 * is a number. */
static apr_int64_t claim_time(const um_json_t *claims, const char *name)
{
    double seconds = um_json_get(claims, name).number;

    return seconds >= (double)UM_TOKEN_END_OF_TIME ? UM_TOKEN_END_OF_TIME : seconds > 0 ? (apr_int64_t)seconds : 0;
}

/* Rounds up, so that no token is valid earlier than it says. */
static apr_int64_t claim_time_up(const um_json_t *claims, const char *name)
{
    apr_int64_t whole = claim_time(claims, name);

    return whole + ((double)whole < um_json_get(claims, name).number && whole < UM_TOKEN_END_OF_TIME);
}

um_status_e um_token_judge_times(um_ctx_t *ctx, apr_int64_t begins_at, apr_int64_t expires_at)
{
    if (expires_at <= um_ctx_seconds(ctx)) {
        ctx->cause = "expired";
        return UM_BAD_TOKEN;
    }
    if (begins_at > um_ctx_seconds(ctx) + UM_TOKEN_LEEWAY) {
        ctx->cause = "issued in the future";
        return UM_BAD_TOKEN;
    }
    return UM_OK;
}

/* Finds the key of a token, and keeps which one it was. */
typedef struct finder_t {
    um_keyring_t *keys;
    const um_jwk_t *key;
} finder_t;

static const um_jwk_t *find_key(void *baton, const char *kid)
{
    finder_t *finder = baton;

    finder->key = um_keyring_find(finder->keys, kid);
    return finder->key;
}

um_status_e um_token_read(um_ctx_t *ctx, const char *text, um_token_t *token)
{
    finder_t finder = { (um_keyring_t *)ctx->site->keys, NULL };
    um_jwt_rules_t rules = {
        .typ = UM_TOKEN_TYP,
        .issuer = ctx->site->issuer,
        .audience = ctx->site->audience,
        .now = um_ctx_seconds(ctx),
        .leeway = UM_TOKEN_LEEWAY,
        .find = find_key,
        .baton = &finder,
        .cache = ctx->site->signatures,
    };
    um_json_t *claims = NULL;
    apr_int64_t not_before;
    apr_status_t rv;

    rv = um_jwt_verify(ctx->pool, &rules, text, &claims, &ctx->cause);
    if (rv != APR_SUCCESS) {
        return rv == APR_EINVAL ? UM_BAD_TOKEN : UM_FAILED;
    }
    token->kid = um_jwk_kid(finder.key);
    token->user_id = claim_id(ctx, claims, "sub");
    token->session_id = claim_id(ctx, claims, "sid");
    token->id = um_json_get(claims, "jti").text;
    token->issued_at = claim_time(claims, "iat");
    token->expires_at = claim_time(claims, "exp");
    token->begins_at = claim_time_up(claims, "iat");
    not_before = claim_time_up(claims, "nbf");
    token->begins_at = not_before > token->begins_at ? not_before : token->begins_at;
    if (!token->user_id || !token->session_id) {
        ctx->cause = "sub or sid is not a UUID";
        return UM_BAD_TOKEN;
    }
    return um_token_judge_times(ctx, token->begins_at, token->expires_at);
}
