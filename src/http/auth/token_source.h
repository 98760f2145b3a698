/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TOKEN_SOURCE_H
#define UM_TOKEN_SOURCE_H
/* Where in a request a token is looked for. */
#include "bearer.h"

#include <httpd.h>

typedef enum {
    UM_TOKEN_SOURCE_HEADER,
    UM_TOKEN_SOURCE_COOKIE,
    UM_TOKEN_SOURCE_QUERY,
    UM_TOKEN_SOURCE_PROXY             /**< Proxy-Authorization, of a forward proxy's client; no directive names it */
} um_token_source_e;

typedef struct um_token_source_t {
    um_token_source_e kind;
    const char *name;           /**< of cookie or parameter; NULL: the cookie that UserMgmtCookie names */
} um_token_source_t;

/** Whether a text can name a cookie or a parameter: letters, digits, and _ - . , 1 to 64 of them. */
int um_token_source_is_name(const char *text);

/** Reads "header", "cookie", "cookie=NAME" or "query=NAME". NULL, or what is wrong with it. */
const char *um_token_source_parse(apr_pool_t *pool, const char *text, um_token_source_t *source);

int um_token_source_same(const um_token_source_t *a, const um_token_source_t *b);

/** The token there, as the client sent it. UM_BEARER_TWICE also: two cookies or parameters of the name that differ, of
 * which somebody else may have set one. *token lives as long as r, NULL unless found. */
um_bearer_e um_token_source_find(const request_rec *r, const um_token_source_t *source, const char **token);

/** Takes the token out of what a back end gets: the cookie out of Cookie, the parameter out of the query; all else
 * stays byte for byte. Authorization is not touched. */
void um_token_source_remove(request_rec *r, const um_token_source_t *source);

#endif
