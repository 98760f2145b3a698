/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "module.h"

#include <apr_strings.h>
#include <string.h>

int um_token_source_same(const um_token_source_t *a, const um_token_source_t *b)
{
    return a->kind == b->kind
           && (a->name && b->name ? strcmp(a->name, b->name) == 0 : a->name == b->name);
}

/* --- pairs: name=value, separated by one character and, in cookies, spaces --- */

typedef struct pair_t {
    const char *text;           /* the first byte */
    apr_size_t len;             /* up to the next separator or the end */
    const char *value;          /* NULL: the pair has no '=' */
    apr_size_t value_len;
} pair_t;

/* Reads the pair that starts at *at, and moves *at behind the separator. 0: there is none. */
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

static um_bearer_e find_value(const request_rec *r, const char *text, char separator, const char *name,
                              const char **token)
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

/* The text without the pairs of that name; NULL: it has none. The bytes between other pairs stay. */
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

#define REFRESH_SUFFIX "-refresh"
#define FORM_SUFFIX "-form"

const char *um_token_cookie_name(const request_rec *r)
{
    const char *name = um_server_of(r->server)->settings.cookie;

    if (!name || um_tls_is_on(r)) {
        return name ? apr_pstrcat(r->pool, "__Host-", name, NULL) : NULL;
    }
    return um_tls_is_on_or_local(r) ? name : NULL;
}

static const char *name_with(const request_rec *r, const char *suffix)
{
    const char *name = um_token_cookie_name(r);

    return name ? apr_pstrcat(r->pool, name, suffix, NULL) : NULL;
}

const char *um_token_refresh_cookie_name(const request_rec *r)
{
    return name_with(r, REFRESH_SUFFIX);
}

const char *um_token_form_cookie_name(const request_rec *r)
{
    return name_with(r, FORM_SUFFIX);
}

static const char *cookie_name(const request_rec *r, const um_token_source_t *source)
{
    return source->name ? source->name : um_token_cookie_name(r);
}

static unsigned schemes_of(const request_rec *r)
{
    return um_server_of(r->server)->settings.token_scheme;
}

um_bearer_e um_token_extract(const request_rec *r, const um_token_source_t *source, const char **token)
{
    const char *name;

    *token = NULL;
    switch (source->kind) {
    case UM_TOKEN_SOURCE_HEADER:
        return um_bearer_token(um_request_header(r, UM_REQUEST_AUTHORIZATION), schemes_of(r), token);
    case UM_TOKEN_SOURCE_COOKIE:
        name = cookie_name(r, source);
        return name ? find_value(r, um_request_header(r, UM_REQUEST_COOKIE), ';', name, token) : UM_BEARER_NONE;
    case UM_TOKEN_SOURCE_QUERY:
        return find_value(r, r->args, '&', source->name, token);
    case UM_TOKEN_SOURCE_PROXY:
        return um_bearer_token(apr_table_get(r->headers_in, "Proxy-Authorization"), schemes_of(r), token);
    }
    return UM_BEARER_NONE;
}

um_bearer_e um_token_extract_refresh(const request_rec *r, const char **value)
{
    const char *cookies = um_request_header(r, UM_REQUEST_COOKIE), *name;

    *value = NULL;
    /* Most requests have no such cookie, and this finds it out without a copy of the name. */
    name = cookies && strstr(cookies, REFRESH_SUFFIX "=") ? um_token_refresh_cookie_name(r) : NULL;
    return name ? find_value(r, cookies, ';', name, value) : UM_BEARER_NONE;
}

static void remove_from_cookies(request_rec *r, const char *name)
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

static void remove_from_query(request_rec *r, const char *name)
{
    /* By now mod_rewrite, and mod_proxy with nocanon, have appended the query to the back end's URL in filename. */
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

/* Most requests have no such cookie, and the first look finds it out without a copy. */
static int has_suffixed(const request_rec *r, const char *cookies, const char *suffix)
{
    const char *name = strstr(cookies, suffix) ? name_with(r, suffix) : NULL;

    return name && without(r->pool, cookies, ';', name);
}

int um_token_has_own(const request_rec *r)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie");

    return cookies && (has_suffixed(r, cookies, REFRESH_SUFFIX) || has_suffixed(r, cookies, FORM_SUFFIX));
}

void um_token_remove_own(request_rec *r)
{
    remove_from_cookies(r, um_token_refresh_cookie_name(r));
    remove_from_cookies(r, um_token_form_cookie_name(r));
}

void um_token_remove(request_rec *r, const um_token_source_t *source)
{
    if (source->kind == UM_TOKEN_SOURCE_COOKIE) {
        remove_from_cookies(r, cookie_name(r, source));
        if (!source->name) {
            um_token_remove_own(r);
        }
    }
    else if (source->kind == UM_TOKEN_SOURCE_QUERY) {
        remove_from_query(r, source->name);
    }
}
