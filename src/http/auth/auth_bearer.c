/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "browser.h"
#include "event.h"
#include "identity.h"
#include "log_limit.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <strings.h>

static int is_bearer(const char *auth_type)
{
    return auth_type && strcasecmp(auth_type, "Bearer") == 0;
}

/* The description of an error is a constant. What was wrong with a token is for the log only. */
static void set_challenge(request_rec *r, const char *error, const char *description)
{
    const um_settings_t *settings = &um_server_of(r->server)->settings;
    const char *realm = ap_auth_name(r);
    const char *value = um_challenge_bearer(r->pool, realm ? realm : settings->realm, settings->token_scheme, error,
                                            description);

    /* For a forward proxy, httpd changes the status 401 to 407. */
    apr_table_setn(r->err_headers_out, um_request_is_forward(r) ? "Proxy-Authenticate" : "WWW-Authenticate", value);
}

static int accept_token(request_rec *r, const um_identity_t *identity)
{
    um_request_set_identity(r, identity);
    r->user = apr_pstrdup(r->pool, identity->username);
    r->ap_auth_type = (char *)"Bearer";
    return OK;
}

static int refuse_token(request_rec *r, const um_auth_token_t *found)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM402: token refused: %s", found->cause ? found->cause : "-");
    set_challenge(r, "invalid_token", "The token is not valid, or not any more");
    return HTTP_UNAUTHORIZED;
}

/* A later version of httpd has a module with the same AuthType. It may be the one that is configured. */
static int decline_without_site(request_rec *r)
{
    if (!ap_find_linked_module("mod_auth_bearer.c")) {
        int is_time = um_log_limit_allows(um_server_of(r->server)->misplaced_log);

        ap_log_rerror(APLOG_MARK, is_time ? APLOG_ERR : APLOG_DEBUG, 0, r,
                      "UM403: AuthType Bearer needs UserMgmtSigningKey and a database for this host");
    }
    return DECLINED;
}

/* Another site may have caused the request. */
static void note_cross_site(request_rec *r)
{
    um_server_t *server = um_server_of(r->server);
    um_ctx_t ctx;

    um_ctx_init(&ctx, r->pool, server->site, apr_time_now());
    um_audit_describe(&ctx, r);
    um_client_address_set(r, &ctx);
    (void)um_event_refused(&ctx, UM_EVENT_CSRF_REFUSED, UM_REASON_CROSS_SITE);
    um_audit_write(server, &ctx);
}

static int check_token(request_rec *r)
{
    const um_auth_token_t *found = um_auth_of(r);

    if (um_sign_in_page_leads(r, found)) {
        return HTTP_SEE_OTHER;
    }
    switch (found->state) {
    case UM_AUTH_VALID:
        return accept_token(r, found->identity);
    case UM_AUTH_NONE:
        set_challenge(r, NULL, NULL);
        return HTTP_UNAUTHORIZED;
    case UM_AUTH_INVALID:
        return refuse_token(r, found);
    case UM_AUTH_AMBIGUOUS:
        set_challenge(r, "invalid_request", "More than one token");
        return HTTP_BAD_REQUEST;
    case UM_AUTH_CROSS_SITE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM404: a token in a cookie was refused: the request did not come "
                      "from a page of this site (UserMgmtTrustedOrigin)");
        note_cross_site(r);
        return HTTP_FORBIDDEN;
    case UM_AUTH_FOUND:
    case UM_AUTH_UNAVAILABLE:
        break;
    }
    if (found->retry_after) {
        return HTTP_TOO_MANY_REQUESTS;
    }
    ap_log_rerror(APLOG_MARK, found->is_logged ? APLOG_DEBUG : APLOG_ERR, 0, r,
                  "UM401: a token could not be verified: %s", found->cause ? found->cause : "-");
    return HTTP_SERVICE_UNAVAILABLE;
}

int um_auth_bearer_check(request_rec *r)
{
    const um_server_t *server = um_server_of(r->server);
    apr_int64_t began;
    int status;

    if (!is_bearer(ap_auth_type(r))) {
        return DECLINED;
    }
    if (!server->site) {
        return decline_without_site(r);
    }
    began = um_monotonic_us();
    status = check_token(r);
    /* Subrequests get the answer of the request that the client sent. */
    if (ap_is_initial_req(r)) {
        um_request_metrics_note(server, UM_REQUEST_PLACE, UM_REQUEST_KIND_PLACE, status == OK ? HTTP_OK : status,
                                began);
    }
    return status;
}

int um_auth_bearer_note_failure(request_rec *r, const char *auth_type)
{
    if (!is_bearer(auth_type) || !um_server_of(r->server)->site) {
        return DECLINED;
    }
    set_challenge(r, NULL, NULL);
    return OK;
}

void um_auth_bearer_forbid(request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    if (!um_server_of(r->server)->site || !is_bearer(ap_auth_type(r))) {
        return;
    }
    um_request_id_send(r);
    /* Access control has refused a caller who was authenticated by a token. */
    if (r->status == HTTP_FORBIDDEN && record && record->identity && !record->is_allowed
        && record->token.identity == record->identity) {
        set_challenge(r, "insufficient_scope", "The account has not the rights that this needs");
    }
}
