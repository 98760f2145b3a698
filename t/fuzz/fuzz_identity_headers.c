/* SPDX-License-Identifier: Apache-2.0 */
/* Input: lines: the value of a Connection header, and then names of request headers. After the module has removed what
 * may pass for its own, no name is left that CGI or WSGI would fold into one of its variables. All others are left. */
#include "fuzz_http.h"

/* The CGI variable of a header, as RFC 3875 4.1.18 and httpd make it. */
static const char *variable_of(apr_pool_t *pool, const char *name)
{
    char *variable = apr_pstrcat(pool, "HTTP_", name, NULL);

    for (char *c = variable; *c; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ? *c : '_');
    }
    return variable;
}

static int is_forged(apr_pool_t *pool, const char *name)
{
    return strncmp(variable_of(pool, name), "HTTP_X_USERMGMT_", 16) == 0;
}

static void check_connection(apr_pool_t *pool, const char *connection)
{
    char *rest = apr_pstrdup(pool, connection ? connection : ""), *last;

    for (char *word = apr_strtok(rest, ", \t", &last); word; word = apr_strtok(NULL, ", \t", &last)) {
        need(strcasecmp(word, "Authorization") != 0 && strcasecmp(word, "Cookie") != 0 && !is_forged(pool, word));
    }
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    request_rec *r = fuzz_request(pool);
    const char *connection = fuzz_line(pool, &text);
    int wanted = 0, kept = 0;

    (void)size;
    /* httpd takes a token of RFC 9110 for a header's name, and nothing else. */
    for (int i = 0; i < 64 && *text; i++) {
        const char *name = fuzz_line(pool, &text);

        if (*name && fuzz_is_printable(name) && !name[strcspn(name, " \"(),/:;<=>?@[\\]{}")]) {
            apr_table_addn(r->headers_in, name, "forged");
            wanted += !is_forged(pool, name) && strcasecmp(name, "Connection") != 0;
        }
    }
    fuzz_header(r, "Connection", connection);
    fuzz_server.keys = (um_keyring_t *)&fuzz_server;        /* not NULL; nobody looks into it */
    need(um_identity_headers_scrub(r) == DECLINED);
    for (int i = 0; i < apr_table_elts(r->headers_in)->nelts; i++) {
        const char *name = APR_ARRAY_IDX(apr_table_elts(r->headers_in), i, apr_table_entry_t).key;

        need(!is_forged(pool, name));
        kept += strcasecmp(name, "Connection") != 0;
    }
    need(kept == wanted);
    check_connection(pool, apr_table_get(r->headers_in, "Connection"));
}
