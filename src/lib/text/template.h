/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TEMPLATE_H
#define UM_TEMPLATE_H
/* Texts of mails that an administrator may replace. A folder holds for each kind of mail and each language
 *
 *     KIND.LANGUAGE.txt      first line "Subject: ...", then an empty line, then the text
 *     KIND.LANGUAGE.html     the same as HTML, without a subject; may be missing
 *
 * in UTF-8, with line ends of either kind. {name} stands for a value, {{ for a brace, a } for itself. All is read and
 * checked once; what was read is never changed, so threads share it. */
#include <apr_pools.h>

#define UM_TEMPLATE_MAX 262144   /**< bytes of the longest file */

/** One kind of mail in one language: subject, text and perhaps HTML. */
typedef struct um_template_t um_template_t;

/** What a placeholder stands for; value is UTF-8, NULL is "". */
typedef struct um_template_value_t {
    const char *name;
    const char *value;
} um_template_value_t;

/** All templates of a folder. */
typedef struct um_templates_t um_templates_t;

/** Reads the templates of the kinds (NULL-terminated) that folder has, in pool. Each kind must be there in
 *  fallback_language; names (NULL-terminated) are the placeholders that exist. Files of other kinds, and those that end
 *  in neither .txt nor .html, are not looked at. An error is APR_EINVAL or the system's, and *why says the file, the
 *  line where there is one, and what is wrong: a placeholder that does not exist, a brace without its other half, no
 *  subject, not UTF-8, longer than UM_TEMPLATE_MAX, HTML without a text, a language that is none (RFC 5646: "de",
 *  "de-AT"), the same template twice (language tags are compared without regard to case). */
apr_status_t um_templates_read(apr_pool_t *pool, const char *folder, const char *const *kinds,
                               const char *const *names, const char *fallback_language, um_templates_t **templates,
                               const char **why);

/** The template of a kind for a language: "de-AT" falls back to "de" and that to the fallback language; so do "", NULL
 *  and whatever is no language. NULL only for a kind that was not read.
 *  @param found  the language that the template is in, as its file name has it; may be NULL */
const um_template_t *um_templates_find(const um_templates_t *templates, const char *kind, const char *language,
                                       const char **found);

/** The best of the languages there are for an Accept-Language header (RFC 9110 12.5.4; of each range first the language
 *  itself, then its shorter forms, then its longer ones: RFC 4647 3.4 and 3.3.1), as its file name has it. "" when none
 *  fits, the header is NULL or it says that any will do. Parts of the header that are malformed are skipped, and so
 *  is what comes behind its 32nd part. */
const char *um_templates_language(apr_pool_t *pool, const um_templates_t *templates, const char *accept_language);

/** Puts values in. *subject is one line; *text has LF for line ends; *html is NULL where the template has none, and its
 *  values are escaped for text and quoted attributes. A placeholder that values has no value for becomes "". Control
 *  characters in a value, line ends before all, become blanks in every part: a name that a stranger has chosen adds no
 *  line to a mail. A full stop of the template directly behind a value that ends with one is left out ("Example Inc.").
 *  APR_EINVAL: a value is not UTF-8. Results live in pool. */
apr_status_t um_template_fill(apr_pool_t *pool, const um_template_t *t, const um_template_value_t *values, int count,
                              const char **subject, const char **text, const char **html);

/** One template from the contents of its files (html NULL: none), in pool; contents need no NUL behind them. *why says
 *  what is wrong, *line where (0: nowhere in particular), *in_html in which of the two. */
apr_status_t um_template_parse(apr_pool_t *pool, const char *text, apr_size_t text_len, const char *html,
                               apr_size_t html_len, const char *const *names, um_template_t **t, int *in_html,
                               int *line, const char **why);
#endif
