/* SPDX-License-Identifier: Apache-2.0 */
#include "csrf.h"

#include "module.h"
#include "tls.h"
#include "web_origin.h"

#include <apr_strings.h>
#include <string.h>

/* Host names no scheme. Where TLS ends before this server, a page of https:// is ours too; one of http:// that posts to
 * https:// is not: anybody on the way may have written it. */
static int is_host(const request_rec *r, const um_csrf_request_t *ask, const char *origin)
{
    const char *secure = um_web_origin_normalize(r->pool, apr_pstrcat(r->pool, "https://", ask->host, NULL));
    const char *plain = um_web_origin_normalize(r->pool, apr_pstrcat(r->pool, "http://", ask->host, NULL));

    return (secure && strcmp(origin, secure) == 0) || (!ask->is_tls && plain && strcmp(origin, plain) == 0);
}

static int is_ours(const request_rec *r, const um_csrf_request_t *ask)
{
    const apr_array_header_t *trusted = um_server_of(r->server)->settings.trusted_origins;
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *referer = apr_table_get(r->headers_in, "Referer");

    if (site && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)) {
        return 1;
    }
    /* "null", which sandboxed pages and redirects have, is nobody's origin. */
    origin = origin ? um_web_origin_normalize(r->pool, origin) : referer ? um_web_origin_of_url(r->pool,
                                                                                                referer) : NULL;
    return origin && (um_web_origin_is_listed(trusted, origin) || (ask->host && is_host(r, ask, origin)));
}

/* --- which requests --- */

static int is_harmless(const request_rec *r, const char *method)
{
    static const char *const safe[] = { "GET", "HEAD", "OPTIONS", "TRACE" };
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");

    /* Its handshake is a GET, and what is opened is no reading. A proxy that asks for another has its own Upgrade. */
    if ((upgrade && ap_strcasestr(upgrade, "websocket")) || apr_table_get(r->headers_in, "Sec-WebSocket-Key")) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
        if (strcmp(method, safe[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

int um_csrf_allows_as(const request_rec *r, const um_csrf_request_t *ask)
{
    return is_harmless(r, ask->method) || is_ours(r, ask);
}

static um_csrf_request_t itself(const request_rec *r)
{
    return (um_csrf_request_t){ r->method, apr_table_get(r->headers_in, "Host"), um_tls_is_on(r) };
}

int um_csrf_allows(const request_rec *r)
{
    um_csrf_request_t ask = itself(r);

    return um_csrf_allows_as(r, &ask);
}

int um_csrf_is_same_site(const request_rec *r)
{
    um_csrf_request_t ask = itself(r);

    return is_ours(r, &ask);
}
