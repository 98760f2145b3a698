/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "authenticate.h"
#include "browser.h"
#include "input_schema.h"
#include "json.h"
#include "module.h"
#include "password.h"
#include "refresh.h"
#include "session.h"
#include "store_user.h"

#include <string.h>

/* --- schemas --- */

typedef struct credentials_t {
    const char *username;
    um_secret_t password;
    int cookie;
} credentials_t;

static const um_input_field_t fields[] = {
    { .name = "username", .label = "Username", .kind = UM_INPUT_TEXT, .required = 1,
      .offset = offsetof(credentials_t, username) },
    { .name = "password", .label = "Password", .kind = UM_INPUT_SECRET, .required = 1,
      .offset = offsetof(credentials_t, password) },
    { .name = "cookie", .label = "Cookie", .kind = UM_INPUT_BOOLEAN, .needs_cookie = 1,
      .offset = offsetof(credentials_t, cookie) },
};

typedef struct token_t {
    const char *token;
    const char *hint;
} token_t;

static const um_input_field_t refresh_fields[] = {
    { .name = "refresh_token", .label = "Refresh token", .kind = UM_INPUT_TEXT, .required = 1,
      .offset = offsetof(token_t, token) },
};

static const um_input_field_t verify_fields[] = {
    { .name = "token", .label = "Token", .kind = UM_INPUT_TEXT, .required = 1, .offset = offsetof(token_t, token) },
};

static const um_input_field_t revoke_fields[] = {
    { .name = "token", .label = "Token", .kind = UM_INPUT_TEXT, .offset = offsetof(token_t, token) },
    { .name = "token_type_hint", .label = "Token type hint", .kind = UM_INPUT_TEXT, .may_be_blank = 1,
      .offset = offsetof(token_t, hint) },
};

const um_input_schema_t um_api_token_schema = UM_INPUT_SCHEMA(credentials_t, fields);
const um_input_schema_t um_api_token_refresh_schema = UM_INPUT_SCHEMA(token_t, refresh_fields);
const um_input_schema_t um_api_token_verify_schema = UM_INPUT_SCHEMA(token_t, verify_fields);
const um_input_schema_t um_api_token_revoke_schema = UM_INPUT_SCHEMA(token_t, revoke_fields);

/* --- signing in, and refreshing --- */

static void answer_tokens(um_call_t *call, const char *token, const char *refresh_token, apr_int64_t expires_at)
{
    call->out = um_json_object(call->ctx.pool);
    um_json_put_text(call->out, "token", token);
    if (refresh_token) {
        um_json_put_text(call->out, "refresh_token", refresh_token);
    }
    um_json_put_text(call->out, "token_type", "Bearer");
    um_json_put_int(call->out, "expires_in", expires_at - um_ctx_seconds(&call->ctx));
}

static void answer_cookie(um_call_t *call, const um_session_new_t *session)
{
    apr_int64_t seconds = session->token_expires_at - um_ctx_seconds(&call->ctx);

    um_cookie_set_session(call->r, session, 1);
    call->out = um_json_object(call->ctx.pool);
    um_json_put_text(call->out, "status", "OK");
    um_json_put_int(call->out, "expires_in", seconds);
}

um_status_e um_api_token_create(um_call_t *call)
{
    const credentials_t *in = call->in;
    um_session_new_t *session = apr_pcalloc(call->ctx.pool, sizeof(*session));
    um_status_e status;

    if (in->cookie && !um_token_cookie_name(call->r)) {
        um_ctx_error(&call->ctx, "cookie", UM_MESSAGE_COOKIE_NEEDS_TLS);
    }
    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    /* Otherwise a page of another site could sign people in to an account of its owner, who would then see what they do
     * there (login CSRF). */
    if (in->cookie && !um_csrf_is_same_site(call->r)) {
        call->csrf_failed = 1;
        return UM_DENIED;
    }
    status = um_password_login(&call->ctx, in->username, in->password, &call->user, session);
    if (status == UM_INVALID) {
        um_login_failure_log(call->r, &call->ctx, in->username);
    }
    if (status == UM_OK && in->cookie) {
        answer_cookie(call, session);
    }
    else if (status == UM_OK) {
        answer_tokens(call, session->token, session->refresh_token, session->token_expires_at);
        call->session = session;
    }
    return status;
}

um_status_e um_api_token_refresh(um_call_t *call)
{
    const token_t *in = call->in;
    um_refresh_use_t use;
    um_status_e status;

    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    status = um_refresh_use(&call->ctx, in->token, &use);
    call->user = use.user;
    if (use.reused) {
        um_renewal_log_reused(call->r, &use);
    }
    if (status == UM_OK) {
        answer_tokens(call, use.token, use.refresh_token, use.expires_at);
    }
    return status;
}

/* --- verifying --- */

um_status_e um_api_token_verify(um_call_t *call)
{
    const token_t *in = call->in;
    um_status_e status;

    call->is_read_only = 1;
    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    status = um_authenticate(&call->ctx, in->token, UM_FRESH, call->caller);
    if (status == UM_OK) {
        call->out = um_json_object(call->ctx.pool);
        um_json_put_text(call->out, "token", in->token);
        um_json_put_int(call->out, "expires_in", call->caller->token.expires_at - um_ctx_seconds(&call->ctx));
        um_json_put(call->out, "user", um_api_user_show(call, call->caller->user));
    }
    return status;
}

/* --- revoking --- */

/* Finds the session of an access or refresh token, and sets call->caller. */
static um_status_e find_session(um_call_t *call, const char *token)
{
    um_refresh_t refresh;
    um_status_e status;

    if (strncmp(token, UM_REFRESH_PREFIX, strlen(UM_REFRESH_PREFIX)) != 0) {
        return um_authenticate(&call->ctx, token, UM_FRESH, call->caller);
    }
    /* A replaced refresh token ends the session too: its holder wants that, or has stolen it. */
    status = um_refresh_find(&call->ctx, token, &refresh);
    if (status == UM_OK) {
        call->caller->user = refresh.user;
        call->caller->session_id = refresh.session_id;
    }
    return status;
}

/* Ends the session of an access or refresh token. An invalid token needs no revocation: UM_BAD_TOKEN, UM_INACTIVE. */
static um_status_e end_session_of(um_call_t *call, const char *token)
{
    um_status_e status = find_session(call, token);

    if (status == UM_OK) {
        call->user = call->caller->user;
        call->ctx.actor = call->ctx.actor ? call->ctx.actor : call->user->id;
        status = um_session_end(&call->ctx, call->caller->user->id, call->caller->session_id, 0);
    }
    return status == UM_ABSENT ? UM_OK : status;
}

static int is_invalid(um_status_e status)
{
    return status == UM_BAD_TOKEN || status == UM_INACTIVE;
}

/* Ends the session of the cookies. The access token may have expired, and the refresh token be missing. */
static um_status_e end_session_of_cookies(um_call_t *call)
{
    const char *refresh_token = um_cookie_refresh_token(call->r, NULL);
    um_status_e by_refresh = refresh_token ? end_session_of(call, refresh_token) : UM_BAD_TOKEN, by_access;
    um_caller_t caller = *call->caller;

    if (!is_invalid(by_refresh) && by_refresh != UM_OK) {
        return by_refresh;
    }
    by_access = end_session_of(call, call->bearer);
    if (is_invalid(by_access)) {
        *call->caller = caller;
        return by_refresh;
    }
    return by_access;
}

um_status_e um_api_token_revoke(um_call_t *call)
{
    const token_t *in = call->in;
    int by_cookie = call->by_cookie && !in->token;
    um_status_e status;

    if (!call->ctx.errors->nelts && !in->token && !call->bearer) {
        um_ctx_error(&call->ctx, "token", UM_MESSAGE_REQUIRED);
    }
    if (call->ctx.errors->nelts) {
        return UM_INVALID;
    }
    if (by_cookie) {
        um_cookie_clear_session(call->r);
    }
    status = by_cookie ? end_session_of_cookies(call) : end_session_of(call, in->token ? in->token : call->bearer);
    /* An invalid token needs no revocation, so the answer is that of success (RFC 7009 2.2). */
    if ((in->token || call->by_cookie) && is_invalid(status)) {
        call->ctx.cause = NULL;
        status = UM_OK;
    }
    if (status == UM_OK) {
        call->out = um_json_object(call->ctx.pool);
        um_json_put_text(call->out, "status", "OK");
    }
    return status;
}
