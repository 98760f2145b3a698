/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a Content-Type line, which is read as an Accept header too, and a body. A body that is taken must be an
 * object of strings that prints as JSON. */
#include "fuzz.h"

#include "form.h"
#include "mediatype.h"

static void check(apr_pool_t *pool, const char *header, const char *body, size_t len)
{
    um_mediatype_t type = um_mediatype_parse(pool, header);
    int is_multipart = type.name && strncmp(type.name, "multipart/", 10) == 0;
    um_json_doc_t *doc, *again;
    const char *why = NULL, *printed;
    apr_status_t rv;

    need(um_mediatype_accept(pool, header) <= UM_ACCEPT_PROBLEM);
    need(is_multipart || !type.boundary);
    rv = is_multipart ? um_form_multipart(pool, type.boundary, body, len, &doc, &why)
                      : um_form_urlencoded(pool, body, len, &doc, &why);
    if (rv != APR_SUCCESS) {
        need(rv == APR_EINVAL && why && *why && (strncmp(why, "Multipart form", 14) == 0) == is_multipart);
        return;
    }
    need(doc->kind == UM_JSON_OBJECT && doc->root && !doc->lone);
    printed = um_json_print(pool, doc->root);
    /* An object stands for a file. */
    need(um_json_parse(pool, printed, strlen(printed), 2, &again, &why) == APR_SUCCESS);
    need(strcmp(um_json_print(pool, again->root), printed) == 0);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    const char *line_end = size ? memchr(text, '\n', size) : NULL;
    size_t len = line_end ? size - 1 - (size_t)(line_end - text) : 0;

    if (line_end) {
        check(pool, apr_pstrmemdup(pool, text, (size_t)(line_end - text)), fuzz_exact(pool, line_end + 1, len), len);
    }
}
