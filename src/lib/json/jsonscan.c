/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonscan.h"
#include "json.h"
#include "jsonnum.h"
#include "jsonstr.h"
#include "utf8.h"

#include <string.h>

#include <apr_strings.h>

/* An open list or object. Kept here and not on the C stack: depth costs heap, never a crash. */
typedef struct frame_t {
    int is_object;
    int first_name;            /* index in scan_t.names of the object's first member */
} frame_t;

typedef struct scan_t {
    apr_pool_t *pool;
    const char *text;
    const char *at;
    const char *end;
    int max_depth;
    apr_array_header_t *frames;     /* frame_t, the innermost last */
    apr_array_header_t *names;      /* um_jsonstr_t: the members of all open objects, those of the innermost last */
    um_jsonscan_member_t member;    /* of the root object, the one being read */
    um_jsonscan_t *out;
    const char *why;
} scan_t;

static int refuse(scan_t *s, const char *why)
{
    s->why = why;
    return 0;
}

static int refuse_at(scan_t *s, const char *what, apr_size_t at)
{
    return refuse(s, apr_psprintf(s->pool, "%s at byte %" APR_SIZE_T_FMT, what, at));
}

static apr_size_t offset(const scan_t *s)
{
    return (apr_size_t)(s->at - s->text);
}

/* What stands at s->at fits nowhere. */
static int unexpected(scan_t *s)
{
    if (s->at == s->end) {
        return refuse(s, "unexpected end of text");
    }
    if (!um_utf8_step((const unsigned char *)s->at, (apr_size_t)(s->end - s->at))) {
        return refuse(s, "invalid UTF-8");
    }
    return refuse_at(s, "unexpected character", offset(s));
}

static int is_next(const scan_t *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static void skip_blank(scan_t *s)
{
    while (is_next(s, ' ') || is_next(s, '\t') || is_next(s, '\n') || is_next(s, '\r')) {
        ++s->at;
    }
}

static int scan_string(scan_t *s, um_jsonstr_t *string)
{
    apr_size_t at = offset(s);
    um_jsonstr_e result = um_jsonstr_scan(&s->at, s->end, string);

    string->at = at;
    switch (result) {
    case UM_JSONSTR_GOOD: return 1;
    case UM_JSONSTR_UTF8: return refuse(s, "invalid UTF-8");
    case UM_JSONSTR_ESCAPE: return refuse_at(s, "invalid escape", offset(s));
    case UM_JSONSTR_CONTROL: return refuse_at(s, "control character", offset(s));
    case UM_JSONSTR_CUT:
    default: return refuse(s, "unexpected end of text");
    }
}

/* Whether the innermost open list or object is the root, and an object. */
static int is_in_root(const scan_t *s)
{
    return s->frames->nelts == 1 && APR_ARRAY_IDX(s->frames, 0, frame_t).is_object;
}

/* A value has ended. Only wanted members are listed, so that a body of thousands of others costs no memory. */
static void end_member(scan_t *s)
{
    const um_jsonstr_t *name;

    if (s->out->members && is_in_root(s)) {
        name = &APR_ARRAY_IDX(s->names, s->names->nelts - 1, um_jsonstr_t);
        if (s->out->wanted(s->out->baton, name->text, name->len)) {
            s->member.end = offset(s);
            APR_ARRAY_PUSH(s->out->members, um_jsonscan_member_t) = s->member;
        }
    }
}

/* A member name and its colon. */
static int scan_name(scan_t *s)
{
    um_jsonstr_t *name = apr_array_push(s->names);

    skip_blank(s);
    if (!is_next(s, '"')) {
        return unexpected(s);
    }
    if (!scan_string(s, name)) {
        return 0;
    }
    if (name->has_null) {
        return refuse(s, "null character in a member name");
    }
    if (name->lone) {
        return refuse(s, "unpaired surrogate in a member name");
    }
    if (name->is_escaped) {
        um_jsonstr_unescape(s->pool, name);
    }
    skip_blank(s);
    if (!is_next(s, ':')) {
        return unexpected(s);
    }
    ++s->at;
    skip_blank(s);
    if (is_in_root(s)) {
        s->member.name = name->at;
        s->member.value = offset(s);
    }
    return 1;
}

static int skip_digits(scan_t *s)
{
    if (s->at == s->end || *s->at < '0' || *s->at > '9') {
        return unexpected(s);
    }
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        ++s->at;
    }
    return 1;
}

static int scan_number(scan_t *s)
{
    const char *start = s->at;
    int is_whole = 1;

    s->at += *s->at == '-';
    if (is_next(s, '0')) {
        ++s->at;
    }
    else if (!skip_digits(s)) {
        return 0;
    }
    if (is_next(s, '.')) {
        is_whole = 0;
        ++s->at;
        if (!skip_digits(s)) {
            return 0;
        }
    }
    if (is_next(s, 'e') || is_next(s, 'E')) {
        is_whole = 0;
        ++s->at;
        s->at += is_next(s, '+') || is_next(s, '-');
        if (!skip_digits(s)) {
            return 0;
        }
    }
    if (!um_jsonnum_fits_double(s->pool, start, s->at)) {
        return refuse(s, "number out of range");
    }
    if (is_whole && !um_jsonnum_fits_int64(start, s->at)) {
        if (!s->out->wide) {
            s->out->wide = apr_array_make(s->pool, 4, sizeof(apr_size_t));
        }
        APR_ARRAY_PUSH(s->out->wide, apr_size_t) = offset(s);
    }
    return 1;
}

static int scan_word(scan_t *s, const char *word)
{
    for (; *word; ++word, ++s->at) {
        if (!is_next(s, *word)) {
            return unexpected(s);
        }
    }
    return 1;
}

static int scan_text_value(scan_t *s)
{
    um_jsonstr_t string;
    const um_jsonstr_t *name;
    um_json_lone_t *lone;

    if (!scan_string(s, &string)) {
        return 0;
    }
    if (string.lone && is_in_root(s)) {
        if (!s->out->lone) {
            s->out->lone = apr_array_make(s->pool, 4, sizeof(um_json_lone_t));
        }
        name = &APR_ARRAY_IDX(s->names, s->names->nelts - 1, um_jsonstr_t);
        lone = apr_array_push(s->out->lone);
        lone->name = apr_pstrmemdup(s->pool, name->text, name->len);
        lone->code = string.lone;
    }
    return 1;
}

static int scan_scalar(scan_t *s)
{
    if (s->at == s->end) {
        return unexpected(s);
    }
    switch (*s->at) {
    case '"': return scan_text_value(s);
    case 't': return scan_word(s, "true");
    case 'f': return scan_word(s, "false");
    case 'n': return scan_word(s, "null");
    case '-': return scan_number(s);
    default: return *s->at >= '0' && *s->at <= '9' ? scan_number(s) : unexpected(s);
    }
}

/* Opens a list or object and goes to its first value; *is_whole: it had none and is closed again. */
static int scan_open(scan_t *s, int *is_whole)
{
    frame_t *frame;

    if (s->frames->nelts >= s->max_depth) {
        return refuse(s, apr_psprintf(s->pool, "nesting deeper than %d levels", s->max_depth));
    }
    frame = apr_array_push(s->frames);
    frame->is_object = *s->at++ == '{';
    frame->first_name = s->names->nelts;
    if (s->out->wanted && is_in_root(s)) {
        s->out->members = apr_array_make(s->pool, 8, sizeof(um_jsonscan_member_t));
    }
    skip_blank(s);
    *is_whole = is_next(s, frame->is_object ? '}' : ']');
    if (*is_whole) {
        ++s->at;
        apr_array_pop(s->frames);
        return 1;
    }
    return frame->is_object ? scan_name(s) : 1;
}

static int close_object(scan_t *s, int first_name)
{
    apr_size_t at = um_jsonstr_duplicate((um_jsonstr_t *)s->names->elts + first_name, s->names->nelts - first_name);

    s->names->nelts = first_name;
    return at == APR_SIZE_MAX ? 1 : refuse_at(s, "duplicate member name", at);
}

/* Behind a value: closes what ends here and goes to the next value; *is_done: the root has ended. */
static int scan_next(scan_t *s, int *is_done)
{
    while (s->frames->nelts > 0) {
        const frame_t *frame = &APR_ARRAY_IDX(s->frames, s->frames->nelts - 1, frame_t);

        end_member(s);
        skip_blank(s);
        if (is_next(s, ',')) {
            ++s->at;
            return frame->is_object ? scan_name(s) : 1;
        }
        if (!is_next(s, frame->is_object ? '}' : ']')) {
            return unexpected(s);
        }
        ++s->at;
        if (frame->is_object && !close_object(s, frame->first_name)) {
            return 0;
        }
        apr_array_pop(s->frames);
    }
    *is_done = 1;
    return 1;
}

static int scan_document(scan_t *s)
{
    int is_done = 0;

    if (s->end - s->at >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0) {
        return refuse(s, "byte order mark");
    }
    while (!is_done) {
        int is_whole = 1;

        skip_blank(s);
        if (!(is_next(s, '{') || is_next(s, '[') ? scan_open(s, &is_whole) : scan_scalar(s))) {
            return 0;
        }
        if (is_whole && !scan_next(s, &is_done)) {
            return 0;
        }
    }
    skip_blank(s);
    return s->at == s->end ? 1 : refuse(s, "trailing data");
}

apr_status_t um_jsonscan_text(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_jsonscan_t *scan,
                              const char **why)
{
    scan_t s;

    memset(&s, 0, sizeof(s));
    scan->lone = scan->wide = scan->members = NULL;
    s.pool = pool;
    s.text = s.at = text;
    s.end = len ? text + len : text;
    s.max_depth = max_depth;
    s.frames = apr_array_make(pool, 8, sizeof(frame_t));
    s.names = apr_array_make(pool, 16, sizeof(um_jsonstr_t));
    s.out = scan;
    if (!scan_document(&s)) {
        *why = s.why;
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}
