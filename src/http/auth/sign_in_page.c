/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "browser.h"
#include "local_path.h"

#include <apr_buckets.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mod_core.h>
#include <string.h>
#include <util_filter.h>

/* Below UserMgmtPages. */
#define SIGN_IN "sign-in/"

/* Whether a person in front of a browser goes to a page. Browsers that do not say so send Accept with text/html for
 * nothing else. */
static int is_navigation(const request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    const char *accept = apr_table_get(r->headers_in, "Accept");

    return r->method_number == M_GET && !r->header_only
           && (mode ? strcmp(mode, "navigate") == 0 : accept && ap_strcasestr(accept, "text/html"));
}

/* The request that the client sent, if r serves it: r itself, or r after internal redirects. NULL: r is a part of
 * another answer, or the page of an error. */
static const request_rec *request_served(const request_rec *r)
{
    for (; r && !r->main && r->prev; r = r->prev) {
        if (r->prev->status != HTTP_OK) {
            return NULL;
        }
    }
    return r->main ? NULL : r;
}

/* NULL: there is none. */
static const char *page_of(const request_rec *r)
{
    const char *page = um_dir_config_of(r)->sign_in_page, *pages = um_server_of(r->server)->settings.pages;

    if (!page || *page) {
        return page;
    }
    /* As the API, pages are only on a host of their own. */
    return pages && um_server_is_own(r->server) ? apr_pstrcat(r->pool, pages, SIGN_IN, NULL) : NULL;
}

/* A sign-in page in a directory that asks for a session would lead to itself. */
static int is_page_itself(const request_rec *r, const char *page)
{
    size_t len = strcspn(page, "?");

    return strlen(r->uri) == len && strncmp(r->uri, page, len) == 0;
}

/* Path and query as the client sent them; r->parsed_uri has the decoded path. A request line may have the host. */
static const char *address_of(const request_rec *r)
{
    const char *address = r->unparsed_uri;
    apr_uri_t uri;

    return *address == '/' || apr_uri_parse(r->pool, address, &uri) != APR_SUCCESS ? address
           : apr_uri_unparse(r->pool, &uri, APR_URI_UNP_OMITSITEPART);
}

/* The page with the address of r as the parameter "next". */
static const char *with_next(const request_rec *r, const char *page)
{
    const char *next = address_of(r);

    return !um_local_path_is(next) ? page
           : apr_pstrcat(r->pool, page, strchr(page, '?') ? "&" : "?", "next=", ap_escape_urlencoded(r->pool, next),
                         NULL);
}

int um_sign_in_page_leads(request_rec *r, const um_auth_token_t *found)
{
    const um_dir_config_t *dir = um_dir_config_of(r);
    const request_rec *served;
    const char *page;

    /* A sign-in page of this module makes no other cookie good than its own. */
    if (!dir->sign_in_page || !um_auth_missing_cookie(found, !*dir->sign_in_page)) {
        return 0;
    }
    served = request_served(r);
    page = served && is_navigation(served) && !um_request_is_forward(r) ? page_of(r) : NULL;
    if (!page || is_page_itself(served, page)) {
        return 0;
    }
    apr_table_setn(r->headers_out, "Location", with_next(served, page));
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    return 1;
}

int um_sign_in_page_access(request_rec *r)
{
    const um_request_t *record = um_request_get(r);
    const char *page = um_dir_config_of(r)->sign_in_page, *type = ap_auth_type(r);

    return record && record->page && page && !*page && type && strcasecmp(type, "Bearer") == 0 ? OK : DECLINED;
}

/* --- rights that a person lacks ----------------------------------------------------------------------------------- */

static um_sign_in_page_forbidden_fn *render_forbidden;
static ap_filter_rec_t *forbidden_handle;

/* The page in place of the body that httpd writes. */
typedef struct body_t {
    const char *html;
    int is_sent;
} body_t;

static apr_status_t replace_body(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    body_t *body = filter->ctx;
    request_rec *r = filter->r;

    apr_brigade_cleanup(brigade);
    if (body->is_sent) {
        return APR_SUCCESS;
    }
    body->is_sent = 1;
    ap_set_content_type(r, "text/html; charset=utf-8");
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(body->html, strlen(body->html), r->pool,
                                                            r->connection->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(r->connection->bucket_alloc));
    return ap_pass_brigade(filter->next, brigade);
}

void um_sign_in_page_register(um_sign_in_page_forbidden_fn *render)
{
    render_forbidden = render;
    forbidden_handle = ap_register_output_filter("USERMGMT_FORBIDDEN", replace_body, NULL, AP_FTYPE_CONTENT_SET);
}

/* Whether access control has refused r. */
static int is_refused(const request_rec *r, const um_request_t *record)
{
    return (r->status == HTTP_UNAUTHORIZED || r->status == HTTP_FORBIDDEN) && record && record->identity
           && !record->is_allowed;
}

void um_sign_in_page_forbid(request_rec *r)
{
    const um_request_t *record = um_request_get(r);
    body_t *body;

    if (!render_forbidden || !is_refused(r, record) || !request_served(r) || !is_navigation(r)
        || !um_dir_config_of(r)->sign_in_page || ap_response_code_string(r, ap_index_of_response(r->status))) {
        return;
    }
    body = apr_pcalloc(r->pool, sizeof(*body));
    body->html = render_forbidden(r);
    if (body->html) {
        r->status = HTTP_FORBIDDEN;
        apr_table_unset(r->err_headers_out, "WWW-Authenticate");
        ap_add_output_filter_handle(forbidden_handle, body, r, r->connection);
    }
}
