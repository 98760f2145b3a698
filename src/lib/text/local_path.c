/* SPDX-License-Identifier: Apache-2.0 */
#include "local_path.h"

#include <string.h>
#include <strings.h>

/* The bytes that spell a dot at text: ".", or "%2e" as browsers read it too. 0: there is none. */
static size_t dot_length(const char *text)
{
    return *text == '.' ? 1 : strncasecmp(text, "%2e", 3) == 0 ? 3 : 0;
}

/* Whether the segment that begins at text is "." or "..". */
static int is_dot_segment(const char *text)
{
    size_t first = dot_length(text), second = first ? dot_length(text + first) : 0;
    const char *end = text + first + second;

    return first && (!*end || strchr("/?#", *end));
}

static int begins_with_slash(const char *text)
{
    return *text == '/' || *text == '\\' || strncasecmp(text, "%2f", 3) == 0 || strncasecmp(text, "%5c", 3) == 0;
}

/* A segment that a browser would resolve away, or an encoded control character: software that decodes the path may drop
 * it, which joins what stands before and behind it. */
static int is_misleading(const char *text)
{
    return (*text == '/' && is_dot_segment(text + 1)) || (*text == '%' && (text[1] == '0' || text[1] == '1'));
}

int um_local_path_is(const char *text)
{
    size_t len = 0, path;

    if (!text || text[0] != '/' || begins_with_slash(text + 1)) {
        return 0;
    }
    while ((unsigned char)(text[len] - '!') <= '~' - '!' && text[len] != '\\' && len <= UM_LOCAL_PATH_MAX) {
        len++;
    }
    if (text[len] || len > UM_LOCAL_PATH_MAX) {
        return 0;
    }
    path = strcspn(text, "?#");
    for (size_t i = 0; i < path; i++) {
        if (is_misleading(text + i)) {
            return 0;
        }
    }
    return 1;
}
