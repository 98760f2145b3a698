/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_bearer.h"

#include "bearer.h"
#include "reply.h"
#include "session.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <strings.h>

#define NAME_KEY "usermgmt-bearer"

static int is_bearer(const char *auth_type)
{
    return auth_type && strcasecmp(auth_type, "Bearer") == 0;
}

static int challenge(request_rec *r, const char *error)
{
    const char *realm = ap_auth_name(r);

    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   um_reply_challenge(r->pool, realm ? realm : um_server_of(r->server)->settings.realm, error));
    return HTTP_UNAUTHORIZED;
}

static int away(request_rec *r, const um_cx_t *cx)
{
    ap_log_rerror(APLOG_MARK, cx->known ? APLOG_DEBUG : APLOG_ERR, 0, r, "UM401: a token could not be checked: %s",
                  cx->cause);
    apr_table_setn(r->err_headers_out, "Retry-After", UM_REPLY_RETRY_AFTER);
    return HTTP_SERVICE_UNAVAILABLE;
}

/* The caller was found already by the request that this one belongs to: a directory's index, an error page. */
static const char *known_name(const request_rec *r)
{
    const char *name = NULL;

    for (const request_rec *from = r; from && !name; from = from->main ? from->main : from->prev) {
        name = apr_table_get(from->notes, NAME_KEY);
    }
    return name;
}

static int accept_name(request_rec *r, const char *name)
{
    r->user = apr_pstrdup(r->pool, name);
    r->ap_auth_type = (char *)"Bearer";
    apr_table_setn(r->notes, NAME_KEY, r->user);
    return OK;
}

static int check_token(request_rec *r, const um_server_t *server, const char *token)
{
    um_caller_t caller;
    um_cx_t cx;

    um_cx_init(&cx, r->pool, server->site, r->request_time);
    switch (um_session_caller(&cx, token, &caller)) {
    case UM_OK:
        return accept_name(r, caller.user->username);
    case UM_BAD_TOKEN:
    case UM_INACTIVE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM402: token refused: %s", cx.cause);
        return challenge(r, "invalid_token");
    default:
        return away(r, &cx);
    }
}

int um_auth_bearer_check(request_rec *r)
{
    const um_server_t *server = um_server_of(r->server);
    const char *known;
    const char *token;

    if (!is_bearer(ap_auth_type(r))) {
        return DECLINED;
    }
    if (!server->site) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "UM403: AuthType Bearer needs UserMgmtSigningKey for this host");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if ((known = known_name(r)) != NULL) {
        return accept_name(r, known);
    }
    switch (um_bearer_token(r, &token)) {
    case UM_BEARER_FOUND:
        return check_token(r, server, token);
    case UM_BEARER_NONE:
    case UM_BEARER_EMPTY:
        return challenge(r, NULL);
    case UM_BEARER_TWICE:
        return HTTP_BAD_REQUEST;
    default:
        return challenge(r, "invalid_token");
    }
}

int um_auth_bearer_note_failure(request_rec *r, const char *auth_type)
{
    if (!is_bearer(auth_type)) {
        return DECLINED;
    }
    (void)challenge(r, NULL);
    return OK;
}
