/* SPDX-License-Identifier: Apache-2.0 */
#include "template.h"

#include "template_pieces.h"
#include "unicode.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

struct um_template_t {
    const apr_array_header_t *subject;   /* of um_template_piece_t */
    const apr_array_header_t *text;
    const apr_array_header_t *html;      /* NULL: none */
};

/* Reads "Subject: ..." and the empty line behind it and returns what follows. NULL: see reader->why. */
static char *read_subject(um_template_reader_t *reader, char *text, um_template_t *t)
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
    t->subject = um_template_pieces(reader, subject);
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
    um_template_reader_t reader = { pool, names, "", 1, NULL };
    char *rest = um_template_clean(&reader, text, text_len);

    *in_html = 0;
    if (rest && (rest = read_subject(&reader, rest, made)) != NULL) {
        made->text = um_template_pieces(&reader, rest);
    }
    if (made->text && html) {
        *in_html = reader.line = 1;
        rest = um_template_clean(&reader, html, html_len);
        made->html = rest ? um_template_pieces(&reader, rest) : NULL;
    }
    if (reader.why) {
        *line = reader.line;
        *why = reader.why;
        return APR_EINVAL;
    }
    *t = made;
    return APR_SUCCESS;
}

static const char *find_value(const um_template_piece_t *piece, const um_template_value_t *values, int count)
{
    int i;

    for (i = 0; i < count; ++i) {
        if (strcmp(values[i].name, piece->name) == 0 && values[i].value) {
            return values[i].value;
        }
    }
    return "";
}

/* Whether a literal begins with a full stop that ends a sentence, and not with the dot of a file or host name. */
static int is_sentence_end(const um_template_piece_t *piece)
{
    return piece->len && piece->text[0] == '.'
           && (piece->len == 1 ? !piece->name : strchr(" \t\n<\"')", piece->text[1]) != NULL);
}

static apr_size_t put_pieces(char *to, const apr_array_header_t *pieces, const um_template_value_t *values, int count,
                             int is_html)
{
    const um_template_piece_t *piece = (const um_template_piece_t *)pieces->elts, *end = piece + pieces->nelts;
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
        total += um_template_put(to ? to + total : NULL, value, strlen(value), is_html);
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
