/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_bearer.h"

#include "caller.h"
#include "challenge.h"
#include "log_limit.h"
#include "module.h"
#include "request.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <strings.h>

static int is_bearer(const char *auth_type)
{
    return auth_type && strcasecmp(auth_type, "Bearer") == 0;
}

/* Of an error one text, a constant: what was wrong with a token is for the log. */
static void challenge(request_rec *r, const char *error, const char *text)
{
    const char *realm = ap_auth_name(r);
    const char *value = um_challenge_bearer(r->pool, realm ? realm : um_server_of(r->server)->settings.realm, error);

    if (text) {
        value = apr_pstrcat(r->pool, value, ", error_description=\"", text, "\"", NULL);
    }
    /* httpd makes 407 of the 401 then. */
    apr_table_setn(r->err_headers_out, um_request_is_forward(r) ? "Proxy-Authenticate" : "WWW-Authenticate", value);
}

static int let_in(request_rec *r, const um_identity_t *identity)
{
    um_caller_attach(r, identity);
    r->user = apr_pstrdup(r->pool, identity->username);
    r->ap_auth_type = (char *)"Bearer";
    return OK;
}

static int refuse(request_rec *r, const um_credential_t *shown)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM402: token refused: %s", shown->cause ? shown->cause : "-");
    challenge(r, "invalid_token", "The token is not valid, or not any more");
    return HTTP_UNAUTHORIZED;
}

static int away(request_rec *r, const um_credential_t *shown)
{
    ap_log_rerror(APLOG_MARK, shown->known ? APLOG_DEBUG : APLOG_ERR, 0, r,
                  "UM401: a token could not be checked: %s", shown->cause ? shown->cause : "-");
    return HTTP_SERVICE_UNAVAILABLE;
}

/* httpd's own module of later versions has the same AuthType, and may be meant. */
static int not_ours(request_rec *r)
{
    if (!ap_find_linked_module("mod_auth_bearer.c")) {
        int is_time = um_log_limit_allows(um_server_of(r->server)->misplaced_log);

        ap_log_rerror(APLOG_MARK, is_time ? APLOG_ERR : APLOG_DEBUG, 0, r,
                      "UM403: AuthType Bearer needs UserMgmtSigningKey and a database for this host");
    }
    return DECLINED;
}

int um_auth_bearer_check(request_rec *r)
{
    const um_credential_t *shown;

    if (!is_bearer(ap_auth_type(r))) {
        return DECLINED;
    }
    if (!um_server_of(r->server)->site) {
        return not_ours(r);
    }
    shown = um_credential_of(r);
    switch (shown->state) {
    case UM_CREDENTIAL_GOOD:
        return let_in(r, shown->identity);
    case UM_CREDENTIAL_NONE:
        challenge(r, NULL, NULL);
        return HTTP_UNAUTHORIZED;
    case UM_CREDENTIAL_BAD:
        return refuse(r, shown);
    case UM_CREDENTIAL_MALFORMED:
        challenge(r, "invalid_request", "More than one token");
        return HTTP_BAD_REQUEST;
    case UM_CREDENTIAL_FOREIGN:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM404: a token in a cookie came with a request that no page of "
                      "this site has sent");
        return HTTP_FORBIDDEN;
    case UM_CREDENTIAL_UNAVAILABLE:
        break;
    }
    return away(r, shown);
}

int um_auth_bearer_note_failure(request_rec *r, const char *auth_type)
{
    if (!is_bearer(auth_type) || !um_server_of(r->server)->site) {
        return DECLINED;
    }
    challenge(r, NULL, NULL);
    return OK;
}

/* --- 403 for who is known: AuthzSendForbiddenOnFailure --- */

/* Whether the rules of the place have refused a caller whom his token had shown. */
static int lacks_rights(const request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    return r->status == HTTP_FORBIDDEN && known && known->identity && !known->is_allowed
           && known->credential.identity == known->identity && um_server_of(r->server)->site
           && is_bearer(ap_auth_type((request_rec *)r));
}

static const char NEEDS[] = "The account has not the rights that this needs";

void um_auth_bearer_error(request_rec *r)
{
    if (lacks_rights(r)) {
        challenge(r, "insufficient_scope", NEEDS);
    }
}

int um_auth_bearer_error_page(request_rec *r)
{
    if (r->prev && lacks_rights(r->prev)) {
        challenge(r->prev, "insufficient_scope", NEEDS);
    }
    return DECLINED;
}
