/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>

const char *um_query_text(um_call_t *call, const char *wanted)
{
    const char *rest = call->r->args;

    while (rest && *rest) {
        char *name = ap_getword(call->ctx.pool, &rest, '&');
        char *value = strchr(name, '=');

        if (value) {
            *value++ = '\0';
            if (strcmp(name, wanted) == 0) {
                /* A "%" that begins no escape stands for itself. */
                if (ap_unescape_urlencoded(value) != HTTP_NOT_FOUND) {
                    return value;
                }
                um_ctx_error(&call->ctx, wanted, UM_MESSAGE_NULL_CHARACTERS);
                return "";
            }
        }
    }
    return NULL;
}

int um_query_flag(um_call_t *call, const char *name)
{
    static const char *const words[2][4] = { { "false", "False", "FALSE", "0" }, { "true", "True", "TRUE", "1" } };
    const char *text = um_query_text(call, name);

    if (!text || !*text) {
        return -1;
    }
    for (int i = 0; i < 8; i++) {
        if (strcmp(text, words[i / 4][i % 4]) == 0) {
            return i / 4;
        }
    }
    um_ctx_error(&call->ctx, name, UM_MESSAGE_NOT_A_BOOLEAN);
    return -1;
}

int um_query_page_size(um_call_t *call, int *is_given)
{
    const char *text = um_query_text(call, "page_size");
    char *end = NULL;
    long size = text ? strtol(text, &end, 10) : 0;

    *is_given = size > 0 && !*end;
    return !*is_given ? call->page_size ? call->page_size : UM_QUERY_USUAL_SIZE
           : size > UM_QUERY_LARGEST_SIZE ? UM_QUERY_LARGEST_SIZE : (int)size;
}

const char *um_query_link(um_call_t *call, const char *path, const char *cursor)
{
    apr_pool_t *pool = call->ctx.pool;
    const char *rest = call->r->args, *kept = "";

    if (!cursor) {
        return NULL;
    }
    while (rest && *rest) {
        const char *one = ap_getword(pool, &rest, '&');

        if (*one && strncmp(one, "cursor=", 7) != 0) {
            kept = apr_pstrcat(pool, kept, one, "&", NULL);
        }
    }
    return ap_construct_url(pool, apr_pstrcat(pool, path, "?", kept, "cursor=", cursor, NULL), call->r);
}
