/* SPDX-License-Identifier: Apache-2.0 */
#include "web_origin.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* Whether a text can be HOST or HOST:PORT. The colons of an IPv6 address are in brackets. */
static int has_one_host(const char *text)
{
    const char *end = *text == '[' ? strchr(text, ']') : text;
    const char *colon = end ? strchr(end, ':') : NULL;

    return *text && end && colon != text && !text[strcspn(text, "/?#@\\ \t,\"")]
           && (!colon || !strchr(colon + 1, ':'));
}

const char *um_web_origin_normalize(apr_pool_t *pool, const char *text)
{
    apr_size_t scheme = strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;
    const char *host = text + scheme;
    char *origin;
    char *port;

    if (!scheme || !has_one_host(host)) {
        return NULL;
    }
    origin = apr_pstrdup(pool, text);
    for (char *c = origin; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    port = strrchr(origin + scheme, ':');
    /* A colon before a bracket belongs to an IPv6 address. */
    if (port && !strchr(port, ']') && strcmp(port, scheme == 8 ? ":443" : ":80") == 0) {
        *port = '\0';
    }
    return origin;
}

const char *um_web_origin_of_url(apr_pool_t *pool, const char *url)
{
    const char *host = strstr(url, "://");

    if (!host) {
        return NULL;
    }
    host += strlen("://");
    return um_web_origin_normalize(pool, apr_pstrmemdup(pool, url, (apr_size_t)(host - url) + strcspn(host, "/?#")));
}

int um_web_origin_is_listed(const apr_array_header_t *origins, const char *origin)
{
    for (int i = 0; origins && i < origins->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(origins, i, const char *), origin) == 0) {
            return 1;
        }
    }
    return 0;
}
