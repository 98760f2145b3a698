/* SPDX-License-Identifier: Apache-2.0 */
/* Input: three lines: the Origin header, the Referer header and the Host header of a request that changes something. An
 * origin has one spelling. A request passes the CSRF check only if the host of its page is its own host, compared here
 * in another way. */
#include "fuzz_http.h"

#include "web_origin.h"

static const char *check_origin(apr_pool_t *pool, const char *text)
{
    const char *origin = um_web_origin_normalize(pool, text), *of_url = um_web_origin_of_url(pool, text);

    if (origin) {
        const char *again = um_web_origin_normalize(pool, origin);

        need(again && strcmp(again, origin) == 0);
        need(strncmp(origin, "http://", 7) == 0 || strncmp(origin, "https://", 8) == 0);
        need(!origin[8 + strcspn(origin + 8, "/?#@\\ \t,\"")]);
    }
    need(!origin || (of_url && strcmp(of_url, origin) == 0));
    return origin ? origin : of_url;
}

/* The host and port in lower case, without the scheme and its default port. */
static const char *host_of(apr_pool_t *pool, const char *origin)
{
    int is_tls = strncmp(origin, "https", 5) == 0;
    char *host = apr_pstrdup(pool, strstr(origin, "://") + 3);
    size_t len = strlen(host), port = is_tls ? 4 : 3;

    if (len > port && strcmp(host + len - port, is_tls ? ":443" : ":80") == 0) {
        host[len - port] = '\0';
    }
    return host;
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    request_rec *r = fuzz_request(pool);
    const char *origin = fuzz_line(pool, &text), *referer = fuzz_line(pool, &text), *host = fuzz_line(pool, &text);
    const char *page;

    (void)size;
    check_origin(pool, origin);
    check_origin(pool, referer);
    r->method = "POST";
    fuzz_scheme = *text ? "https" : "http";
    if (*origin) {
        fuzz_header(r, "Origin", origin);
    }
    fuzz_header(r, "Referer", referer);
    fuzz_header(r, "Host", host);
    if (um_csrf_allows(r, NULL)) {
        page = *origin ? um_web_origin_normalize(pool, origin) : um_web_origin_of_url(pool, referer);
        need(page && (*text == '\0' || strncmp(page, "https://", 8) == 0));
        need(strncasecmp(host_of(pool, page), host, strlen(host_of(pool, page))) == 0);
        need(um_csrf_is_same_site(r));
    }
    r->method = "GET";
    need(um_csrf_allows(r, NULL));
    fuzz_header(r, "Upgrade", "WebSocket");
    need(um_csrf_allows(r, NULL) == um_csrf_is_same_site(r));
}
