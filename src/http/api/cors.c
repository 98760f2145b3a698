/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "module.h"
#include "process.h"
#include "web_origin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>
#include <strings.h>
#include <util_filter.h>

#define FILTER "USERMGMT_CORS"
#define PREFLIGHT_SECONDS "600"
/* Bytes of a list of header names in a preflight that is sent back. */
#define LONGEST_LIST 2000

static const char EXPOSED[] = "WWW-Authenticate, Retry-After, ETag, Location, X-Request-Id";

/* --- which origins may read --- */

/* The origins of UserMgmtCORS; NULL: none. */
static const apr_array_header_t *allowed_origins(const request_rec *r)
{
    return um_server_of(r->server)->settings.cors;
}

static int is_for_anybody(const apr_array_header_t *origins)
{
    return strcmp(APR_ARRAY_IDX(origins, 0, const char *), "*") == 0;
}

/* The origin of the page, as its browser sent it, if the page may read the answer; "*" where any page may; else
 * NULL. */
static const char *reading_origin(const request_rec *r)
{
    const char *sent = apr_table_get(r->headers_in, "Origin");
    const char *origin = sent ? um_web_origin_normalize(r->pool, sent) : NULL;

    if (is_for_anybody(allowed_origins(r))) {
        return "*";
    }
    return origin && um_web_origin_is_listed(allowed_origins(r), origin) ? sent : NULL;
}

/* Whether a token in a cookie is accepted here, by the API or by the directory. */
static int accepts_cookie(const request_rec *r)
{
    const apr_array_header_t *sources = um_dir_config_sources(um_dir_config_of(r));

    for (int i = 0; i < sources->nelts; i++) {
        if (APR_ARRAY_IDX(sources, i, um_token_source_t).kind == UM_TOKEN_SOURCE_COOKIE) {
            return 1;
        }
    }
    return um_server_of(r->server)->settings.cookie != NULL;
}

/* Whether the page may read answers to requests with its cookie: its origin must be one of UserMgmtTrustedOrigin. */
static int may_use_cookies(const request_rec *r, const char *origin)
{
    return strcmp(origin, "*") != 0 && accepts_cookie(r)
           && um_web_origin_is_listed(um_server_of(r->server)->settings.trusted_origins,
                                      um_web_origin_normalize(r->pool, origin));
}

/* --- which answers --- */

static const um_route_match_t *route_of(const request_rec *r)
{
    const um_request_t *record = um_request_get(r);

    return record ? record->route : NULL;
}

static int is_route_for(const request_rec *r, um_access_e access)
{
    const um_route_match_t *match = route_of(r);

    return match && match->first && match->first->access == access;
}

/* Pages of any site may read the public keys. They are not secret, and cookies and tokens are ignored there. */
static int is_key_set(const request_rec *r)
{
    return is_route_for(r, UM_ACCESS_PUBLIC);
}

/* Whether this module answers for the access to r. It does not for what a forward proxy passes on: only the origin
 * server may open that to other sites. */
static int is_protected_here(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return um_server_of(r->server)->site && !um_request_is_forward(r)
           && (route_of(r) || (type && strcasecmp(type, "Bearer") == 0));
}

/* --- headers of answers --- */

static void set_header(request_rec *r, const char *name, const char *value)
{
    apr_table_unset(r->err_headers_out, name);
    apr_table_unset(r->headers_out, name);
    if (value) {
        apr_table_setn(r->headers_out, name, value);
    }
}

static void add_vary(request_rec *r, const char *names)
{
    if (!is_for_anybody(allowed_origins(r))) {
        apr_table_mergen(r->headers_out, "Vary", names);
    }
}

static void set_origin(request_rec *r, const char *origin)
{
    set_header(r, "Access-Control-Allow-Origin", origin);
    set_header(r, "Access-Control-Allow-Credentials", origin && may_use_cookies(r, origin) ? "true" : NULL);
}

static void set_cors_headers(request_rec *r)
{
    const char *origin = reading_origin(r);

    add_vary(r, "Origin");
    set_origin(r, origin);
    if (origin) {
        apr_table_mergen(r->headers_out, "Access-Control-Expose-Headers", EXPOSED);
    }
}

/* Runs when the answer is sent, after mod_headers: replaces what an application or a Header directive has set, because
 * browsers refuse an answer that has one of these headers twice. */
static apr_status_t cors_filter(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;

    if (is_key_set(r)) {
        set_header(r, "Access-Control-Allow-Credentials", NULL);
        set_header(r, "Access-Control-Allow-Origin", "*");
    }
    else {
        set_cors_headers(r);
    }
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void um_cors_register(void)
{
    ap_register_output_filter(FILTER, cors_filter, NULL, AP_FTYPE_CONTENT_SET + 1);
}

void um_cors_insert(request_rec *r)
{
    int wanted;

    if (r->main) {
        return;
    }
    wanted = is_key_set(r);
    /* An error document belongs to the request that failed. */
    for (request_rec *from = r; from && !wanted; from = from->prev) {
        wanted = allowed_origins(from) && is_protected_here(from);
    }
    if (wanted) {
        ap_add_output_filter(FILTER, NULL, r, r->connection);
    }
}

/* --- preflight --- */

/* A request header with a list of tokens, such as methods or header names, that may be sent back. NULL: the header is
 * absent, too long, or has other characters. */
static const char *token_list(const request_rec *r, const char *name)
{
    const char *sent = apr_table_get(r->headers_in, name);

    for (const char *c = sent; c && *c; c++) {
        if (!apr_isalnum(*c) && !strchr("!#$%&'*+-.^_`|~, ", *c)) {
            return NULL;
        }
    }
    return sent && strlen(sent) <= LONGEST_LIST ? sent : NULL;
}

int um_cors_preflight(request_rec *r)
{
    const char *method = token_list(r, "Access-Control-Request-Method");
    const um_route_match_t *match = route_of(r);
    const char *origin;

    if (r->method_number != M_OPTIONS || !method || !apr_table_get(r->headers_in, "Origin") || r->main || r->prev
        || !allowed_origins(r) || !is_protected_here(r)) {
        return DECLINED;
    }
    /* /api-forward-auth/: a proxy may pass on the method and headers of its client. To the proxy a 204 would mean that
     * the client may pass. */
    if (is_route_for(r, UM_ACCESS_PROXY)) {
        return DECLINED;
    }
    origin = is_key_set(r) ? "*" : reading_origin(r);
    if (!origin) {
        return DECLINED;
    }
    add_vary(r, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    set_origin(r, origin);
    set_header(r, "Access-Control-Allow-Methods",
               match && match->first ? um_route_allow(r->pool, match->first) : method);
    set_header(r, "Access-Control-Allow-Headers", token_list(r, "Access-Control-Request-Headers"));
    set_header(r, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
    um_request_id_send(r);
    r->status = HTTP_NO_CONTENT;
    r->status_line = NULL;
    return DONE;
}
