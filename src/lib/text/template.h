/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TEMPLATE_H
#define UM_TEMPLATE_H
/* Texts of mails that an administrator may replace. A directory contains, for each kind of mail and each language,
 *
 *     KIND.LANGUAGE.txt      the first line "Subject: ...", an empty line, then the text
 *     KIND.LANGUAGE.html     the same as HTML, without a subject; optional
 *
 * in UTF-8, with line ends of either kind. {name} is replaced by a value, {{ by a brace; } stands for itself. Templates
 * are read and checked once and never change after that, so threads may share them. */
#include <apr_pools.h>

/** One kind of mail in one language: subject, text and optional HTML. */
typedef struct um_template_t um_template_t;

/** The value of a placeholder, in UTF-8; NULL is "". */
typedef struct um_template_value_t {
    const char *name;
    const char *value;
} um_template_value_t;

/** All templates of a directory. */
typedef struct um_templates_t um_templates_t;

/** Reads the templates of the given kinds (NULL-terminated) from a directory, in pool. Each kind must exist in
 *  fallback_language. names (NULL-terminated) are the placeholders that exist. Files of other kinds, and files that end
 *  in neither .txt nor .html, are ignored.
 *  APR_EINVAL or the system's error: *why names the file and, if there is one, the line, and says what is wrong: an
 *  unknown placeholder, a brace without its other half, no subject, not UTF-8, longer than UM_TEMPLATE_MAX
 *  (template_pieces.h), HTML without a text, an invalid language (RFC 5646: "de", "de-AT"), or the same language twice
 *  (tags are compared without regard to case). */
apr_status_t um_templates_read(apr_pool_t *pool, const char *folder, const char *const *kinds,
                               const char *const *names, const char *fallback_language, um_templates_t **templates,
                               const char **why);

/** The template of a kind for a language. "de-AT" falls back to "de", and that to the fallback language; so do "", NULL
 *  and invalid tags. NULL only for a kind that was not read.
 *  @param found  the language of the template, as its file name has it; may be NULL */
const um_template_t *um_templates_find(const um_templates_t *templates, const char *kind, const char *language,
                                       const char **found);

/** The best of the existing languages for an Accept-Language header (RFC 9110 section 12.5.4), as the file name has it.
 *  For each range it tries the language itself, then its shorter forms, then its longer ones (RFC 4647 sections 3.4 and
 *  3.3.1). "" when none matches, when the header is NULL, or when it accepts any language first. Malformed parts, and
 *  those behind the 32nd, are ignored. */
const char *um_templates_language(apr_pool_t *pool, const um_templates_t *templates, const char *accept_language);

/** Fills in the values. *subject is one line; *text has LF for line ends; *html is NULL if the template has none, and
 *  its values are escaped for text and quoted attributes. A placeholder without a value becomes "". Control characters
 * in
 *  a value, line breaks included, become blanks in all parts, so that a name that a user has chosen cannot add a line
 * to
 *  a mail. If a value ends with a full stop ("Example Inc."), a full stop of the template right behind it is left out.
 *  APR_EINVAL: a value is not UTF-8. Results are in pool. */
apr_status_t um_template_fill(apr_pool_t *pool, const um_template_t *t, const um_template_value_t *values, int count,
                              const char **subject, const char **text, const char **html);

/** Makes a template, in pool, from the contents of its files (html NULL: none), which need no NUL behind them.
 *  APR_EINVAL: *why says what is wrong, *line where (0: not in a line), *in_html in which of the two. */
apr_status_t um_template_parse(apr_pool_t *pool, const char *text, apr_size_t text_len, const char *html,
                               apr_size_t html_len, const char *const *names, um_template_t **t, int *in_html,
                               int *line, const char **why);
#endif
