/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a Content-Type line, which is read as an Accept header too, and a body. A body that is taken must be an
 * object of strings that prints as JSON. */
#include "form.h"
#include "mediatype.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(int good)
{
    if (!good) {
        abort();
    }
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int is_ready;
    const uint8_t *line_end = len ? memchr(data, '\n', len) : NULL;
    apr_pool_t *pool;

    if (!is_ready) {
        is_ready = apr_initialize() == APR_SUCCESS;
    }
    if (!line_end) {
        return 0;
    }
    apr_pool_create(&pool, NULL);
    check(pool, apr_pstrmemdup(pool, (const char *)data, (size_t)(line_end - data)), (const char *)line_end + 1,
          len - 1 - (size_t)(line_end - data));
    apr_pool_destroy(pool);
    return 0;
}

#ifndef UM_LIBFUZZER
#include "replay.c"            /* by hand, without a build: cc -I../unit ... fuzz_form.c, then ./a.out FILE... */
#endif
