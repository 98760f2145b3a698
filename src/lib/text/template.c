/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"
#include "unicode.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define LONGEST_NAME 64

/* Literal text and the placeholder behind it. */
typedef struct piece_t {
    const char *text;
    apr_size_t len;
    const char *name;          /* of the placeholder; NULL: the template ends */
} piece_t;

struct um_template_t {
    const apr_array_header_t *subject;   /* of piece_t */
    const apr_array_header_t *text;
    const apr_array_header_t *html;      /* NULL: none */
};

/* The template that is being read. */
typedef struct reader_t {
    apr_pool_t *pool;
    const char *const *names;
    int line;                  /* the present line, from 1 */
    const char *why;
} reader_t;

static const char *known_name(const reader_t *reader, const char *name, apr_size_t len)
{
    int i;

    for (i = 0; reader->names[i]; ++i) {
        if (strlen(reader->names[i]) == len && memcmp(reader->names[i], name, len) == 0) {
            return reader->names[i];
        }
    }
    return NULL;
}

static const char *list_names(const reader_t *reader)
{
    const char *list = "";
    int i;

    for (i = 0; reader->names[i]; ++i) {
        list = apr_pstrcat(reader->pool, list, i ? ", " : "", reader->names[i], NULL);
    }
    return list;
}

/* Reads the placeholder whose brace is here and returns what follows it. NULL: see reader->why. */
static const char *read_placeholder(reader_t *reader, const char *at, const char **name)
{
    apr_size_t len = strcspn(at + 1, "{}\n");

    if (at[1 + len] != '}') {
        reader->why = "a { without its } (a brace of the text itself is written {{)";
        return NULL;
    }
    *name = known_name(reader, at + 1, len);
    if (!*name) {
        /* A long name is cut where a character begins. */
        for (len = len < LONGEST_NAME ? len : LONGEST_NAME; (at[1 + len] & 0xc0) == 0x80; --len) {
            continue;
        }
        reader->why = apr_psprintf(reader->pool, "no placeholder is called {%.*s}; there are: %s", (int)len, at + 1,
                                   list_names(reader));
        return NULL;
    }
    *name = apr_pstrdup(reader->pool, *name);
    return at + len + 2;
}

/* The pieces of text. NULL: see reader->why. */
static const apr_array_header_t *read_pieces(reader_t *reader, const char *text)
{
    apr_array_header_t *pieces = apr_array_make(reader->pool, 8, sizeof(piece_t));
    char *literal = apr_palloc(reader->pool, strlen(text) + 1), *to = literal;
    const char *at = text, *name;
    piece_t *piece;

    for (;;) {
        name = NULL;
        if (*at == '{' && at[1] != '{') {
            at = read_placeholder(reader, at, &name);
            if (!at) {
                return NULL;
            }
        }
        if (name || *at == '\0') {
            piece = apr_array_push(pieces);
            piece->text = literal;
            piece->len = (apr_size_t)(to - literal);
            piece->name = name;
            if (!name) {
                return pieces;
            }
            literal = to;
            continue;
        }
        at += *at == '{';
        reader->line += *at == '\n';
        *to++ = *at++;
    }
}

/* The bytes of a file as text with LF for line ends. NULL: see reader->why. */
static char *clean_text(reader_t *reader, const char *bytes, apr_size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";     /* editors on Windows write it before UTF-8 */
    apr_size_t i = len >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;
    char *text, *to;

    if (len > UM_TEMPLATE_MAX) {
        reader->why = "longer than 256 KB";
        return NULL;
    }
    if (!um_unicode_valid(bytes, len) || (len && memchr(bytes, '\0', len))) {
        reader->why = "not UTF-8 text";
        return NULL;
    }
    text = to = apr_palloc(reader->pool, len + 1);
    for (; i < len; ++i) {
        if (bytes[i] != '\r' || i + 1 == len || bytes[i + 1] != '\n') {
            *to++ = bytes[i] == '\r' ? '\n' : bytes[i];
        }
    }
    *to = '\0';
    return text;
}

/* Reads "Subject: ..." and the empty line behind it and returns what follows. NULL: see reader->why. */
static char *read_subject(reader_t *reader, char *text, um_template_t *t)
{
    static const char field[] = "Subject:";
    char *subject, *end = text + strcspn(text, "\n");

    if (strncasecmp(text, field, sizeof(field) - 1) != 0) {
        reader->why = "the first line is not \"Subject: ...\"";
        return NULL;
    }
    if (end[0] != '\n' || end[1] != '\n') {
        reader->line = 2;
        reader->why = "no empty line behind the subject";
        return NULL;
    }
    *end = '\0';
    subject = text + sizeof(field) - 1;
    subject += strspn(subject, " \t");
    if (*subject == '\0') {
        reader->why = "the subject is empty";
        return NULL;
    }
    t->subject = read_pieces(reader, subject);
    if (!t->subject) {
        return NULL;
    }
    reader->line = 3;
    return end + 2;
}

apr_status_t um_template_parse(apr_pool_t *pool, const char *text, apr_size_t text_len, const char *html,
                               apr_size_t html_len, const char *const *names, um_template_t **t, int *in_html,
                               int *line, const char **why)
{
    um_template_t *made = apr_pcalloc(pool, sizeof(*made));
    reader_t reader = { pool, names, 1, NULL };
    char *rest = clean_text(&reader, text, text_len);

    *in_html = 0;
    if (rest && (rest = read_subject(&reader, rest, made)) != NULL) {
        made->text = read_pieces(&reader, rest);
    }
    if (made->text && html) {
        *in_html = reader.line = 1;
        rest = clean_text(&reader, html, html_len);
        made->html = rest ? read_pieces(&reader, rest) : NULL;
    }
    if (reader.why) {
        *line = reader.line;
        *why = reader.why;
        return APR_EINVAL;
    }
    *t = made;
    return APR_SUCCESS;
}

static const char *find_value(const piece_t *piece, const um_template_value_t *values, int count)
{
    int i;

    for (i = 0; i < count; ++i) {
        if (strcmp(values[i].name, piece->name) == 0 && values[i].value) {
            return values[i].value;
        }
    }
    return "";
}

/* The number of bytes of the control character or line separator here: C0 and DEL, C1, U+2028 and U+2029. 0: it is
 * another character. */
static int control_length(const unsigned char *at)
{
    if (*at < 0x20 || *at == 0x7f) {
        return 1;
    }
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
        return 2;
    }
    return at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9) ? 3 : 0;
}

static const char *html_escape(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* Writes value to to and returns the number of bytes; if to is NULL, it only counts them. */
static apr_size_t put_value(char *to, const char *value, int is_html)
{
    apr_size_t total = 0, len;
    const char *from;
    int skip;

    for (; *value; value += skip, total += len) {
        skip = control_length((const unsigned char *)value);
        from = skip ? " " : is_html ? html_escape(*value) : NULL;
        skip = skip ? skip : 1;
        from = from ? from : value;
        len = from == value ? 1 : strlen(from);
        if (to) {
            memcpy(to + total, from, len);
        }
    }
    return total;
}

/* Whether a literal begins with a full stop that ends a sentence, and not with the dot of a file or host name. */
static int is_sentence_end(const piece_t *piece)
{
    return piece->len && piece->text[0] == '.'
           && (piece->len == 1 ? !piece->name : strchr(" \t\n<\"')", piece->text[1]) != NULL);
}

static apr_size_t put_pieces(char *to, const apr_array_header_t *pieces, const um_template_value_t *values, int count,
                             int is_html)
{
    const piece_t *piece = (const piece_t *)pieces->elts, *end = piece + pieces->nelts;
    const char *value = "";
    apr_size_t total = 0, skip;

    for (; piece < end; ++piece) {
        /* "... at {site}." needs no second full stop if the site is called "Example Inc.". */
        skip = is_sentence_end(piece) && *value && value[strlen(value) - 1] == '.';
        if (to) {
            memcpy(to + total, piece->text + skip, piece->len - skip);
        }
        total += piece->len - skip;
        value = piece->name ? find_value(piece, values, count) : "";
        total += put_value(to ? to + total : NULL, value, is_html);
    }
    return total;
}

static const char *fill_pieces(apr_pool_t *pool, const apr_array_header_t *pieces, const um_template_value_t *values,
                               int count, int is_html)
{
    apr_size_t len = put_pieces(NULL, pieces, values, count, is_html);
    char *filled = apr_palloc(pool, len + 1);

    put_pieces(filled, pieces, values, count, is_html);
    filled[len] = '\0';
    return filled;
}

apr_status_t um_template_fill(apr_pool_t *pool, const um_template_t *t, const um_template_value_t *values, int count,
                              const char **subject, const char **text, const char **html)
{
    int i;

    for (i = 0; i < count; ++i) {
        if (values[i].value && !um_unicode_valid(values[i].value, strlen(values[i].value))) {
            return APR_EINVAL;
        }
    }
    *subject = fill_pieces(pool, t->subject, values, count, 0);
    *text = fill_pieces(pool, t->text, values, count, 0);
    *html = t->html ? fill_pieces(pool, t->html, values, count, 1) : NULL;
    return APR_SUCCESS;
}
