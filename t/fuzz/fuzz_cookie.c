/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of a Cookie header, a line feed, and a query. A token comes from a pair of exactly that name; after
 * removing it, it is gone, nothing else is, and removing it again changes nothing. */
#include "fuzz_http.h"

static const um_token_source_t cookie = { UM_TOKEN_SOURCE_COOKIE, "session" };
static const um_token_source_t query = { UM_TOKEN_SOURCE_QUERY, "token" };

static void check_removal(request_rec *r, const um_token_source_t *source, const char *(*get)(const request_rec *r))
{
    const char *before = get(r), *after, *token;
    size_t bytes = before ? strlen(before) : 0;

    um_token_remove(r, source);
    after = get(r);
    need(um_token_extract(r, source, &token) == UM_BEARER_NONE && !token);
    need(!after || strlen(after) <= bytes);
    /* A value without the name in it stays as it is, byte for byte. */
    need(!before || strstr(before, source->name) || (after && strcmp(before, after) == 0));
    um_token_remove(r, source);
    need(after ? get(r) && strcmp(after, get(r)) == 0 : !get(r));
}

static const char *cookies_of(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Cookie");
}

static const char *query_of(const request_rec *r)
{
    return r->args;
}

static void check_found(const request_rec *r, const um_token_source_t *source, const char *text)
{
    const char *token;
    um_bearer_e form = um_token_extract(r, source, &token);

    need(form != UM_BEARER_EMPTY && (form == UM_BEARER_FOUND) == (token != NULL));
    if (token) {
        const char *at = strstr(text, apr_pstrcat(r->pool, source->name, "=", token, NULL));

        need(at && um_bearer_form(token) == UM_BEARER_FOUND);
    }
    need(form == UM_BEARER_NONE || strstr(text, source->name));
    /* Of two that differ, somebody else may have set one. */
    if (token && !strchr(token, ';') && !strchr(token, '&')) {
        const char *more = apr_pstrcat(r->pool, source == &cookie ? "; " : "&", source->name, "=x", token, NULL);
        request_rec *other = fuzz_request(r->pool);

        fuzz_header(other, "Cookie", apr_pstrcat(r->pool, text, more, NULL));
        other->args = apr_pstrcat(r->pool, text, more, NULL);
        need(um_token_extract(other, source, &token) == UM_BEARER_TWICE && !token);
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    request_rec *r = fuzz_request(pool);
    const char *cookies = fuzz_line(pool, &text), *args = fuzz_line(pool, &text);

    (void)size;
    fuzz_header(r, "Cookie", cookies);
    r->args = apr_pstrdup(pool, args);
    r->filename = apr_pstrcat(pool, "proxy:http://127.0.0.1/?", args, NULL);
    check_found(r, &cookie, cookies);
    check_found(r, &query, args);
    check_removal(r, &cookie, cookies_of);
    check_removal(r, &query, query_of);
    need(strncmp(r->filename, "proxy:http://127.0.0.1/", 23) == 0);
    /* The query of a back end's URL is the same as the one that programs see. */
    need(strcmp(r->filename + 23 + (r->filename[23] == '?'), r->args ? r->args : "") == 0);
}
