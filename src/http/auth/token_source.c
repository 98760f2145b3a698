/* SPDX-License-Identifier: Apache-2.0 */
#include "token_source.h"

#include "cookie.h"
#include "request.h"

#include <apr_strings.h>
#include <string.h>

int um_token_source_same(const um_token_source_t *a, const um_token_source_t *b)
{
    return a->kind == b->kind
           && (a->name && b->name ? strcmp(a->name, b->name) == 0 : a->name == b->name);
}

/* --- pairs: name=value, parted by one character and, in cookies, blanks --- */

typedef struct pair_t {
    const char *text;           /* its first byte */
    apr_size_t len;             /* up to the next separator or the end */
    const char *value;          /* NULL: there is no '=' */
    apr_size_t value_len;
} pair_t;

/* The pair that starts at *at; moves *at behind the separator. */
static int next_pair(const char **at, char separator, pair_t *pair)
{
    const char stops[] = { separator, '\0' };
    const char *text = *at;

    if (!text || !*text) {
        return 0;
    }
    text += separator == ';' ? strspn(text, " \t") : 0;
    pair->text = text;
    pair->len = strcspn(text, stops);
    pair->value = memchr(text, '=', pair->len);
    if (pair->value) {
        pair->value++;
        pair->value_len = pair->len - (apr_size_t)(pair->value - text);
    }
    *at = text + pair->len + (text[pair->len] != '\0');
    return 1;
}

static int has_name(const pair_t *pair, const char *name)
{
    apr_size_t len = strlen(name);

    return pair->value && (apr_size_t)(pair->value - pair->text) == len + 1 && memcmp(pair->text, name, len) == 0;
}

static um_bearer_e find(const request_rec *r, const char *text, char separator, const char *name, const char **token)
{
    const char *at = text;
    pair_t pair;
    pair_t found = { NULL, 0, NULL, 0 };
    um_bearer_e form;

    while (next_pair(&at, separator, &pair)) {
        if (!has_name(&pair, name)) {
            continue;
        }
        if (found.value && (found.value_len != pair.value_len
                            || memcmp(found.value, pair.value, pair.value_len) != 0)) {
            return UM_BEARER_TWICE;
        }
        found = pair;
    }
    if (!found.value || !found.value_len) {
        return UM_BEARER_NONE;
    }
    *token = apr_pstrmemdup(r->pool, found.value, found.value_len);
    form = um_bearer_form(*token);
    if (form != UM_BEARER_FOUND) {
        *token = NULL;
    }
    return form;
}

/* Without the pairs of that name, NULL when there is none. The others keep what stands between them. */
static const char *without(apr_pool_t *pool, const char *text, char separator, const char *name)
{
    char *out = apr_palloc(pool, strlen(text) + 1);
    char *end = out;
    const char *at = text;
    const char *gap = text;
    int found = 0;
    pair_t pair;

    while (next_pair(&at, separator, &pair)) {
        if (has_name(&pair, name)) {
            found = 1;
        }
        else {
            const char *from = end == out ? pair.text : gap;
            apr_size_t len = (apr_size_t)(pair.text + pair.len - from);

            memcpy(end, from, len);
            end += len;
        }
        gap = pair.text + pair.len;
    }
    *end = '\0';
    return found ? out : NULL;
}

/* --- the request --- */

static const char *name_of(const request_rec *r, const um_token_source_t *source)
{
    return source->name ? source->name : um_cookie_name(r);
}

um_bearer_e um_token_source_find(const request_rec *r, const um_token_source_t *source, const char **token)
{
    const char *name;

    *token = NULL;
    switch (source->kind) {
    case UM_TOKEN_SOURCE_HEADER:
        return um_bearer_token(um_request_header(r, UM_REQUEST_AUTHORIZATION), token);
    case UM_TOKEN_SOURCE_COOKIE:
        name = name_of(r, source);
        return name ? find(r, um_request_header(r, UM_REQUEST_COOKIE), ';', name, token) : UM_BEARER_NONE;
    case UM_TOKEN_SOURCE_QUERY:
        return find(r, r->args, '&', source->name, token);
    case UM_TOKEN_SOURCE_PROXY:
        return um_bearer_token(apr_table_get(r->headers_in, "Proxy-Authorization"), token);
    }
    return UM_BEARER_NONE;
}

static void cut_cookie(request_rec *r, const char *name)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie");
    const char *rest = cookies && name ? without(r->pool, cookies, ';', name) : NULL;

    if (rest && *rest) {
        apr_table_setn(r->headers_in, "Cookie", rest);
    }
    else if (rest) {
        apr_table_unset(r->headers_in, "Cookie");
    }
}

static void cut_query(request_rec *r, const char *name)
{
    /* mod_rewrite, and mod_proxy with nocanon, have put the query behind the back end's address by now. */
    const char *query = r->filename && strncmp(r->filename, "proxy:", 6) == 0 ? strchr(r->filename, '?') : NULL;
    const char *rest = query ? without(r->pool, query + 1, '&', name) : NULL;

    if (rest) {
        r->filename = apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, r->filename, (apr_size_t)(query - r->filename)),
                                  *rest ? "?" : "", rest, NULL);
    }
    rest = r->args ? without(r->pool, r->args, '&', name) : NULL;
    if (rest) {
        r->args = *rest ? apr_pstrdup(r->pool, rest) : NULL;
        r->parsed_uri.query = r->args;
    }
}

void um_token_source_remove(request_rec *r, const um_token_source_t *source)
{
    if (source->kind == UM_TOKEN_SOURCE_COOKIE) {
        cut_cookie(r, name_of(r, source));
    }
    else if (source->kind == UM_TOKEN_SOURCE_QUERY) {
        cut_query(r, source->name);
    }
}
