/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "authenticate.h"
#include "browser.h"
#include "client.h"
#include "event.h"

#include <http_protocol.h>
#include <string.h>

static int refuse_token(um_call_t *call, const char *cause)
{
    call->ctx.cause = cause;
    return um_reply_status(call, UM_BAD_TOKEN);
}

/* Who has this token: a client, where clients may call, or else an account. */
static int check_token(um_call_t *call, um_access_e access, const char *token)
{
    int is_client = strncmp(token, UM_CLIENT_PREFIX, strlen(UM_CLIENT_PREFIX)) == 0;
    um_status_e status;

    if (access != UM_ACCESS_ACCOUNT && access != UM_ACCESS_STAFF && is_client) {
        call->client = um_client_find(call->ctx.site->clients, token);
        if (call->client) {
            return OK;
        }
        (void)um_event_refused(&call->ctx, UM_EVENT_CLIENT_USED, UM_REASON_UNKNOWN_CLIENT);
        return refuse_token(call, "unknown client token");
    }
    if (access == UM_ACCESS_REVOKE) {
        call->bearer = token;
        return OK;
    }
    if (access == UM_ACCESS_CLIENT) {
        return refuse_token(call, "not a client token");
    }
    status = um_authenticate(&call->ctx, token, UM_FRESH, call->caller);
    return status == UM_OK ? OK : um_reply_status(call, status);
}

/* A client may send its token as the password of Basic, with its name as the user name (RFC 6749 2.3.1). */
static int check_basic(um_call_t *call, um_access_e access)
{
    const char *name, *token, *client;

    if ((access != UM_ACCESS_CLIENT && access != UM_ACCESS_REVOKE)
        || ap_get_basic_auth_components(call->r, &name, &token) != APR_SUCCESS) {
        return OK;
    }
    client = token ? um_client_find(call->ctx.site->clients, token) : NULL;
    if (!client || strcmp(client, name) != 0) {
        call->ctx.cause = "wrong name or token of a client";
        um_event_refused(&call->ctx, UM_EVENT_CLIENT_USED, UM_REASON_UNKNOWN_CLIENT)->name = name;
        return um_reply_invalid_client(call);
    }
    call->client = client;
    return OK;
}

/* Finds the token in the Authorization header or, if there is no such header, in the cookie of UserMgmtCookie. Returns
 * whether it was the cookie's turn. */
static int find_token(um_call_t *call, um_auth_token_t *found)
{
    static um_token_source_t header = { UM_TOKEN_SOURCE_HEADER, NULL };
    static um_token_source_t cookie = { UM_TOKEN_SOURCE_COOKIE, NULL };
    int has_header = um_request_header(call->r, UM_REQUEST_AUTHORIZATION) != NULL;
    const apr_array_header_t source = { NULL, sizeof(header), 1, 1, (char *)(has_header ? &header : &cookie) };

    um_auth_find(call->r, &source, NULL, found);
    call->by_cookie = !has_header && found->form != UM_BEARER_NONE;
    return !has_header;
}

/* Judges what um_auth_find() has found. */
static int check_found(um_call_t *call, um_access_e access, const um_auth_token_t *found)
{
    switch (found->form) {
    case UM_BEARER_FOUND:
        return found->state == UM_AUTH_CROSS_SITE ? um_reply_csrf_failed(call)
                                                  : check_token(call, access, found->token);
    case UM_BEARER_NONE:
        return check_basic(call, access);
    case UM_BEARER_EMPTY:
        return um_reply_unauthorized(call, NULL, UM_MESSAGE_TOKEN_EMPTY);
    case UM_BEARER_SPACES:
        return um_reply_unauthorized(call, "invalid_token", UM_MESSAGE_TOKEN_SPACES);
    case UM_BEARER_CHARACTERS:
        return um_reply_unauthorized(call, "invalid_token", UM_MESSAGE_TOKEN_CHARACTERS);
    case UM_BEARER_TWICE:
        break;
    }
    return um_reply_detail(call, HTTP_BAD_REQUEST,
                           call->by_cookie ? UM_MESSAGE_TOKENS_SEVERAL : UM_MESSAGE_HEADERS_SEVERAL);
}

/* Uses the result of a renewal. Where the session cannot go on, the caller is nobody, and the cookies were cleared. */
static int check_renewed(um_call_t *call, const um_renewal_t *renewal)
{
    um_status_e status = renewal->status;

    call->by_cookie = status == UM_OK;
    call->ctx.cause = renewal->cause;
    call->ctx.is_logged = renewal->is_logged;
    call->ctx.retry_after = renewal->retry_after;
    if (status == UM_OK) {
        status = um_authenticate(&call->ctx, renewal->token, UM_FRESH, call->caller);
    }
    return status == UM_OK || renewal->status == UM_BAD_TOKEN || renewal->status == UM_INACTIVE
           ? OK : um_reply_status(call, status);
}

/* Judges the token in the cookie. Renews its session if the token is absent or not valid. */
static int check_cookie(um_call_t *call, um_access_e access, const um_auth_token_t *found)
{
    um_status_e status = UM_BAD_TOKEN;
    const um_renewal_t *renewal;

    if (found->state == UM_AUTH_FOUND) {
        status = um_authenticate(&call->ctx, found->token, UM_FRESH, call->caller);
    }
    if (status != UM_BAD_TOKEN) {
        return status == UM_OK ? OK : um_reply_status(call, status);
    }
    renewal = um_renewal_of(call->r);
    return renewal->status == UM_ABSENT ? check_found(call, access, found) : check_renewed(call, renewal);
}

int um_api_authenticate(um_call_t *call)
{
    um_access_e access = um_authorize_access(call);
    um_auth_token_t found;
    int is_cookie;

    if (um_authorize_ignores_credentials(call)) {
        return OK;
    }
    is_cookie = find_token(call, &found);
    /* A session that is about to be ended is not renewed, and the cookies of a client are no session. */
    if (is_cookie && access != UM_ACCESS_REVOKE && access != UM_ACCESS_CLIENT
        && (found.state == UM_AUTH_FOUND || found.state == UM_AUTH_NONE || found.state == UM_AUTH_INVALID)) {
        return check_cookie(call, access, &found);
    }
    if (is_cookie && access == UM_ACCESS_REVOKE && found.state == UM_AUTH_NONE && um_csrf_allows(call->r, NULL)) {
        call->bearer = um_cookie_refresh_token(call->r, NULL);
        call->by_cookie = call->bearer != NULL;
    }
    return check_found(call, access, &found);
}
