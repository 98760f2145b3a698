/* SPDX-License-Identifier: Apache-2.0 */
#include "unicode.h"

#include "utf8.h"
#include "wipe.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <utf8proc.h>

/* No code point has a longer compatibility decomposition: U+FDFA has 18. */
#define LONGEST_DECOMPOSITION 18

/* Folding is stable after two rounds at most. More rounds would mean tables of a utf8proc that was not tested. */
#define FOLD_ROUNDS 4

typedef utf8proc_int32_t point_t;

static int is_letter(point_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static int is_mark(point_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

static int is_number(point_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

static int is_digit(point_t point)
{
    return utf8proc_category(point) == UTF8PROC_CATEGORY_ND;
}

static int is_word(point_t point)
{
    return point == '_' || is_letter(point) || is_number(point);
}

static int is_white(point_t point)
{
    return (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x20) || point == 0x85
           || point == 0x2028 || point == 0x2029 || utf8proc_category(point) == UTF8PROC_CATEGORY_ZS;
}

/* The number of bytes of the code point here. At least 1, so that each loop ends also on bytes that are not UTF-8. */
static apr_size_t next_point(const char *text, apr_size_t len, point_t *point)
{
    utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, point);

    return used > 0 ? (apr_size_t)used : 1;
}

/* The most marks on one letter that any language needs (UAX 15, stream-safe text format). utf8proc sorts marks by
 * swapping neighbours, in a time that grows with the square of their number: a body full of them would cost seconds. */
#define MOST_MARKS 30

/* Whether a character is a mark or normalizes to one. Marks are recognized by category, because some of combining class
 * 0 decompose into others. The halfwidth voicing marks are letters that become marks. Below U+0300 there are none. */
static int becomes_mark(point_t point)
{
    point_t parts[LONGEST_DECOMPOSITION];
    int boundary = 0;

    return point >= 0x300
        && (is_mark(point)
            || (utf8proc_decompose_char(point, parts, LONGEST_DECOMPOSITION,
                                        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, &boundary) > 0 && is_mark(parts[0])));
}

static int is_stream_safe(const char *text, apr_size_t len)
{
    apr_size_t i, used;
    int marks = 0;
    point_t point;

    for (i = 0; i < len && marks <= MOST_MARKS; i += used) {
        used = next_point(text + i, len - i, &point);
        if (becomes_mark(point)) {
            marks++;
        }
        else if (!utf8proc_get_property(point)->ignorable) {   /* folding drops those: they do not end a run of marks */
            marks = 0;
        }
    }
    return marks <= MOST_MARKS;
}

static apr_status_t map_text(apr_pool_t *pool, const char *text, int options, const char **out)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t len;

    if (!is_stream_safe(text, strlen(text))) {
        return APR_EINVAL;
    }
    len = utf8proc_map((const utf8proc_uint8_t *)text, 0, &made,
                       (utf8proc_option_t)(options | UTF8PROC_NULLTERM | UTF8PROC_STABLE));

    if (len < 0) {
        return len == UTF8PROC_ERROR_INVALIDUTF8 ? APR_EINVAL : APR_ENOMEM;
    }
    *out = apr_pstrmemdup(pool, (const char *)made, (apr_size_t)len);
    free(made);
    return APR_SUCCESS;
}

int um_unicode_valid(const char *text, apr_size_t len)
{
    apr_size_t i, used;

    for (i = 0; i < len; i += used) {
        used = um_utf8_step((const unsigned char *)text + i, len - i);
        if (!used) {
            return 0;
        }
    }
    return 1;
}

apr_size_t um_unicode_count(const char *text, apr_size_t len)
{
    apr_size_t i, count = 0;

    for (i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return count;
}

apr_uint32_t *um_unicode_points(apr_pool_t *pool, const char *text, apr_size_t *count)
{
    apr_size_t len = strlen(text), i, used, n = 0;
    apr_uint32_t *points = apr_palloc(pool, (um_unicode_count(text, len) + 1) * sizeof(*points));
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (point < 0) {
            return NULL;
        }
        points[n++] = (apr_uint32_t)point;
    }
    *count = n;
    return points;
}

const char *um_unicode_trim(apr_pool_t *pool, const char *text)
{
    apr_size_t len = strlen(text), i = 0, first = len, end = 0, used;
    point_t point;

    for (; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (!is_white(point)) {
            first = first < i ? first : i;
            end = i + used;
        }
    }
    if (end < first || end == len) {
        return text + first;
    }
    return apr_pstrmemdup(pool, text + first, end - first);
}

apr_status_t um_unicode_nfkc(apr_pool_t *pool, const char *text, const char **out)
{
    return map_text(pool, text, UTF8PROC_COMPAT | UTF8PROC_COMPOSE, out);
}

static point_t to_ascii_space(point_t point, void *unused)
{
    (void)unused;
    return utf8proc_category(point) == UTF8PROC_CATEGORY_ZS ? ' ' : point;
}

apr_status_t um_unicode_opaque(apr_pool_t *pool, const char *text, apr_size_t len, const char **out,
                               apr_size_t *out_len)
{
    const utf8proc_option_t options = (utf8proc_option_t)(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t count, made;
    apr_size_t size;
    point_t *points;

    if (!is_stream_safe(text, len)) {
        return APR_EINVAL;
    }
    count = utf8proc_decompose_custom(bytes, (utf8proc_ssize_t)len, NULL, 0, options, to_ascii_space, NULL);
    if (count < 0) {
        return APR_EINVAL;
    }
    /* Our own memory is used, because utf8proc_map() leaves parts of the text in memory that it frees. */
    size = (apr_size_t)count * sizeof(*points) + 1;
    points = apr_palloc(pool, size);
    utf8proc_decompose_custom(bytes, (utf8proc_ssize_t)len, points, count, options, to_ascii_space, NULL);
    made = utf8proc_reencode(points, count, options);
    if (made < 0) {
        um_wipe(points, size);
        return APR_EINVAL;
    }
    um_wipe((char *)points + made, size - (apr_size_t)made);
    *out = (const char *)points;
    *out_len = (apr_size_t)made;
    return APR_SUCCESS;
}

apr_status_t um_unicode_key(apr_pool_t *pool, const char *text, const char **out)
{
    const char *key = text, *before;
    apr_status_t status;

    while (*key && (unsigned char)*key < 0x80) {
        key++;
    }
    if (!*key) {        /* all ASCII, as most names are */
        return um_unicode_lower(pool, text, out);
    }
    /* The marks are ordered first, because folding turns the iota subscript into a letter, which is not sorted with
     * them. */
    status = um_unicode_nfkc(pool, text, &key);
    for (int round = 0; !status && round < FOLD_ROUNDS; round++) {
        before = key;
        status = map_text(pool, before, UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, &key);
        if (!status && strcmp(key, before) == 0) {
            *out = key;
            return APR_SUCCESS;
        }
    }
    return status ? status : APR_EINVAL;
}

apr_status_t um_unicode_lower(apr_pool_t *pool, const char *text, const char **out)
{
    apr_size_t len = strlen(text), i, used;
    utf8proc_uint8_t *lower = apr_palloc(pool, um_unicode_count(text, len) * 4 + 1), *end = lower;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (point < 0) {
            return APR_EINVAL;
        }
        end += utf8proc_encode_char(utf8proc_tolower(point), end);
        if (point == 0x130) { /* the only letter whose lower case is two characters: i and a dot above */
            end += utf8proc_encode_char(0x307, end);
        }
    }
    *end = '\0';
    *out = (const char *)lower;
    return APR_SUCCESS;
}

int um_unicode_is_name(const char *text)
{
    apr_size_t len = strlen(text), i, used;
    int after_letter = 0;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (utf8proc_get_property(point)->ignorable) {
            return 0;
        }
        if (is_mark(point)) {
            if (!after_letter) {
                return 0;
            }
            continue;
        }
        if (!is_word(point) && !(point > 0 && point < 0x80 && strchr("@.+-", point))) {
            return 0;
        }
        after_letter = is_letter(point);
    }
    return len > 0;
}

/* Punctuation within words of Catalan, Greek, Hebrew and Japanese, which their domains may have (RFC 5892 A). */
static int is_inner_sign(point_t point)
{
    return point == 0xB7 || point == 0x375 || point == 0x5F3 || point == 0x5F4 || point == 0x30FB;
}

/* Whether point and its compatibility decomposition are letters, marks, decimal digits and signs within words. */
static int is_plain(point_t point)
{
    point_t parts[LONGEST_DECOMPOSITION];
    int boundary = 0;
    utf8proc_ssize_t i, count = utf8proc_decompose_char(point, parts, LONGEST_DECOMPOSITION,
                                                        UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, &boundary);

    if (count > LONGEST_DECOMPOSITION || utf8proc_get_property(point)->ignorable) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (!is_letter(parts[i]) && !is_mark(parts[i]) && !is_digit(parts[i]) && !is_inner_sign(parts[i])) {
            return 0;
        }
    }
    return count > 0;
}

int um_unicode_is_label(const char *text, apr_size_t len)
{
    apr_size_t i, used;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (point == '-' ? i == 0 || i == len - 1 : point < 0 || !is_plain(point) || (i == 0 && is_mark(point))) {
            return 0;
        }
    }
    return len > 0;
}

/* Numeric_Type=Digit: superscript, circled and similar digits. Unicode gives it to no new character, so the list is
 * complete. */
static int is_odd_digit(point_t point)
{
    static const struct { point_t first, last; } ranges[] = {
        { 0x00B2, 0x00B3 }, { 0x00B9, 0x00B9 }, { 0x1369, 0x1371 }, { 0x19DA, 0x19DA }, { 0x2070, 0x2070 },
        { 0x2074, 0x2079 }, { 0x2080, 0x2089 }, { 0x2460, 0x2468 }, { 0x2474, 0x247C }, { 0x2488, 0x2490 },
        { 0x24EA, 0x24EA }, { 0x24F5, 0x24FD }, { 0x24FF, 0x24FF }, { 0x2776, 0x277E }, { 0x2780, 0x2788 },
        { 0x278A, 0x2792 }, { 0x10A40, 0x10A43 }, { 0x10E60, 0x10E68 }, { 0x11052, 0x1105A }, { 0x1F100, 0x1F10A },
    };
    apr_size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return 1;
        }
    }
    return 0;
}

int um_unicode_has_letter(const char *text)
{
    apr_size_t len = strlen(text), i, used;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (is_letter(point) || is_number(point)) {
            return 1;
        }
    }
    return 0;
}

int um_unicode_is_numeric(const char *text)
{
    apr_size_t len = strlen(text), i, used;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (!is_digit(point) && !is_odd_digit(point)) {
            return 0;
        }
    }
    return len > 0;
}

apr_array_header_t *um_unicode_words(apr_pool_t *pool, const char *text)
{
    apr_array_header_t *words = apr_array_make(pool, 4, sizeof(const char *));
    apr_size_t len = strlen(text), i, used, start = 0;
    point_t point;

    for (i = 0; i < len; i += used) {
        used = next_point(text + i, len - i, &point);
        if (is_word(point)) {
            continue;
        }
        if (i > start) {
            APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(pool, text + start, i - start);
        }
        start = i + used;
    }
    if (len > start) {
        APR_ARRAY_PUSH(words, const char *) = apr_pstrdup(pool, text + start);
    }
    APR_ARRAY_PUSH(words, const char *) = text;
    return words;
}
