/* SPDX-License-Identifier: Apache-2.0 */
#include "mediatype.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* Qualities are in thousandths. This one is that of a range which the header does not name. */
#define UNNAMED (-1)

typedef enum { RANGE_JSON, RANGE_PROBLEM, RANGE_APPLICATION, RANGE_ELSE, RANGE_COUNT } range_e;

static const struct {
    const char *name;
    range_e range;
} ranges[] = {
    { "application/json", RANGE_JSON },
    { "application/problem+json", RANGE_PROBLEM },
    { "application/*", RANGE_APPLICATION },
    { "*/*", RANGE_ELSE },
    { "text/html", RANGE_ELSE },       /* a browser: JSON tells its user more than an error does */
    { "text/*", RANGE_ELSE },
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_blank(const char *at)
{
    while (is_blank(*at)) {
        ++at;
    }
    return at;
}

/* RFC 9110 section 5.6.2 */
static int is_token_char(char c)
{
    return apr_isalnum(c) ? !(c & 0x80) : c && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static const char *skip_token(const char *at)
{
    while (is_token_char(*at)) {
        ++at;
    }
    return at;
}

/* Behind the quoted string that starts here; at the end of the text when the string does not close. */
static const char *skip_quoted(const char *at)
{
    for (++at; *at && *at != '"'; ++at) {
        if (*at == '\\' && at[1]) {
            ++at;
        }
    }
    return *at ? at + 1 : at;
}

/* The next stop character outside quotes; the end of the text when there is none. */
static const char *find_stop(const char *at, char stop)
{
    while (*at && *at != stop) {
        at = *at == '"' ? skip_quoted(at) : at + 1;
    }
    return at;
}

/* Reads `type/subtype` and returns what follows it and its blanks: nothing, or a parameter. NULL: malformed. */
static const char *read_name(apr_pool_t *pool, const char *text, const char **name)
{
    const char *start = skip_blank(text), *slash = skip_token(start), *end;
    char *lower;

    if (slash == start || *slash != '/') {
        return NULL;
    }
    end = skip_token(slash + 1);
    text = skip_blank(end);
    if (end == slash + 1 || (*text && *text != ';')) {
        return NULL;
    }
    *name = lower = apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
    for (; *lower; ++lower) {
        *lower = (char)apr_tolower(*lower);
    }
    return text;
}

static const char *unquote(apr_pool_t *pool, const char *at)
{
    const char *end = skip_quoted(at);
    char *value = apr_palloc(pool, (apr_size_t)(end - at)), *to = value;

    for (++at; *at && *at != '"'; ++at) {
        if (*at == '\\' && at[1]) {
            ++at;
        }
        *to++ = *at;
    }
    *to = '\0';
    return *at ? value : NULL;
}

/* A value without quotes ends at the next ";", because mailers send boundaries such as ----=_Part_1 without the quotes
 * that they need. */
const char *um_mediatype_param(apr_pool_t *pool, const char *params, const char *name)
{
    apr_size_t len = strlen(name);
    const char *at = find_stop(params, ';'), *end, *value;

    for (; *at; at = end) {
        at = skip_blank(at + 1);
        end = find_stop(at, ';');
        value = skip_blank(skip_token(at));
        if (apr_cstr_casecmpn(at, name, len) != 0 || skip_token(at) != at + len || *value != '=') {
            continue;
        }
        value = skip_blank(value + 1);
        if (*value == '"') {
            return unquote(pool, value);
        }
        while (end > value && is_blank(end[-1])) {
            --end;
        }
        return apr_pstrmemdup(pool, value, (apr_size_t)(end - value));
    }
    return NULL;
}

um_mediatype_t um_mediatype_parse(apr_pool_t *pool, const char *content_type)
{
    um_mediatype_t type = { NULL, NULL };
    const char *params = content_type ? read_name(pool, content_type, &type.name) : NULL;

    if (params && strncmp(type.name, "multipart/", 10) == 0) {
        type.boundary = um_mediatype_param(pool, params, "boundary");
    }
    return type;
}

/* RFC 9110 section 12.4.2: 0 to 1 with up to three decimals. In thousandths; UNNAMED: malformed. */
static int read_quality(const char *text)
{
    int quality, unit = 100;

    if (*text != '0' && *text != '1') {
        return UNNAMED;
    }
    quality = (*text++ - '0') * 1000;
    if (*text == '.') {
        for (++text; *text >= '0' && *text <= '9' && unit > 0; ++text, unit /= 10) {
            quality += (*text - '0') * unit;
        }
    }
    return *text || quality > 1000 ? UNNAMED : quality;
}

static void read_element(apr_pool_t *pool, const char *element, int *qualities)
{
    const char *name, *text, *params = read_name(pool, element, &name);
    int quality;
    apr_size_t i;

    if (!params) {
        return;
    }
    text = um_mediatype_param(pool, params, "q");
    quality = text ? read_quality(text) : 1000;
    for (i = 0; i < sizeof(ranges) / sizeof(*ranges); ++i) {
        int *known = &qualities[ranges[i].range];

        if (strcmp(name, ranges[i].name) == 0 && quality > *known) {
            *known = quality;
        }
    }
}

um_accept_e um_mediatype_accept(apr_pool_t *pool, const char *accept)
{
    int qualities[RANGE_COUNT] = { UNNAMED, UNNAMED, UNNAMED, UNNAMED };
    int is_empty = 1, json;
    const char *at, *end;

    for (at = accept ? accept : ""; *at; at = *end ? end + 1 : end) {
        at = skip_blank(at);
        end = find_stop(at, ',');
        if (end > at) {
            is_empty = 0;
            read_element(pool, apr_pstrmemdup(pool, at, (apr_size_t)(end - at)), qualities);
        }
    }
    if (is_empty) {
        return UM_ACCEPT_JSON;
    }
    if (qualities[RANGE_PROBLEM] > 0 && qualities[RANGE_PROBLEM] >= qualities[RANGE_JSON]) {
        return UM_ACCEPT_PROBLEM;
    }
    json = qualities[RANGE_JSON] != UNNAMED ? qualities[RANGE_JSON]
         : qualities[RANGE_APPLICATION] != UNNAMED ? qualities[RANGE_APPLICATION] : qualities[RANGE_ELSE];
    return json > 0 ? UM_ACCEPT_JSON : UM_ACCEPT_NONE;
}
