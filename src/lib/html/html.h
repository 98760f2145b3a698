/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_HTML_H
#define UM_HTML_H
/* HTML pages from templates that an administrator may replace. A folder contains
 *
 *     NAME.html              a page, or a part that pages include
 *     messages.LANG.txt      the texts in a language: a line "key = text" each; # begins a comment line
 *     style.css, site.css    the style sheet, and what the site adds to it; site.css may be missing
 *
 * in UTF-8, with line ends of either kind. A second folder replaces files of the first that have the same name; of its
 * messages, each replaces the one with the same key, and a file for a new language adds the language. In a template is
 *
 *     {name}                 a value of the view, escaped for text and quoted attributes
 *     {#name}...{/name}      for a list: once for each element, whose members come before all others, and {.} is an
 *                            element that is no object; for an object: once, with its members before all others; for
 *                            anything else: once if it is neither null, false, 0 nor ""
 *     {^name}...{/name}      once if the value is absent, null, false, 0, "" or an empty list
 *     {>part}                the template part.html
 *     {@key}                 the message of this key, in which {name} is a value; both are escaped
 *
 * and {{ is a brace; } stands for itself. A name is looked up in the innermost section first, then outwards. A message
 * that a language does not have is the one of English. Every language has the messages "direction" (ltr or rtl) and
 * "language_name". */
#include <apr_pools.h>

typedef struct json_object um_json_t;   /* json.h */

#define UM_HTML_MAX 16777216   /**< bytes of the longest page that is made */
#define UM_HTML_PART_DEPTH 8   /**< how many parts may be inside one another */

/** Templates, messages and style of a host. They never change, so threads may share them. */
typedef struct um_html_t um_html_t;

/** Reads a folder and, unless it is NULL, the custom folder that replaces parts of it, into pool.
 *  @param pages  the templates that must exist, as "sign_in"; NULL-terminated
 *  @param names  the names of values that exist; NULL-terminated
 *  APR_EINVAL or the system's error: *why names the file and, if there is one, the line, and says what is wrong: an
 *  unknown name, part or message, a section that is not closed, parts that include one another, a brace without its
 *  other half, a malformed line or a key that is there twice in messages, an invalid language (RFC 5646), no
 *  "direction", a missing file, not a regular file, not UTF-8, longer than UM_TEMPLATE_MAX. */
apr_status_t um_html_read(apr_pool_t *pool, const char *folder, const char *custom, const char *const *pages,
                          const char *const *names, um_html_t **html, const char **why);

/** The best of the existing languages for an Accept-Language header, as the name of its file has it; see
 *  um_templates_language. "en" when none matches, when the header is NULL, or when it accepts any language first. */
const char *um_html_language(apr_pool_t *pool, const um_html_t *html, const char *accept_language);

/** The message of a key as plain text in pool, which is not escaped: {@...} and um_html_render escape. values (may be
 *  NULL) is the object of its placeholders. "de-AT" falls back to "de", and any other language to English. NULL: there
 *  is no such key in English, or the text is too long for a page. */
const char *um_html_message(apr_pool_t *pool, const um_html_t *html, const char *language, const char *key,
                            const um_json_t *values);

/** Makes a page in pool: *len bytes at *text, with a NUL behind them. Values that are absent, and lists and objects in
 *  place of a text, are "". Control characters in values, line breaks included, become blanks.
 *  APR_EINVAL: there is no such template. APR_ENOSPC: the page becomes longer than UM_HTML_MAX, or sections of lists
 *  inside one another make it take too long; *text is not set. */
apr_status_t um_html_render(apr_pool_t *pool, const um_html_t *html, const char *page, const char *language,
                            const um_json_t *view, const char **text, apr_size_t *len);

/** The style sheet: style.css followed by site.css. */
const char *um_html_style(const um_html_t *html);
#endif
