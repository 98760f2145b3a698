/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include "mediatype.h"
#include "utf8.h"
#include "wipe.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* RFC 2046 section 5.1.1 */
#define LONGEST_BOUNDARY 70

typedef struct form_t {
    apr_pool_t *pool;
    um_json_t *fields;
    int count;                 /* of pieces or parts, with or without a name */
    const char *why;
} form_t;

/* Bytes of a body; end is behind the last one. */
typedef struct span_t {
    const char *start;
    const char *end;
} span_t;

static int refuse_form(form_t *form, const char *why)
{
    form->why = why;
    return 0;
}

static apr_size_t length(span_t span)
{
    return (apr_size_t)(span.end - span.start);
}

static int is_utf8(span_t span)
{
    apr_size_t step;

    while (span.start < span.end) {
        if ((step = um_utf8_step((const unsigned char *)span.start, length(span))) == 0) {
            return 0;
        }
        span.start += step;
    }
    return 1;
}

static int count_field(form_t *form)
{
    return ++form->count <= UM_FORM_FIELDS ? 1 : refuse_form(form, "too many fields");
}

/* The member of this name; NULL: refused. An earlier value of the name is wiped, because it will never be read. */
static const char *take_name(form_t *form, span_t name)
{
    const char *key;
    um_json_value_t before;

    if (!is_utf8(name)) {
        refuse_form(form, "invalid UTF-8");
        return NULL;
    }
    if (memchr(name.start, '\0', length(name))) {
        refuse_form(form, "null character in a field name");     /* C strings would end there */
        return NULL;
    }
    key = apr_pstrmemdup(form->pool, name.start, length(name));
    before = um_json_get(form->fields, key);
    if (before.kind == UM_JSON_STRING) {
        um_wipe(before.text, before.len);
    }
    return key;
}

static int put_field(form_t *form, span_t name, span_t value)
{
    const char *key;

    if (!is_utf8(value)) {
        return refuse_form(form, "invalid UTF-8");
    }
    key = take_name(form, name);
    if (key) {
        um_json_put_bytes(form->fields, key, value.start, length(value));
    }
    return key != NULL;
}

/* A file becomes an object, which no field accepts, so that it is never taken for text. */
static int put_file(form_t *form, span_t name)
{
    const char *key = take_name(form, name);

    if (key) {
        um_json_put(form->fields, key, um_json_object(form->pool));
    }
    return key != NULL;
}

static apr_status_t finish_form(form_t *form, int good, um_json_doc_t **doc, const char **why)
{
    if (!good) {
        *why = form->why;
        return APR_EINVAL;
    }
    *doc = apr_pcalloc(form->pool, sizeof(**doc));
    (*doc)->kind = UM_JSON_OBJECT;
    (*doc)->root = form->fields;
    return APR_SUCCESS;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static span_t decode_percent(apr_pool_t *pool, span_t coded)
{
    const char *at = coded.start;
    char *to = apr_palloc(pool, length(coded) + 1);
    span_t plain = { to, to };
    int high, low;

    for (; at < coded.end; ++at) {
        if (*at == '%' && coded.end - at > 2 && (high = hex_value(at[1])) >= 0 && (low = hex_value(at[2])) >= 0) {
            *to++ = (char)(high * 16 + low);
            at += 2;
        }
        else {
            *to++ = *at == '+' ? ' ' : *at;
        }
    }
    plain.end = to;
    return plain;
}

/* The first stop character in span; its end when there is none. */
static const char *find_stop(span_t span, char stop)
{
    const char *found = length(span) ? memchr(span.start, stop, length(span)) : NULL;

    return found ? found : span.end;
}

static int read_piece(form_t *form, span_t piece)
{
    span_t name = { piece.start, find_stop(piece, '=') };
    span_t value = { name.end < piece.end ? name.end + 1 : name.end, piece.end };
    int good = count_field(form);

    if (good) {
        name = decode_percent(form->pool, name);
        value = decode_percent(form->pool, value);
        good = put_field(form, name, value);
        um_wipe(name.start, length(name));
        um_wipe(value.start, length(value));
    }
    return good;
}

apr_status_t um_form_urlencoded(apr_pool_t *pool, const char *body, apr_size_t len, um_json_doc_t **doc,
                                const char **why)
{
    form_t form = { pool, um_json_object(pool), 0, NULL };
    span_t rest = { body, len ? body + len : body };
    int good = 1;

    while (good && rest.start < rest.end) {
        span_t piece = { rest.start, find_stop(rest, '&') };

        if (length(piece)) {
            good = read_piece(&form, piece);
        }
        rest.start = piece.end < rest.end ? piece.end + 1 : rest.end;
    }
    return finish_form(&form, good, doc, why);
}

static int is_boundary(const char *boundary)
{
    apr_size_t len = strlen(boundary), i;

    if (len < 1 || len > LONGEST_BOUNDARY || boundary[len - 1] == ' ') {
        return 0;
    }
    for (i = 0; i < len; ++i) {
        if (boundary[i] < ' ' || boundary[i] > '~') {
            return 0;
        }
    }
    return 1;
}

/* Behind the line break here; NULL: there is none. */
static const char *skip_break(const char *at, const char *end)
{
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

/* Behind the delimiter line whose dashes begin here; NULL: it is not one. A longer boundary that begins with ours is
 * not one. *is_last: it is the closing delimiter. */
static const char *skip_delimiter(const char *at, const char *end, const char *boundary, int *is_last)
{
    apr_size_t len = strlen(boundary);

    if ((apr_size_t)(end - at) < len + 2 || memcmp(at, "--", 2) != 0 || memcmp(at + 2, boundary, len) != 0) {
        return NULL;
    }
    at += len + 2;
    *is_last = end - at >= 2 && memcmp(at, "--", 2) == 0;
    if (*is_last) {
        return at + 2;
    }
    while (at < end && (*at == ' ' || *at == '\t')) {
        ++at;
    }
    return skip_break(at, end);
}

/* Finds the next delimiter in rest. *before becomes what is in front of its line break, and rest what is behind it. A
 * boundary contains no CR, so each byte is compared twice at most. */
static int next_delimiter(span_t *rest, const char *boundary, span_t *before, int *is_last)
{
    const char *line, *behind;
    span_t tail = *rest;

    for (; (tail.start = find_stop(tail, '\r')) < tail.end; ++tail.start) {
        line = skip_break(tail.start, tail.end);
        behind = line ? skip_delimiter(line, tail.end, boundary, is_last) : NULL;
        if (behind) {
            before->start = rest->start;
            before->end = tail.start;
            rest->start = behind;
            return 1;
        }
    }
    return 0;
}

/* The header line at *at, NUL-terminated; *at moves behind it. NULL: the line contains a NUL. A line that begins with a
 * blank continues the one before (RFC 5322 section 2.2.3). */
static const char *read_line(apr_pool_t *pool, const char **at, const char *end)
{
    span_t raw = { *at, *at };
    char *line, *fold;
    const char *next;

    for (; raw.end < end; ++raw.end) {
        next = skip_break(raw.end, end);
        if (next && (next == end || raw.end == raw.start || (*next != ' ' && *next != '\t'))) {
            break;
        }
    }
    *at = raw.end < end ? raw.end + 2 : end;
    if (memchr(raw.start, '\0', length(raw))) {
        return NULL;
    }
    line = apr_pstrmemdup(pool, raw.start, length(raw));
    for (fold = line; (fold = strpbrk(fold, "\r\n")) != NULL; ) {
        *fold = ' ';
    }
    return line;
}

static const char *header_value(const char *line, const char *name)
{
    apr_size_t len = strlen(name);

    if (apr_cstr_casecmpn(line, name, len) != 0 || line[len] != ':') {
        return NULL;
    }
    line += len + 1;
    return line + strspn(line, " \t");
}

/* Whether value is word, alone or followed by parameters. */
static int is_word(const char *value, const char *word)
{
    apr_size_t len = strlen(word);

    return apr_cstr_casecmpn(value, word, len) == 0 && (value[len] == '\0' || strchr("; \t", value[len]));
}

/* Reads the headers of a part and moves to its value. *name is NULL when the part is not a field, or is a file input
 * without a chosen file. */
static int read_headers(form_t *form, span_t *part, const char **name, int *is_file)
{
    const char *filename;
    const char *line = "*", *value, *disposition = "", *encoding = "binary";

    *name = NULL;
    while (*line && part->start < part->end) {     /* a part may end with its headers; then its value is blank */
        line = read_line(form->pool, &part->start, part->end);
        if (!line) {
            return refuse_form(form, "null character in a header");
        }
        if ((value = header_value(line, "Content-Disposition"))) {
            disposition = value;
        }
        if ((value = header_value(line, "Content-Transfer-Encoding"))) {
            encoding = value;
        }
    }
    filename = um_mediatype_param(form->pool, disposition, "filename");
    *is_file = filename || um_mediatype_param(form->pool, disposition, "filename*");
    if (!is_word(disposition, "form-data") || (filename && !*filename)) {
        return 1;
    }
    *name = um_mediatype_param(form->pool, disposition, "name");
    if (*name && !*is_file && !is_word(encoding, "binary") && !is_word(encoding, "7bit")
        && !is_word(encoding, "8bit")) {
        return refuse_form(form, "unknown transfer encoding");
    }
    return 1;
}

static int read_part(form_t *form, span_t part)
{
    const char *text;
    int is_file;
    span_t name;

    if (!count_field(form) || !read_headers(form, &part, &text, &is_file)) {
        return 0;
    }
    if (!text) {
        return 1;
    }
    name.start = text;
    name.end = text + strlen(text);
    return is_file ? put_file(form, name) : put_field(form, name, part);
}

static int read_parts(form_t *form, const char *boundary, span_t rest)
{
    int is_last = 0, good = 1;
    span_t part;
    const char *behind;

    if (!boundary) {
        return refuse_form(form, "Invalid boundary in multipart: None");
    }
    if (!is_boundary(boundary)) {
        return refuse_form(form, "Invalid boundary in multipart");
    }
    behind = skip_delimiter(rest.start, rest.end, boundary, &is_last);
    if (behind) {
        rest.start = behind;
    }
    else {
        good = next_delimiter(&rest, boundary, &part, &is_last);
    }
    while (good && !is_last) {
        if (!next_delimiter(&rest, boundary, &part, &is_last)) {
            return refuse_form(form, "missing closing delimiter");
        }
        good = read_part(form, part);
    }
    return good;
}

apr_status_t um_form_multipart(apr_pool_t *pool, const char *boundary, const char *body, apr_size_t len,
                               um_json_doc_t **doc, const char **why)
{
    form_t form = { pool, um_json_object(pool), 0, "missing closing delimiter" };
    span_t whole = { body, len ? body + len : body };
    int good = read_parts(&form, boundary, whole);

    if (!good) {
        form.why = apr_pstrcat(pool, "Multipart form parse error - ", form.why, NULL);
    }
    return finish_form(&form, good, doc, why);
}
