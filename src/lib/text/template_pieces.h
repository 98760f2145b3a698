/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TEMPLATE_PIECES_H
#define UM_TEMPLATE_PIECES_H
/* What the templates of mails and those of pages share: their files, their syntax, and how a value is written. Both
 * have {name} for a value, {{ for a brace, and } for itself. Pages have marks beside that, as in {#name}. */
#include <apr_file_io.h>
#include <apr_tables.h>

#define UM_TEMPLATE_MAX 262144   /**< bytes of the longest file */

/* --- template_pieces.c --- */

/** Literal text and the tag behind it. */
typedef struct um_template_piece_t {
    const char *text;
    apr_size_t len;
    const char *name;          /**< of the tag; NULL: the template ends */
    char mark;                 /**< of the tag: one of the reader's marks; '\0' for {name} and for the end */
    int line;                  /**< of the tag */
} um_template_piece_t;

/** The template that is being read. */
typedef struct um_template_reader_t {
    apr_pool_t *pool;
    const char *const *names;  /**< of the placeholders that exist, NULL-terminated */
    const char *marks;         /**< "" for mails; "#^/>@" for pages: what is behind > and @ need not be in names */
    int line;                  /**< the present line, from 1 */
    const char *why;           /**< set on error: what is wrong with that line */
} um_template_reader_t;

/** The bytes of a file as text with LF for line ends, in the reader's pool, without a byte order mark. NULL: it is
 *  longer than UM_TEMPLATE_MAX or not UTF-8, or has a NUL. */
char *um_template_clean(um_template_reader_t *reader, const char *bytes, apr_size_t len);

/** Cuts text into pieces: um_template_piece_t, the last one without a name. They are in the reader's pool and do not
 *  point into text. NULL: a brace has no other half, or a name is unknown; see why and line of the reader. */
const apr_array_header_t *um_template_pieces(um_template_reader_t *reader, const char *text);

/** The length of name up to the longest that messages show, cut where a character begins. */
int um_template_name_length(const char *name);

/** Writes len bytes of a value to to, with a blank for each control character, line break and line separator, and
 *  U+FFFD for each byte that is not UTF-8. If is_html, the characters & < > " and ' are escaped for text and quoted
 *  attributes. Returns the number of bytes, at most 6 * len; if to is NULL, it only counts them. */
apr_size_t um_template_put(char *to, const char *value, apr_size_t len, int is_html);

/* --- template_file.c --- */

/** Reads the file of this path, up to UM_TEMPLATE_MAX + 1 bytes, into pool. Only regular files are opened. On error
 *  *why says what is wrong without the path. */
apr_status_t um_template_file_read(apr_pool_t *pool, const char *path, char **bytes, apr_size_t *len,
                                   const char **why);

/** Adds the names of what is in a folder to names (const char *), sorted, in the pool of that array; those that begin
 *  with a dot are left out. On error *why says what is wrong without the path. */
apr_status_t um_template_file_list(const char *folder, apr_array_header_t *names, const char **why);
#endif
