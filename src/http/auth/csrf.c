/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"
#include "web_origin.h"

#include <apr_strings.h>
#include <string.h>

/* Whether an origin is this host's. The Host header has no scheme. Where TLS ends before this server, a page of
 * https:// is this host's too. A page of http:// that posts to https:// is not, because anybody on the way may have
 * written it. */
static int is_own_origin(const request_rec *r, const um_csrf_request_t *request, const char *origin)
{
    const char *https = um_web_origin_normalize(r->pool, apr_pstrcat(r->pool, "https://", request->host, NULL));
    const char *http = um_web_origin_normalize(r->pool, apr_pstrcat(r->pool, "http://", request->host, NULL));

    return (https && strcmp(origin, https) == 0) || (!request->is_tls && http && strcmp(origin, http) == 0);
}

static int is_same_site(const request_rec *r, const um_csrf_request_t *request)
{
    const apr_array_header_t *trusted = um_server_of(r->server)->settings.trusted_origins;
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *referer = apr_table_get(r->headers_in, "Referer");

    if (site && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)) {
        return 1;
    }
    /* Sandboxed pages and redirects send the origin "null", which is no origin. */
    origin = origin ? um_web_origin_normalize(r->pool, origin) : referer ? um_web_origin_of_url(r->pool,
                                                                                                referer) : NULL;
    return origin && (um_web_origin_is_listed(trusted, origin)
                      || (request->host && is_own_origin(r, request, origin)));
}

/* A proxy that asks about another request sends an Upgrade header of its own. */
int um_csrf_opens_websocket(const request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");

    return (upgrade && ap_strcasestr(upgrade, "websocket")) || apr_table_get(r->headers_in, "Sec-WebSocket-Key");
}

static int is_read_only(const request_rec *r, const char *method)
{
    static const char *const safe[] = { "GET", "HEAD", "OPTIONS", "TRACE" };

    /* The handshake of a WebSocket is a GET, but the connection can do more than read. */
    if (um_csrf_opens_websocket(r)) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
        if (strcmp(method, safe[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static um_csrf_request_t request_itself(const request_rec *r)
{
    return (um_csrf_request_t){ r->method, apr_table_get(r->headers_in, "Host"), um_tls_is_on(r) };
}

int um_csrf_allows(const request_rec *r, const um_csrf_request_t *request)
{
    um_csrf_request_t itself = request_itself(r);

    request = request ? request : &itself;
    return is_read_only(r, request->method) || is_same_site(r, request);
}

int um_csrf_is_same_site(const request_rec *r)
{
    um_csrf_request_t itself = request_itself(r);

    return is_same_site(r, &itself);
}
