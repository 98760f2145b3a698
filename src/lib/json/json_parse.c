/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of JSON texts: one pass checks the whole text and builds the wanted values. Its time and memory grow with
 * n log n of the text at worst, whatever a hostile client sends. */
#include "json.h"
#include "json_private.h"
#include "utf8.h"

#include <limits.h>
#include <string.h>

#include <apr_strings.h>

/* An open list or object. It is kept here and not on the C stack, so that depth costs heap and never a crash. */
typedef struct frame_t {
    int is_object;
    int first_name;            /* index in scan_t.names of the object's first member */
    um_json_t *value;          /* receives the values that are read; NULL: they are checked and not built */
} frame_t;

typedef struct scan_t {
    apr_pool_t *pool;
    const char *text;
    const char *at;
    const char *end;
    int max_depth;
    um_json_wanted_fn *wanted;      /* NULL: all values are built */
    const void *baton;
    apr_array_header_t *frames;     /* frame_t, the innermost last */
    apr_array_header_t *names;      /* um_json_string_t: the members of all open objects, those of the innermost last */
    apr_array_header_t *lone;       /* see um_json_doc_t */
    um_json_t *root;
    um_json_kind_e kind;            /* of the root */
    const char *why;
} scan_t;

/* --- values --- */

static const um_json_string_t *innermost_name(const scan_t *s)
{
    return &APR_ARRAY_IDX(s->names, s->names->nelts - 1, um_json_string_t);
}

/* Whether the value at s->at is to be built. */
static int is_built(const scan_t *s)
{
    const um_json_string_t *name;
    const frame_t *frame;

    if (!s->frames->nelts) {
        return 1;
    }
    frame = &APR_ARRAY_IDX(s->frames, s->frames->nelts - 1, frame_t);
    if (!frame->value || !s->wanted) {
        return frame->value != NULL;
    }
    /* If wanted is set, the only frames with a value are the root object and a list in it: see scan_open. */
    if (!frame->is_object) {
        return um_json_build_count(frame->value) < UM_JSON_WANTED_ELEMENTS;
    }
    name = innermost_name(s);
    return s->wanted(s->baton, name->text, name->len);
}

/* Puts a value, NULL for null, into the innermost open list or object; or at the root when none is open. */
static void put(scan_t *s, um_json_t *value, um_json_kind_e kind)
{
    const frame_t *parent;

    if (!s->frames->nelts) {
        s->root = value;
        s->kind = kind;
        return;
    }
    parent = &APR_ARRAY_IDX(s->frames, s->frames->nelts - 1, frame_t);
    if (parent->is_object) {
        um_json_build_member(s->pool, parent->value, innermost_name(s), value);
    }
    else {
        um_json_build_element(parent->value, value);
    }
}

/* --- refusals --- */

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

/* The character at s->at is not allowed there. */
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

static int scan_string(scan_t *s, um_json_string_t *string)
{
    apr_size_t at = offset(s);
    um_json_string_e result = um_json_string_scan(&s->at, s->end, string);

    string->at = at;
    switch (result) {
    case UM_JSON_STRING_GOOD: return 1;
    case UM_JSON_STRING_UTF8: return refuse(s, "invalid UTF-8");
    case UM_JSON_STRING_ESCAPE: return refuse_at(s, "invalid escape", offset(s));
    case UM_JSON_STRING_CONTROL: return refuse_at(s, "control character", offset(s));
    case UM_JSON_STRING_CUT:
    default: return refuse(s, "unexpected end of text");
    }
}

/* Whether the innermost open list or object is the root, and an object. */
static int is_in_root(const scan_t *s)
{
    return s->frames->nelts == 1 && APR_ARRAY_IDX(s->frames, 0, frame_t).is_object;
}

/* A member name and its colon. */
static int scan_name(scan_t *s)
{
    um_json_string_t *name = apr_array_push(s->names);

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
        um_json_string_unescape(s->pool, name);
    }
    skip_blank(s);
    if (!is_next(s, ':')) {
        return unexpected(s);
    }
    ++s->at;
    skip_blank(s);
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
    if (!um_json_number_fits_double(s->pool, start, s->at)) {
        return refuse(s, "number out of range");
    }
    if (!is_built(s)) {
        return 1;
    }
    /* An integer that int64 cannot hold becomes a float, which keeps its size: cut off at the largest int64, a time
     * claim would mean another time. */
    if (is_whole && um_json_number_fits_int64(start, s->at)) {
        put(s, um_json_build_int64(start, s->at), UM_JSON_INTEGER);
    }
    else {
        put(s, um_json_build_float(s->pool, start, s->at), UM_JSON_FLOAT);
    }
    return 1;
}

static int scan_word(scan_t *s, const char *word, um_json_kind_e kind)
{
    for (const char *c = word; *c; ++c, ++s->at) {
        if (!is_next(s, *c)) {
            return unexpected(s);
        }
    }
    if (is_built(s)) {
        put(s, kind == UM_JSON_NULL ? NULL : um_json_build_boolean(*word == 't'), kind);
    }
    return 1;
}

static int scan_text_value(scan_t *s)
{
    um_json_string_t string;
    um_json_lone_t *lone;

    if (!scan_string(s, &string)) {
        return 0;
    }
    if (string.lone && is_in_root(s)) {
        if (!s->lone) {
            s->lone = apr_array_make(s->pool, 4, sizeof(um_json_lone_t));
        }
        lone = apr_array_push(s->lone);
        lone->name = apr_pstrmemdup(s->pool, innermost_name(s)->text, innermost_name(s)->len);
        lone->code = string.lone;
    }
    if (is_built(s)) {
        put(s, um_json_build_text(s->pool, string), UM_JSON_STRING);
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
    case 't': return scan_word(s, "true", UM_JSON_BOOLEAN);
    case 'f': return scan_word(s, "false", UM_JSON_BOOLEAN);
    case 'n': return scan_word(s, "null", UM_JSON_NULL);
    case '-': return scan_number(s);
    default: return *s->at >= '0' && *s->at <= '9' ? scan_number(s) : unexpected(s);
    }
}

/* Opens a list or object and moves to its first value. *is_whole: it was empty and is closed again. */
static int scan_open(scan_t *s, int *is_whole)
{
    int is_object = *s->at == '{', is_root = !s->frames->nelts, is_member = is_in_root(s);
    um_json_t *value = NULL;
    frame_t *frame;

    if (s->frames->nelts >= s->max_depth) {
        return refuse(s, apr_psprintf(s->pool, "nesting deeper than %d levels", s->max_depth));
    }
    if (is_built(s) && s->wanted && !is_root && !is_member) {
        put(s, um_json_build_boolean(0), UM_JSON_BOOLEAN);
    }
    else if (is_built(s)) {
        value = um_json_build_container(is_object);
        put(s, value, is_object ? UM_JSON_OBJECT : UM_JSON_LIST);
    }
    frame = apr_array_push(s->frames);
    frame->is_object = is_object;
    frame->first_name = s->names->nelts;
    frame->value = !s->wanted || (is_object ? is_root : is_member) ? value : NULL;
    ++s->at;
    skip_blank(s);
    *is_whole = is_next(s, is_object ? '}' : ']');
    if (*is_whole) {
        ++s->at;
        apr_array_pop(s->frames);
        return 1;
    }
    return is_object ? scan_name(s) : 1;
}

static int close_object(scan_t *s, int first_name)
{
    um_json_string_t *names = (um_json_string_t *)s->names->elts;
    apr_size_t at = um_json_string_duplicate(names + first_name, s->names->nelts - first_name);

    s->names->nelts = first_name;
    return at == APR_SIZE_MAX ? 1 : refuse_at(s, "duplicate member name", at);
}

/* Behind a value: closes what ends here and moves to the next value. *is_done: the root has ended. */
static int scan_next(scan_t *s, int *is_done)
{
    while (s->frames->nelts > 0) {
        const frame_t *frame = &APR_ARRAY_IDX(s->frames, s->frames->nelts - 1, frame_t);

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

apr_status_t um_json_parse_wanted(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth,
                                  um_json_wanted_fn *wanted, const void *baton, um_json_doc_t **doc, const char **why)
{
    scan_t s = {
        .pool = pool, .text = text, .at = text, .end = len ? text + len : text,
        .max_depth = max_depth, .wanted = wanted, .baton = baton,
    };

    if (len > INT_MAX / 4) {       /* json-c counts in int */
        *why = "text too long";
        return APR_EINVAL;
    }
    s.frames = apr_array_make(pool, 8, sizeof(frame_t));
    s.names = apr_array_make(pool, 16, sizeof(um_json_string_t));
    if (!scan_document(&s)) {
        um_json_build_discard(s.root);
        *why = s.why;
        return APR_EINVAL;
    }
    *doc = apr_pcalloc(pool, sizeof(**doc));
    (*doc)->kind = s.kind;
    (*doc)->root = s.root ? um_json_own(pool, s.root) : NULL;
    (*doc)->lone = s.lone;
    return APR_SUCCESS;
}

apr_status_t um_json_parse(apr_pool_t *pool, const char *text, apr_size_t len, int max_depth, um_json_doc_t **doc,
                           const char **why)
{
    return um_json_parse_wanted(pool, text, len, max_depth, NULL, NULL, doc, why);
}
