/* SPDX-License-Identifier: Apache-2.0 */
/* Input: an address to which somebody wants to be sent back. What is accepted leads to this host, read as browsers do:
 * without tabs and line ends, with "/" for each "\", and after dot segments are removed. */
#include "fuzz.h"

#include "local_path.h"

#include <apr_lib.h>

/* The path of the address as a browser reads it; decodes: as it reads it after a proxy has decoded it. */
static char *as_browser(apr_pool_t *pool, const char *text, int decodes)
{
    char *path = apr_palloc(pool, strlen(text) + 1), *to = path;

    for (const char *c = text; *c && *c != '?' && *c != '#'; c++) {
        int byte = (unsigned char)*c;

        if (decodes && *c == '%' && apr_isxdigit(c[1]) && apr_isxdigit(c[2])) {
            byte = (int)strtol(apr_pstrmemdup(pool, c + 1, 2), NULL, 16);
            c += 2;
        }
        if (*c != '\t' && *c != '\r' && *c != '\n' && byte) {
            *to++ = byte == '\\' ? '/' : (char)byte;
        }
    }
    *to = '\0';
    return path;
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    (void)size;
    if (!um_local_path_is(text)) {
        return;
    }
    need(strlen(text) <= UM_LOCAL_PATH_MAX && fuzz_is_printable(text) && !strchr(text, ' '));
    for (int decodes = 0; decodes < 2; decodes++) {
        char *path = as_browser(pool, text, decodes);

        need(path[0] == '/' && path[1] != '/');
        if (!decodes) {
            need(!strstr(path, "/../") && !strstr(path, "/./"));
            path = apr_pstrcat(pool, path, "/", NULL);
            need(!strstr(path, "/../") && !strstr(path, "/./"));
        }
    }
}
