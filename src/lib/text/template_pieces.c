/* SPDX-License-Identifier: Apache-2.0 */
#include "template_pieces.h"

#include "unicode.h"
#include "utf8.h"

#include <string.h>

#include <apr_strings.h>

#define LONGEST_NAME 64

static const char *known_name(const um_template_reader_t *reader, const char *name, apr_size_t len)
{
    int i;

    for (i = 0; reader->names[i]; ++i) {
        if (strlen(reader->names[i]) == len && memcmp(reader->names[i], name, len) == 0) {
            return reader->names[i];
        }
    }
    return NULL;
}

static const char *list_names(const um_template_reader_t *reader)
{
    const char *list = "";
    int i;

    for (i = 0; reader->names[i]; ++i) {
        list = apr_pstrcat(reader->pool, list, i ? ", " : "", reader->names[i], NULL);
    }
    return list;
}

int um_template_name_length(const char *name)
{
    apr_size_t len = strlen(name);

    for (len = len < LONGEST_NAME ? len : LONGEST_NAME; (name[len] & 0xc0) == 0x80; --len) {
        continue;
    }
    return (int)len;
}

/* Whether a tag needs no known name: parts and messages have names of their own, and {.} is the element of a list. */
static int is_free(const um_template_reader_t *reader, const um_template_piece_t *piece)
{
    return piece->mark == '>' || piece->mark == '@'
           || (piece->mark == '\0' && *reader->marks && strcmp(piece->name, ".") == 0);
}

/* Reads the tag whose brace is here into piece and returns what follows it. NULL: see reader->why. */
static const char *read_tag(um_template_reader_t *reader, const char *at, um_template_piece_t *piece)
{
    apr_size_t len = strcspn(at + 1, "{}\n");
    const char *name;

    if (at[1 + len] != '}') {
        reader->why = "a { without its } (a brace of the text itself is written {{)";
        return NULL;
    }
    piece->mark = len > 0 && strchr(reader->marks, at[1]) ? at[1] : '\0';
    name = at + 1 + (piece->mark != '\0');
    piece->name = apr_pstrmemdup(reader->pool, name, (apr_size_t)(at + 1 + len - name));
    piece->line = reader->line;
    if (!is_free(reader, piece) && !known_name(reader, piece->name, strlen(piece->name))) {
        reader->why = apr_psprintf(reader->pool, "no placeholder is called {%.*s}; there are: %s",
                                   um_template_name_length(piece->name), piece->name, list_names(reader));
        return NULL;
    }
    return at + len + 2;
}

const apr_array_header_t *um_template_pieces(um_template_reader_t *reader, const char *text)
{
    apr_array_header_t *pieces = apr_array_make(reader->pool, 8, sizeof(um_template_piece_t));
    char *literal = apr_palloc(reader->pool, strlen(text) + 1), *to = literal;
    um_template_piece_t *piece;
    const char *at = text;

    for (;;) {
        if (*at == '\0' || (*at == '{' && at[1] != '{')) {
            piece = apr_array_push(pieces);
            *piece = (um_template_piece_t){ literal, (apr_size_t)(to - literal), NULL, '\0', reader->line };
            if (*at == '\0') {
                return pieces;
            }
            at = read_tag(reader, at, piece);
            if (!at) {
                return NULL;
            }
            literal = to;
            continue;
        }
        at += *at == '{';
        reader->line += *at == '\n';
        *to++ = *at++;
    }
}

char *um_template_clean(um_template_reader_t *reader, const char *bytes, apr_size_t len)
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

/* Whether a byte is a character that is written as it is. */
static int is_unchanged(unsigned char c, int is_html)
{
    return c >= 0x20 && c < 0x7f && !(is_html && html_escape((char)c));
}

/* What is written in place of the character here, which has *len bytes; NULL: the character itself. C1 controls and
 * the line separators U+2028 and U+2029 are control characters as well. */
static const char *replacement(const unsigned char *at, const unsigned char *end, int is_html, apr_size_t *len)
{
    *len = 1;
    if (*at < 0x20 || *at == 0x7f) {
        return " ";
    }
    if (*at < 0x80) {
        return is_html ? html_escape((char)*at) : NULL;
    }
    *len = um_utf8_step(at, (apr_size_t)(end - at));
    if (*len == 0) {
        *len = 1;
        return "\xef\xbf\xbd";
    }
    return (*len == 2 && at[0] == 0xc2 && at[1] < 0xa0)
           || (*len == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) ? " " : NULL;
}

apr_size_t um_template_put(char *to, const char *value, apr_size_t len, int is_html)
{
    const unsigned char *at = (const unsigned char *)value, *end = at + len;
    const unsigned char *from = at;
    apr_size_t total = 0, step;
    const char *instead = NULL;

    /* What stays as it is, is copied in one go, from from on. */
    for (;; at += step) {
        step = 1;
        if (at < end && (is_unchanged(*at, is_html) || (instead = replacement(at, end, is_html, &step)) == NULL)) {
            continue;
        }
        if (to) {
            memcpy(to + total, from, (apr_size_t)(at - from));
        }
        total += (apr_size_t)(at - from);
        if (at >= end) {
            return total;
        }
        if (to) {
            memcpy(to + total, instead, strlen(instead));
        }
        total += strlen(instead);
        from = at + step;
    }
}
