/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* The next comma outside of quoted strings; NULL: there is none. */
static const char *next_comma(const char *text)
{
    int quoted = 0;

    for (; *text; text++) {
        if (quoted && *text == '\\' && text[1]) {
            text++;
        }
        else if (*text == '"') {
            quoted = !quoted;
        }
        else if (*text == ',' && !quoted) {
            return text;
        }
    }
    return NULL;
}

/* Whether the value was joined from several headers. httpd joins headers of one name by commas. Inside one header of
 * any scheme, name=value follows a comma. So a word without a value is the scheme of a second header. */
static int is_joined(const char *header)
{
    /* Headers are long, and hardly any has a comma: strchr() finds that out faster. */
    for (const char *comma = strchr(header, ',') ? next_comma(header) : NULL; comma; comma = next_comma(comma + 1)) {
        const char *word = comma + 1 + strspn(comma + 1, BLANKS);
        const char *end = word;

        while (apr_isalnum(*end) || *end == '-') {
            end++;
        }
        if (end > word && (*end == '\0' || strchr(BLANKS, *end)) && end[strspn(end, BLANKS)] != '=') {
            return 1;
        }
    }
    return 0;
}

um_bearer_e um_bearer_form(const char *text)
{
    const char *end = text;

    while ((unsigned char)(*end - '!') <= '~' - '!') {
        end++;
    }
    if (!*end) {
        return end == text ? UM_BEARER_EMPTY : UM_BEARER_FOUND;
    }
    return (*end == ' ' || *end == '\t') && end[strspn(end, BLANKS)] ? UM_BEARER_SPACES : UM_BEARER_CHARACTERS;
}

static int is_scheme(const char *text, apr_size_t len, const char *scheme)
{
    return len == strlen(scheme) && strncasecmp(text, scheme, len) == 0;
}

um_bearer_e um_bearer_token(const char *header, unsigned schemes, const char **token)
{
    apr_size_t scheme;
    const char *text;
    um_bearer_e form;

    *token = NULL;
    if (!header) {
        return UM_BEARER_NONE;
    }
    if (is_joined(header)) {
        return UM_BEARER_TWICE;
    }
    header += strspn(header, BLANKS);
    scheme = strcspn(header, BLANKS);
    if (!is_scheme(header, scheme, "Bearer")
        && (!(schemes & UM_SCHEME_TOKEN) || !is_scheme(header, scheme, "Token"))) {
        return UM_BEARER_NONE;
    }
    text = header + scheme + strspn(header + scheme, BLANKS);
    form = um_bearer_form(text);
    *token = form == UM_BEARER_FOUND ? text : NULL;
    return form;
}
