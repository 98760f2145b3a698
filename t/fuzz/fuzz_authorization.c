/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of an Authorization header. A token has no blank and no control character, it is a part of the
 * header, and no header that holds a second scheme gives one. */
#include "fuzz_http.h"

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    request_rec *r = fuzz_request(pool);
    const um_token_source_t source = { UM_TOKEN_SOURCE_HEADER, NULL }, proxy = { UM_TOKEN_SOURCE_PROXY, NULL };
    const char *token = "unset", *same = NULL, *either = NULL;
    um_bearer_e form = um_bearer_token(text, UM_SCHEME_BEARER, &token);

    (void)size;
    need(form <= UM_BEARER_TWICE && (form == UM_BEARER_FOUND) == (token != NULL));
    if (token) {
        need(token > text && token + strlen(token) == text + strlen(text));
        need(*token && fuzz_is_printable(token) && !strchr(token, ' '));
        need(um_bearer_form(token) == UM_BEARER_FOUND);
        need(um_bearer_token(apr_pstrcat(pool, "bEARER\t ", token, NULL), UM_SCHEME_BEARER, &same) == UM_BEARER_FOUND
             && strcmp(same, token) == 0);
    }
    if (!strchr(text, '"')) {
        need(um_bearer_token(apr_pstrcat(pool, text, ", Bearer x", NULL), UM_SCHEME_BEARER, &same) == UM_BEARER_TWICE);
        need(um_bearer_token(apr_pstrcat(pool, "Bearer x,", text, NULL), UM_SCHEME_BEARER, &same) != UM_BEARER_NONE);
    }
    /* A second scheme changes nothing for the first one. */
    need(um_bearer_token(text, UM_SCHEME_BEARER | UM_SCHEME_TOKEN, &either) == form || form == UM_BEARER_NONE);
    need(form == UM_BEARER_NONE || either == token);
    fuzz_header(r, "Authorization", text);
    need(um_token_extract(r, &source, &same) == form && (same ? token && strcmp(same, token) == 0 : !token));
    need(um_token_extract(r, &proxy, &same) == UM_BEARER_NONE);
}
