/* SPDX-License-Identifier: Apache-2.0 */
#include "json_private.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xFFFD

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code of the \uXXXX at position at; -1 when there is none. */
static apr_int32_t hex_escape(const char *at, const char *end)
{
    apr_int32_t code = 0;
    int i, digit;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (i = 2; i < 6; ++i) {
        if ((digit = hex_digit(at[i])) < 0) {
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

/* Reads the \uXXXX at *at, and the one behind it if the two are a surrogate pair. An unpaired surrogate is returned as
 * it is. -1: there is no \uXXXX. */
static apr_int32_t read_escape(const char **at, const char *end)
{
    apr_int32_t code = hex_escape(*at, end), low;

    if (code < 0) {
        return -1;
    }
    *at += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        low = hex_escape(*at, end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *at += 6;
            return 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
        }
    }
    return code;
}

static int is_surrogate(apr_int32_t code)
{
    return code >= 0xD800 && code <= 0xDFFF;
}

static um_json_string_e scan_escape(const char **at, const char *end, um_json_string_t *string)
{
    apr_int32_t code;

    string->is_escaped = 1;
    if (end - *at < 2) {
        return UM_JSON_STRING_CUT;
    }
    if ((*at)[1] && strchr("\"\\/bfnrt", (*at)[1])) {
        *at += 2;
        return UM_JSON_STRING_GOOD;
    }
    code = read_escape(at, end);
    if (code < 0) {
        return UM_JSON_STRING_ESCAPE;
    }
    if (code == 0) {
        string->has_null = 1;
    }
    if (is_surrogate(code) && !string->lone) {
        string->lone = (apr_uint32_t)code;
    }
    return UM_JSON_STRING_GOOD;
}

um_json_string_e um_json_string_scan(const char **at, const char *end, um_json_string_t *string)
{
    um_json_string_e result;
    apr_size_t step;

    memset(string, 0, sizeof(*string));
    string->text = ++*at;
    while (*at < end) {
        unsigned char c = (unsigned char)**at;

        if (c == '"') {
            string->len = (apr_size_t)((*at)++ - string->text);
            return UM_JSON_STRING_GOOD;
        }
        if (c == '\\') {
            if ((result = scan_escape(at, end, string)) != UM_JSON_STRING_GOOD) {
                return result;
            }
            continue;
        }
        if (c < 0x20) {
            return UM_JSON_STRING_CONTROL;
        }
        if ((step = um_utf8_step((const unsigned char *)*at, (apr_size_t)(end - *at))) == 0) {
            return UM_JSON_STRING_UTF8;
        }
        *at += step;
    }
    return UM_JSON_STRING_CUT;
}

void um_json_string_unescape(apr_pool_t *pool, um_json_string_t *string)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    const char *at = string->text, *end = string->text + string->len, *letter;
    char *to = apr_palloc(pool, string->len + 1);     /* no escape is shorter than the UTF-8 that it stands for */
    apr_int32_t code;

    string->text = to;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
        }
        else if (at[1] == 'u') {
            code = read_escape(&at, end);
            to = um_utf8_put(to, is_surrogate(code) ? REPLACEMENT : (apr_uint32_t)code);
        }
        else {
            letter = strchr(letters, at[1]);
            *to++ = letter ? controls[letter - letters] : at[1];
            at += 2;
        }
    }
    string->len = (apr_size_t)(to - string->text);
    string->is_escaped = 0;
}

static int compare_names(const void *left, const void *right)
{
    const um_json_string_t *a = left, *b = right;
    int order;

    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    order = memcmp(a->text, b->text, a->len);
    return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

apr_size_t um_json_string_duplicate(um_json_string_t *names, int count)
{
    apr_size_t where = APR_SIZE_MAX;
    int i;

    if (count > 1) {
        qsort(names, (size_t)count, sizeof(*names), compare_names);
    }
    for (i = 1; i < count; ++i) {
        if (names[i].at < where && names[i].len == names[i - 1].len
            && memcmp(names[i].text, names[i - 1].text, names[i].len) == 0) {
            where = names[i].at;
        }
    }
    return where;
}
