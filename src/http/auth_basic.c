/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_basic.h"

#include "basic.h"
#include "caller.h"
#include "channel.h"
#include "refusal.h"
#include "reply.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <mod_core.h>
#include <string.h>
#include <strings.h>

#define STATUS_KEY "usermgmt-basic-status"

/* --- the status that a provider cannot give --- */

static const char *page(int status)
{
    return status == HTTP_FORBIDDEN
           ? "<!DOCTYPE html>\n<title>403 Forbidden</title>\n<h1>Forbidden</h1>\n"
             "<p>This service is only available over TLS.</p>\n"
           : "<!DOCTYPE html>\n<title>503 Service Unavailable</title>\n<h1>Service Unavailable</h1>\n"
             "<p>The server cannot check the password at the moment. Try again later.</p>\n";
}

/* httpd looks for the page to an error before any hook can change its status: so what belongs to 500 on this request is
 * what would belong to the real one. */
static authn_status fail(request_rec *r, int status)
{
    const char *document = ap_response_code_string(r, ap_index_of_response(status));

    ap_custom_response(r, HTTP_INTERNAL_SERVER_ERROR, !document ? page(status)
                       : *document == '"' ? document + 1 : document);
    apr_table_setn(r->notes, STATUS_KEY, status == HTTP_FORBIDDEN ? "403" : "503");
    return AUTH_GENERAL_ERROR;
}

/* The status that a request of 500 should have; 0: that. */
static int real_status(const request_rec *r)
{
    const char *note = r->status == HTTP_INTERNAL_SERVER_ERROR ? apr_table_get(r->notes, STATUS_KEY) : NULL;

    return !note ? 0 : strcmp(note, "403") == 0 ? HTTP_FORBIDDEN : HTTP_SERVICE_UNAVAILABLE;
}

static void set_status(request_rec *r, int status)
{
    r->status = status;
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(r->err_headers_out, "Retry-After", UM_REPLY_RETRY_AFTER);
    }
}

void um_auth_basic_error(request_rec *r)
{
    int status = real_status(r);

    if (status) {
        set_status(r, status);
    }
}

int um_auth_basic_error_document(request_rec *r)
{
    int status = r->prev ? real_status(r->prev) : 0;

    if (status) {
        set_status(r->prev, status);
        set_status(r, status);
        apr_table_setn(r->subprocess_env, "REDIRECT_STATUS", apr_itoa(r->pool, status));
    }
    return DECLINED;
}

/* --- the provider --- */

static authn_status accept_caller(request_rec *r, const um_basic_t *found)
{
    /* As it is stored: Require user knows that spelling. */
    r->user = apr_pstrdup(r->pool, found->identity->username);
    um_caller_attach(r, found->identity);
    if (found->hashed) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "UM411: password of %s: good", found->identity->user_id);
    }
    return AUTH_GRANTED;
}

static authn_status refuse(request_rec *r, const um_cx_t *cx, const char *username, authn_status status)
{
    const char *type = ap_auth_type(r);

    /* mod_auth_basic asks the next provider for a name that is not known here. What mod_auth_form answers depends on
     * its pages. */
    if (status == AUTH_USER_NOT_FOUND && type && strcasecmp(type, "Basic") == 0) {
        um_refusal_log_if_final(r, cx, username);
    }
    else {
        um_refusal_log(r, cx, username);
    }
    return status;
}

static authn_status trouble(request_rec *r, const um_cx_t *cx, int level)
{
    ap_log_rerror(APLOG_MARK, cx->known ? APLOG_DEBUG : level, 0, r, "UM415: a password could not be checked: %s",
                  cx->cause);
    return fail(r, HTTP_SERVICE_UNAVAILABLE);
}

static authn_status check_password(request_rec *r, const char *username, const char *password)
{
    um_server_t *server = um_server_of(r->server);
    um_basic_t found;
    um_cx_t cx;

    if (!server->site) {
        ap_log_rerror(APLOG_MARK, um_seldom_now(&server->misplaced) ? APLOG_ERR : APLOG_DEBUG, 0, r,
                      "UM413: the provider usermgmt needs UserMgmtSigningKey and a database for this host");
        return AUTH_GENERAL_ERROR;
    }
    if (server->settings.require_tls && !um_channel_is_private(r)) {
        ap_log_rerror(APLOG_MARK, um_seldom_now(&server->misplaced) ? APLOG_WARNING : APLOG_DEBUG, 0, r,
                      "UM414: a password came in clear text and was not looked at (UserMgmtRequireTLS)");
        return fail(r, HTTP_FORBIDDEN);
    }
    um_cx_init(&cx, r->pool, server->site, apr_time_now());
    switch (um_basic_caller(&cx, username, (um_secret_t){ password, strlen(password) }, &found)) {
    case UM_OK:
        return accept_caller(r, &found);
    case UM_ABSENT:
        return refuse(r, &cx, username, AUTH_USER_NOT_FOUND);
    case UM_INVALID:
        return refuse(r, &cx, username, AUTH_DENIED);
    case UM_BUSY:
        return trouble(r, &cx, APLOG_WARNING);
    default:
        return trouble(r, &cx, APLOG_ERR);
    }
}

static const authn_provider provider = { check_password, NULL };

void um_auth_basic_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, "usermgmt", AUTHN_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
