/* SPDX-License-Identifier: Apache-2.0 */
#include "langtag.h"

#include <string.h>

#include <apr_strings.h>

#define RANGES 32
#define Q_MOST 1000

typedef struct range_t {
    const char *tag;           /* into the header */
    apr_size_t len;
    int q;                     /* in thousandths */
    int is_done;
} range_t;

/* Not the function of the C library, which depends on the locale. */
static int is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

int um_langtag_valid(const char *text, apr_size_t len)
{
    apr_size_t i, run = 0;
    int is_first = 1;

    if (len > UM_LANGTAG_MAX) {
        return 0;
    }
    for (i = 0; i < len; ++i) {
        if (text[i] == '-') {
            if (run == 0) {
                return 0;
            }
            run = 0;
            is_first = 0;
        }
        else if (!(is_ascii_letter(text[i]) || (!is_first && is_ascii_digit(text[i]))) || ++run > 8) {
            return 0;
        }
    }
    return run > 0;
}

static const char *tag_at(const apr_array_header_t *tags, int i)
{
    return APR_ARRAY_IDX(tags, i, const char *);
}

/* Whether prefix is tag or a shorter form of it. */
static int begins(const char *tag, const char *prefix, apr_size_t len)
{
    return strncasecmp(tag, prefix, len) == 0 && (tag[len] == '\0' || tag[len] == '-');
}

static int find_tag(const apr_array_header_t *tags, const char *tag, apr_size_t len)
{
    int i;

    for (i = 0; i < tags->nelts; ++i) {
        if (begins(tag_at(tags, i), tag, len) && tag_at(tags, i)[len] == '\0') {
            return i;
        }
    }
    return -1;
}

/* The length of the next shorter form; 0: there is none. */
static apr_size_t shorten(const char *tag, apr_size_t len)
{
    while (len > 0 && tag[--len] != '-') {
        continue;
    }
    return len;
}

int um_langtag_lookup(const apr_array_header_t *tags, const char *tag)
{
    apr_size_t len = tag ? strlen(tag) : 0;
    int found = -1;

    if (len > UM_LANGTAG_MAX) {
        return -1;
    }
    for (; len > 0 && found < 0; len = shorten(tag, len)) {
        found = find_tag(tags, tag, len);
    }
    return found;
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        ++at;
    }
    return at;
}

/* Reads a weight (RFC 9110 section 12.4.2) and returns what follows; NULL: it is malformed. */
static const char *read_weight(const char *at, int *q)
{
    int unit = Q_MOST;

    if (*at != '0' && *at != '1') {
        return NULL;
    }
    *q = (*at++ - '0') * unit;
    if (*at == '.') {
        for (++at, unit /= 10; is_ascii_digit(*at) && unit > 0; ++at, unit /= 10) {
            *q += (*at - '0') * unit;
        }
    }
    return *q <= Q_MOST ? at : NULL;
}

/* Reads one part of the header, up to end. Returns 0 when it is malformed. */
static int read_range(const char *at, const char *end, range_t *range)
{
    at = skip_blanks(at);
    range->tag = at;
    range->len = strcspn(at, " \t;,");
    range->q = Q_MOST;
    range->is_done = 0;
    if (!(range->len == 1 && *at == '*') && !um_langtag_valid(at, range->len)) {
        return 0;
    }
    at = skip_blanks(at + range->len);
    if (*at == ';') {
        at = skip_blanks(at + 1);
        if ((*at != 'q' && *at != 'Q') || at[1] != '=' || (at = read_weight(at + 2, &range->q)) == NULL) {
            return 0;
        }
        at = skip_blanks(at);
    }
    return at == end;
}

static int read_header(const char *header, range_t *ranges)
{
    const char *at = header, *end;
    int count = 0, part;

    for (part = 0; part < RANGES; ++part, at = end + 1) {
        end = at + strcspn(at, ",");
        count += read_range(at, end, &ranges[count]);
        if (*end == '\0') {
            break;
        }
    }
    return count;
}

/* Whether the longest of the ranges that tag begins with has weight 0: "en;q=0" refuses en-GB too, unless en-GB has a
 * range of its own. */
static int is_refused(const char *tag, const range_t *ranges, int count)
{
    const range_t *longest = NULL;
    int i;

    for (i = 0; i < count; ++i) {
        if (begins(tag, ranges[i].tag, ranges[i].len) && (!longest || ranges[i].len > longest->len)) {
            longest = &ranges[i];
        }
    }
    return longest && longest->q == 0;
}

/* The tag for one range: the same, else a shorter form, else a longer one. -1: none. */
static int match_range(const apr_array_header_t *tags, const range_t *range, const range_t *ranges, int count)
{
    apr_size_t len;
    int i;

    for (len = range->len; len > 0; len = shorten(range->tag, len)) {
        i = find_tag(tags, range->tag, len);
        if (i >= 0 && !is_refused(tag_at(tags, i), ranges, count)) {
            return i;
        }
    }
    for (i = 0; i < tags->nelts; ++i) {
        if (begins(tag_at(tags, i), range->tag, range->len) && !is_refused(tag_at(tags, i), ranges, count)) {
            return i;
        }
    }
    return -1;
}

int um_langtag_accept(const apr_array_header_t *tags, const char *header)
{
    range_t ranges[RANGES], *best;
    int count = header ? read_header(header, ranges) : 0, i, found;

    do {
        for (best = NULL, i = 0; i < count; ++i) {
            if (ranges[i].q > 0 && !ranges[i].is_done && (!best || ranges[i].q > best->q)) {
                best = &ranges[i];
            }
        }
        if (!best || *best->tag == '*') {
            return -1;
        }
        best->is_done = 1;
        found = match_range(tags, best, ranges, count);
    } while (found < 0);
    return found;
}
