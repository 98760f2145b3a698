/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the name of a refused sign-in, as somebody typed it. The line for the log is one line of printable ASCII. The
 * name is in quotes at its end, has no quote in it, is bounded, and decodes to the beginning of what was typed. */
#include "fuzz_http.h"

static int hex(char c)
{
    const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

    need(at && c);
    return (int)(at - digits);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    request_rec *r = fuzz_request(pool);
    um_ctx_t ctx = { .pool = pool, .cause = "wrong password" };
    const char *line, *shown;
    size_t i = 0;

    (void)size;
    um_login_failure_log_if_final(r, &ctx, text);
    line = apr_table_get(r->notes, "usermgmt-login-failure");
    need(line && fuzz_is_printable(line) && strlen(line) < 600);
    shown = strstr(line, ", name \"");
    need(shown && line[strlen(line) - 1] == '"');
    for (shown += strlen(", name \""); *shown != '"' && i < 150; i++) {
        int is_escaped = *shown == '%';
        char byte = is_escaped ? (char)(hex(shown[1]) << 4 | hex(shown[2])) : *shown;

        need(byte == text[i]);
        shown += is_escaped ? 3 : 1;
    }
    need(strcmp(shown, text[i] ? "...\"" : "\"") == 0);
}
