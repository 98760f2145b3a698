/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "browser.h"
#include "message.h"
#include "module.h"
#include "process.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_core.h>
#include <strings.h>

static const char *default_page(apr_pool_t *pool, int status)
{
    return status == HTTP_FORBIDDEN
           ? apr_pstrcat(pool, "<!DOCTYPE html>\n<title>403 Forbidden</title>\n<h1>Forbidden</h1>\n<p>",
                         um_message_text(pool, UM_MESSAGE_TLS_REQUIRED, NULL), "</p>\n", NULL)
           : status == HTTP_TOO_MANY_REQUESTS
           ? "<!DOCTYPE html>\n<title>429 Too Many Requests</title>\n<h1>Too Many Requests</h1>\n"
             "<p>Too many attempts to sign in have failed. Try again later.</p>\n"
           : "<!DOCTYPE html>\n<title>503 Service Unavailable</title>\n<h1>Service Unavailable</h1>\n"
             "<p>The server cannot check who is asking at the moment. Try again later.</p>\n";
}

void um_failure_note(request_rec *r, int status, apr_int64_t retry_after)
{
    /* httpd chooses the page of an error before a hook can change its status. So the page of this status is set as the
     * page of 500. */
    const char *document = ap_response_code_string(r, ap_index_of_response(status));

    for (; r; r = r->main) {
        ap_custom_response(r, HTTP_INTERNAL_SERVER_ERROR, !document ? default_page(r->pool, status)
                           : *document == '"' ? document + 1 : document);
        um_request_make(r)->failed = status;
        um_request_make(r)->retry_after = retry_after;
    }
}

/* The status that the answer to an error must have; 0: its own. */
static int real_status(const request_rec *r)
{
    const um_request_t *record = um_request_get(r);
    int status = record ? record->failed : 0;

    return r->status == HTTP_INTERNAL_SERVER_ERROR || r->status == status ? status : 0;
}

/* failed is the request whose failure was stored. */
static void set_status(request_rec *r, int status, const request_rec *failed)
{
    r->status = status;
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(r->err_headers_out, "Retry-After", UM_CHALLENGE_RETRY_AFTER);
    }
    else if (status == HTTP_TOO_MANY_REQUESTS) {
        apr_table_setn(r->err_headers_out, "Retry-After",
                       apr_psprintf(r->pool, "%" APR_INT64_T_FMT, um_request_get(failed)->retry_after));
    }
}

/* mod_auth_basic and mod_auth_form refuse a request without credentials before they ask a provider, and do not tell
 * which providers a place has. So every such refusal of a host with accounts has the id. */
static void send_id_of_refused(request_rec *r)
{
    const char *type = ap_auth_type(r);

    if (r->status == HTTP_UNAUTHORIZED && um_server_of(r->server)->site && type
        && (strcasecmp(type, "Basic") == 0 || strcasecmp(type, "Form") == 0)) {
        um_request_id_send(r);
    }
}

void um_failure_error(request_rec *r)
{
    int status = real_status(r);

    if (status) {
        set_status(r, status, r);
    }
    um_login_failure_write(r);
    send_id_of_refused(r);
    um_auth_bearer_forbid(r);
    um_sign_in_page_forbid(r);
}

int um_failure_error_document(request_rec *r)
{
    int status = r->prev ? real_status(r->prev) : 0;

    if (r->prev) {
        um_failure_error(r->prev);
    }
    if (status) {
        set_status(r, status, r->prev);
        apr_table_setn(r->subprocess_env, "REDIRECT_STATUS", apr_itoa(r->pool, status));
    }
    return DECLINED;
}
