/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of a Cookie header, a line feed, and the token of a form. The token that a page makes is right for
 * the browser that has the page's cookie and differs each time; changed, or for another browser, it is wrong. */
#include "fuzz_http.h"

#include "pages.h"

static request_rec *request_with(apr_pool_t *pool, const char *cookies)
{
    request_rec *r = fuzz_request(pool);

    fuzz_scheme = "https";
    fuzz_header(r, "Cookie", cookies);
    return r;
}

/* The value of the cookie that the page sets; NULL: it sets none. */
static const char *cookie_set(const request_rec *r)
{
    const char *header = apr_table_get(r->err_headers_out, "Set-Cookie");

    return header ? apr_pstrmemdup(r->pool, header, strcspn(header, ";")) : NULL;
}

static void check_own(apr_pool_t *pool, const char *cookies, size_t at)
{
    request_rec *r = request_with(pool, cookies);
    const char *token = um_page_csrf_make(r), *set = cookie_set(r);
    char *other;

    need(token && strlen(token) == 43);
    r = request_with(pool, set ? set : cookies);
    need(um_page_csrf_has_cookie(r) && um_page_csrf_is_right(r, token));
    need(strcmp(token + 22, um_page_csrf_make(r) + 22) != 0 && !cookie_set(r));
    other = apr_pstrdup(pool, token);
    other[at % 42] = other[at % 42] == 'A' ? 'B' : 'A';
    need(!um_page_csrf_is_right(r, other));
    need(!um_page_csrf_is_right(r, apr_pstrcat(pool, token, "A", NULL)));
    need(!um_page_csrf_is_right(request_with(pool, "__Host-session-form=AAAAAAAAAAAAAAAAAAAAAA"), token)
         || strstr(cookies, "AAAAAAAAAAAAAAAAAAAAAA"));
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *cookies = fuzz_line(pool, &text);
    request_rec *r = request_with(pool, cookies);

    /* Nobody guesses a token of 128 bits, and without a cookie there is none. */
    need(!um_page_csrf_is_right(r, text) && !um_page_csrf_is_right(r, NULL));
    need(!um_page_csrf_has_cookie(r) || strstr(cookies, "__Host-session-form="));
    check_own(pool, cookies, size);
}
