/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_HTML_PRIVATE_H
#define UM_HTML_PRIVATE_H
/* What the files of this wing share; everybody else includes html.h. A file becomes a list of operations. Reading
 * resolves what they name, so that making a page looks up values only. */
#include <apr_hash.h>
#include <apr_tables.h>

typedef struct um_html_t um_html_t;
typedef struct um_html_op_t um_html_op_t;
typedef struct um_template_reader_t um_template_reader_t;

typedef enum um_html_tag_e {
    UM_HTML_END,               /* of a template or of a section */
    UM_HTML_VALUE, UM_HTML_ELEMENT, UM_HTML_SECTION, UM_HTML_INVERTED, UM_HTML_PART, UM_HTML_MESSAGE
} um_html_tag_e;

/** Writes literal text and does what the tag behind it says. */
struct um_html_op_t {
    const char *text;
    apr_size_t len;
    um_html_tag_e tag;
    int line;                             /**< of the tag */
    int skip;                             /**< of a section: how many operations further its end is */
    const char *name;                     /**< of a value, section, part or message */
    const um_html_op_t *part;
    const um_html_op_t *const *messages;  /**< for each language */
};

typedef struct um_html_template_t {
    const char *path;
    um_html_op_t *ops;
    int count;                 /**< of ops */
    int height;                /**< how deep parts are nested in it, itself included; 0: not known yet */
    int is_open;               /**< its parts are being resolved */
} um_html_template_t;

/** A message in one language. */
typedef struct um_html_message_t {
    const um_html_op_t *html;  /**< its text is escaped */
    const um_html_op_t *plain;
    const char *path;          /**< of the file that has it */
} um_html_message_t;

/** The messages of a language. */
typedef struct um_html_catalog_t {
    apr_hash_t *messages;      /**< key to um_html_message_t */
    const char *path;          /**< of the file that was read last */
} um_html_catalog_t;

/** A message in all languages, in the order of tags. */
typedef struct um_html_key_t {
    const um_html_op_t *const *html;
    const um_html_op_t *const *plain;
} um_html_key_t;

struct um_html_t {
    apr_array_header_t *tags;        /**< const char *: the languages */
    apr_array_header_t *catalogs;    /**< um_html_catalog_t of each of tags; for reading only */
    apr_hash_t *keys;                /**< key to um_html_key_t: the messages that English has */
    int english;                     /**< its place in tags */
    apr_array_header_t *templates;   /**< um_html_template_t * */
    apr_hash_t *by_name;             /**< the same by their names, which are without .html */
    const char *style, *site_style;  /**< NULL: not read yet */
};

/** The pages that are being read. */
typedef struct um_html_maker_t {
    apr_pool_t *pool;
    apr_pool_t *scratch;       /**< for the contents of files */
    const char *const *names;
    um_html_t *html;
    const char *why;           /**< set on error */
} um_html_maker_t;

/* --- html_read.c --- */

/** Notes what is wrong with a file, in a line unless it is 0, and returns status. */
apr_status_t um_html_refuse(um_html_maker_t *maker, apr_status_t status, const char *path, int line, const char *what);

/** A maker without any file. */
void um_html_begin(um_html_maker_t *maker, apr_pool_t *pool, apr_pool_t *scratch, const char *const *names);

/** Reads the contents of a file; the end of its path says what it is. A later file replaces an earlier one of the same
 *  name, but of messages only those with the same key. */
apr_status_t um_html_add(um_html_maker_t *maker, const char *path, const char *bytes, apr_size_t len);

/** Checks that all is there, and resolves parts and messages; see um_html_read. folder is where a missing file
 *  should be. */
apr_status_t um_html_finish(um_html_maker_t *maker, const char *folder, const char *const *pages, const char **why);

/* --- html_compile.c --- */

/** The operations of a text, *count of them; NULL: see why and line of the reader. */
um_html_op_t *um_html_compile(um_template_reader_t *reader, const char *text, int *count);

/** Resolves the parts and messages of all templates. */
apr_status_t um_html_link(um_html_maker_t *maker);

/* --- html_message.c --- */

/** Reads the messages of a language. text is changed. */
apr_status_t um_html_catalog(um_html_maker_t *maker, const char *path, const char *language, char *text);

/** Checks what every language must have, and gives each the messages of English that it lacks. */
apr_status_t um_html_complete(um_html_maker_t *maker, const char *folder);

/** The place of a language in tags: its own, that of a shorter form, or English. */
int um_html_place(const um_html_t *html, const char *language);

/* --- html_render.c --- */

/** What operations make of a view (NULL: no values): in pool, with a NUL behind it. is_html: values are escaped.
 *  APR_ENOSPC: see um_html_render. */
apr_status_t um_html_run(apr_pool_t *pool, const um_html_op_t *ops, int language, const struct json_object *view,
                         int is_html, const char **text, apr_size_t *len);
#endif
