/* SPDX-License-Identifier: Apache-2.0 */
#include "printable.h"

#include <apr_strings.h>
#include <string.h>
#include <utf8proc.h>

#define LONGEST_ESCAPE sizeof("\\u{10ffff}")
#define ZERO_WIDTH_NON_JOINER 0x200C
#define ZERO_WIDTH_JOINER 0x200D

static int is_printed(utf8proc_int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return 0;
    case UTF8PROC_CATEGORY_CF:
        return point == ZERO_WIDTH_NON_JOINER || point == ZERO_WIDTH_JOINER;
    default:
        return 1;
    }
}

/* The length of the beginning of text that is printed as itself. */
static apr_size_t printed_length(const char *text)
{
    const char *at = text;
    utf8proc_int32_t point;
    utf8proc_ssize_t used;

    while (*at && (used = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point)) > 0 && is_printed(point)) {
        at += used;
    }
    return (apr_size_t)(at - text);
}

/* Writes the escape of the first character of text and returns the length of that character. */
static apr_size_t escape_character(const char *text, char *out)
{
    static const char names[] = "\tt\nn\rr";
    const char *name = strchr(names, *text);
    utf8proc_int32_t point;
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);

    if (used <= 0) {
        apr_snprintf(out, LONGEST_ESCAPE, "\\x%02x", (unsigned char)*text);
        return 1;
    }
    if (name && (name - names) % 2 == 0) {
        apr_snprintf(out, LONGEST_ESCAPE, "\\%c", name[1]);
    }
    else {
        apr_snprintf(out, LONGEST_ESCAPE, "\\u{%x}", (unsigned)point);
    }
    return (apr_size_t)used;
}

const char *um_printable(apr_pool_t *pool, const char *text)
{
    apr_size_t len = printed_length(text);
    char *copy, *out;

    if (!text[len]) {
        return text;
    }
    /* The longest escapes are \u{10ffff}, for four bytes, and \xff, for one. */
    copy = out = apr_palloc(pool, strlen(text) * LONGEST_ESCAPE + 1);
    while (*text) {
        memcpy(out, text, len);
        text += len;
        out += len;
        if (*text) {
            text += escape_character(text, out);
            out += strlen(out);
            len = printed_length(text);
        }
    }
    *out = '\0';
    return copy;
}
