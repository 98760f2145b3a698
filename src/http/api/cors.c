/* SPDX-License-Identifier: Apache-2.0 */
#include "cors.h"

#include "dir_config.h"
#include "csrf.h"
#include "request.h"
#include "route.h"
#include "server.h"

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
/* What a list of header names in a preflight may take. */
#define LONGEST_LIST 2000

static const char EXPOSED[] = "WWW-Authenticate, Retry-After, ETag, Location";

/* --- what is allowed --- */

static const apr_array_header_t *allowed(const request_rec *r)
{
    return um_server_of(r->server)->settings.cors;
}

static int is_for_anybody(const apr_array_header_t *origins)
{
    return strcmp(APR_ARRAY_IDX(origins, 0, const char *), "*") == 0;
}

static int has(const apr_array_header_t *origins, const char *origin)
{
    for (int i = 0; origins && i < origins->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(origins, i, const char *), origin) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The origin of the page as its browser spelt it, if it may read the answer; "*" where anybody may. Else NULL. */
static const char *reader(const request_rec *r)
{
    const char *sent = apr_table_get(r->headers_in, "Origin");
    const char *origin = sent ? um_csrf_origin(r->pool, sent) : NULL;

    if (is_for_anybody(allowed(r))) {
        return "*";
    }
    return origin && has(allowed(r), origin) ? sent : NULL;
}

static int takes_cookie(const request_rec *r)
{
    const apr_array_header_t *sources = um_dir_config_of(r)->sources;

    for (int i = 0; i < sources->nelts; i++) {
        if (APR_ARRAY_IDX(sources, i, um_token_source_t).kind == UM_TOKEN_SOURCE_COOKIE) {
            return 1;
        }
    }
    return um_server_of(r->server)->settings.cookie != NULL;
}

/* Whether the page may send its cookie and read the answer: it must be of an origin whose cookies count here. */
static int may_use_cookies(const request_rec *r, const char *origin)
{
    return strcmp(origin, "*") != 0 && takes_cookie(r)
           && has(um_server_of(r->server)->settings.trusted_origins, um_csrf_origin(r->pool, origin));
}

/* --- where --- */

static const um_route_match_t *route_of(const request_rec *r)
{
    const um_request_t *known = um_request_look(r);

    return known ? known->route : NULL;
}

static int is_route_for(const request_rec *r, um_access_e access)
{
    const um_route_match_t *match = route_of(r);

    return match && match->first && match->first->access == access;
}

/* Pages of any site may read the public keys: they are no secret, and no cookie or token is looked at. */
static int is_key_set(const request_rec *r)
{
    return is_route_for(r, UM_ACCESS_PUBLIC);
}

/* Answers that a forward proxy hands on are the origin server's: only that server may open them to other sites. */
static int is_ours(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return um_server_of(r->server)->site && !um_request_is_forward(r)
           && (route_of(r) || (type && strcasecmp(type, "Bearer") == 0));
}

/* --- answers --- */

static void set(request_rec *r, const char *name, const char *value)
{
    apr_table_unset(r->err_headers_out, name);
    apr_table_unset(r->headers_out, name);
    if (value) {
        apr_table_setn(r->headers_out, name, value);
    }
}

static void vary(request_rec *r, const char *names)
{
    if (!is_for_anybody(allowed(r))) {
        apr_table_mergen(r->headers_out, "Vary", names);
    }
}

static void set_origin(request_rec *r, const char *origin)
{
    set(r, "Access-Control-Allow-Origin", origin);
    set(r, "Access-Control-Allow-Credentials", origin && may_use_cookies(r, origin) ? "true" : NULL);
}

static void set_headers(request_rec *r)
{
    const char *origin = reader(r);

    vary(r, "Origin");
    set_origin(r, origin);
    if (origin) {
        apr_table_mergen(r->headers_out, "Access-Control-Expose-Headers", EXPOSED);
    }
}

/* When the answer goes out, and behind mod_headers: what an application or a Header line has set is replaced, because a
 * browser refuses two of them. */
static apr_status_t on_output(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;

    if (is_key_set(r)) {
        set(r, "Access-Control-Allow-Credentials", NULL);
        set(r, "Access-Control-Allow-Origin", "*");
    }
    else {
        set_headers(r);
    }
    ap_remove_output_filter(filter);
    return ap_pass_brigade(filter->next, brigade);
}

void um_cors_register(void)
{
    ap_register_output_filter(FILTER, on_output, NULL, AP_FTYPE_CONTENT_SET + 1);
}

void um_cors_insert(request_rec *r)
{
    int wanted = is_key_set(r);

    /* A page for errors belongs to the request that met with one. */
    for (request_rec *from = r; from && !wanted; from = from->prev) {
        wanted = allowed(from) && is_ours(from);
    }
    if (wanted && !r->main) {
        ap_add_output_filter(FILTER, NULL, r, r->connection);
    }
}

/* --- preflight --- */

/* A list of tokens, such as methods or names of headers; it is sent back. */
static const char *list(const request_rec *r, const char *name)
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
    const char *method = list(r, "Access-Control-Request-Method");
    const um_route_match_t *match = route_of(r);
    const char *origin;

    if (r->method_number != M_OPTIONS || !method || !apr_table_get(r->headers_in, "Origin") || r->main || r->prev
        || !allowed(r) || !is_ours(r)) {
        return DECLINED;
    }
    /* A proxy asks here, perhaps with its client's method and headers, and would let its client pass for a 204. */
    if (is_route_for(r, UM_ACCESS_PROXY)) {
        return DECLINED;
    }
    origin = is_key_set(r) ? "*" : reader(r);
    if (!origin) {
        return DECLINED;
    }
    vary(r, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    set_origin(r, origin);
    set(r, "Access-Control-Allow-Methods", match && match->first ? um_route_allow(r->pool, match->first) : method);
    set(r, "Access-Control-Allow-Headers", list(r, "Access-Control-Request-Headers"));
    set(r, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
    r->status = HTTP_NO_CONTENT;
    r->status_line = NULL;
    return DONE;
}
