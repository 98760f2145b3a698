/* SPDX-License-Identifier: Apache-2.0 */
#include "bearer.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* httpd joins equal headers by a comma. After a comma inside one header of any scheme comes name=value, so a bare word
 * there is the scheme of a second header. */
static int is_joined(const char *header)
{
    for (const char *comma = strchr(header, ','); comma; comma = strchr(comma + 1, ',')) {
        const char *word = comma + 1 + strspn(comma + 1, BLANKS);
        const char *end = word;

        while (apr_isalnum(*end) || *end == '-') {
            end++;
        }
        if (end > word && (*end == '\0' || strchr(BLANKS, *end))) {
            return 1;
        }
    }
    return 0;
}

um_bearer_e um_bearer_token(const request_rec *r, const char **token)
{
    const char *header = apr_table_get(r->headers_in, "Authorization");
    apr_size_t scheme;
    const char *text;

    *token = NULL;
    if (!header) {
        return UM_BEARER_NONE;
    }
    if (is_joined(header)) {
        return UM_BEARER_TWICE;
    }
    header += strspn(header, BLANKS);
    scheme = strcspn(header, BLANKS);
    if (scheme != strlen("Bearer") || strncasecmp(header, "Bearer", scheme) != 0) {
        return UM_BEARER_NONE;
    }
    text = header + scheme + strspn(header + scheme, BLANKS);
    if (!*text) {
        return UM_BEARER_EMPTY;
    }
    for (const char *c = text; *c; c++) {
        if (*c == ' ' || *c == '\t') {
            return c[strspn(c, BLANKS)] ? UM_BEARER_SPACES : UM_BEARER_CHARACTERS;
        }
        if (*c < '!' || *c > '~') {
            return UM_BEARER_CHARACTERS;
        }
    }
    *token = text;
    return UM_BEARER_FOUND;
}
