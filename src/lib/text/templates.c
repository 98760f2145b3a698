/* SPDX-License-Identifier: Apache-2.0 */
#include "langtag.h"
#include "template.h"
#include "template_pieces.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

/* The templates of one kind: tags[i] is the language of templates[i]. */
typedef struct kind_t {
    const char *name;
    apr_array_header_t *tags;        /* of const char * */
    apr_array_header_t *templates;   /* of const um_template_t * */
} kind_t;

struct um_templates_t {
    const char *fallback;
    apr_array_header_t *kinds;       /* of kind_t */
    apr_array_header_t *tags;        /* of const char *: the languages of all kinds */
};

typedef struct reader_t {
    apr_pool_t *pool;
    apr_pool_t *scratch;
    const char *folder;
    const char *const *names;
    const char **why;
} reader_t;

static apr_status_t refuse_file(reader_t *reader, apr_status_t status, const char *file, const char *what)
{
    char text[128];

    *reader->why = apr_pstrcat(reader->pool, reader->folder, file ? "/" : "", file ? file : "", ": ",
                               what ? what : apr_strerror(status, text, sizeof(text)), NULL);
    return status;
}

static apr_status_t read_bytes(reader_t *reader, const char *file, char **bytes, apr_size_t *len)
{
    const char *path = apr_pstrcat(reader->scratch, reader->folder, "/", file, NULL), *what;
    apr_status_t status = um_template_file_read(reader->scratch, path, bytes, len, &what);

    return status == APR_SUCCESS ? APR_SUCCESS : refuse_file(reader, status, file, what);
}

static apr_status_t read_template(reader_t *reader, const char *stem, int has_html, const um_template_t **t)
{
    const char *names[] = { apr_pstrcat(reader->pool, stem, ".txt", NULL),
                            apr_pstrcat(reader->pool, stem, ".html", NULL) };
    char *text = NULL, *html = NULL;
    apr_size_t text_len = 0, html_len = 0;
    int in_html, line;
    const char *what;
    um_template_t *made;
    apr_status_t status = read_bytes(reader, names[0], &text, &text_len);

    if (status == APR_SUCCESS && has_html) {
        status = read_bytes(reader, names[1], &html, &html_len);
    }
    if (status == APR_SUCCESS) {
        status = um_template_parse(reader->pool, text, text_len, html, html_len, reader->names, &made, &in_html, &line,
                                   &what);
        if (status != APR_SUCCESS) {
            return refuse_file(reader, status, apr_psprintf(reader->pool, "%s:%d", names[in_html], line), what);
        }
        *t = made;
    }
    apr_pool_clear(reader->scratch);
    return status;
}

static void add_tag(apr_array_header_t *tags, const char *tag)
{
    APR_ARRAY_PUSH(tags, const char *) = tag;
}

static int is_there(const apr_array_header_t *tags, const char *tag)
{
    int i = um_langtag_lookup(tags, tag);

    return i >= 0 && strcasecmp(APR_ARRAY_IDX(tags, i, const char *), tag) == 0;
}

/* Whether file is a template of this kind with this ending; *tag is then its language. */
static int is_template(apr_pool_t *pool, const char *file, const char *kind, const char *ending, const char **tag)
{
    apr_size_t len = strlen(file), kind_len = strlen(kind), ending_len = strlen(ending);

    if (len < kind_len + 1 + ending_len || strncmp(file, kind, kind_len) != 0 || file[kind_len] != '.'
        || strcmp(file + len - ending_len, ending) != 0) {
        return 0;
    }
    *tag = apr_pstrmemdup(pool, file + kind_len + 1, len - kind_len - 1 - ending_len);
    return 1;
}

/* Adds the languages that the directory has for a kind of mail and an ending. */
static apr_status_t list_tags(reader_t *reader, const apr_array_header_t *files, const char *kind, const char *ending,
                              apr_array_header_t *tags)
{
    const char *file, *tag;
    int i;

    for (i = 0; i < files->nelts; ++i) {
        file = APR_ARRAY_IDX(files, i, const char *);
        if (!is_template(reader->pool, file, kind, ending, &tag)) {
            continue;
        }
        if (!um_langtag_valid(tag, strlen(tag))) {
            return refuse_file(reader, APR_EINVAL, file, "names no language: it is KIND.LANGUAGE.txt or .html, with a "
                               "language such as de or de-AT");
        }
        if (is_there(tags, tag)) {
            return refuse_file(reader, APR_EINVAL, file, "there is another for this language, in other letters");
        }
        add_tag(tags, tag);
    }
    return APR_SUCCESS;
}

static apr_status_t read_kind(reader_t *reader, const apr_array_header_t *files, um_templates_t *templates,
                              kind_t *kind)
{
    apr_array_header_t *html = apr_array_make(reader->pool, 4, sizeof(const char *));
    apr_status_t status = list_tags(reader, files, kind->name, ".txt", kind->tags);
    const char *tag, *stem;
    int i;

    if (status == APR_SUCCESS) {
        status = list_tags(reader, files, kind->name, ".html", html);
    }
    for (i = 0; status == APR_SUCCESS && i < html->nelts; ++i) {
        tag = APR_ARRAY_IDX(html, i, const char *);
        if (!is_there(kind->tags, tag)) {
            stem = apr_pstrcat(reader->pool, kind->name, ".", tag, NULL);
            status = refuse_file(reader, APR_EINVAL, apr_pstrcat(reader->pool, stem, ".html", NULL),
                                 apr_pstrcat(reader->pool, "needs ", stem, ".txt beside it", NULL));
        }
    }
    if (status == APR_SUCCESS && !is_there(kind->tags, templates->fallback)) {
        stem = apr_pstrcat(reader->pool, kind->name, ".", templates->fallback, ".txt", NULL);
        status = refuse_file(reader, APR_ENOENT, stem, NULL);
    }
    for (i = 0; status == APR_SUCCESS && i < kind->tags->nelts; ++i) {
        tag = APR_ARRAY_IDX(kind->tags, i, const char *);
        status = read_template(reader, apr_pstrcat(reader->pool, kind->name, ".", tag, NULL), is_there(html, tag),
                               apr_array_push(kind->templates));
        if (!is_there(templates->tags, tag)) {
            add_tag(templates->tags, tag);
        }
    }
    return status;
}

apr_status_t um_templates_read(apr_pool_t *pool, const char *folder, const char *const *kinds,
                               const char *const *names, const char *fallback_language, um_templates_t **templates,
                               const char **why)
{
    apr_array_header_t *files = apr_array_make(pool, 32, sizeof(const char *));
    um_templates_t *made = apr_pcalloc(pool, sizeof(*made));
    reader_t reader = { pool, NULL, folder, names, why };
    apr_status_t status;
    const char *what;
    kind_t *kind;

    status = apr_pool_create(&reader.scratch, pool);
    if (status != APR_SUCCESS) {
        return refuse_file(&reader, status, NULL, NULL);
    }
    made->fallback = apr_pstrdup(pool, fallback_language);
    made->kinds = apr_array_make(pool, 8, sizeof(kind_t));
    made->tags = apr_array_make(pool, 8, sizeof(const char *));
    /* Messages and choices depend on the order of the files. */
    status = um_template_file_list(folder, files, &what);
    if (status != APR_SUCCESS) {
        refuse_file(&reader, status, NULL, what);
    }
    for (; status == APR_SUCCESS && *kinds; ++kinds) {
        kind = apr_array_push(made->kinds);
        kind->name = apr_pstrdup(pool, *kinds);
        kind->tags = apr_array_make(pool, 8, sizeof(const char *));
        kind->templates = apr_array_make(pool, 8, sizeof(const um_template_t *));
        status = read_kind(&reader, files, made, kind);
    }
    apr_pool_destroy(reader.scratch);
    if (status == APR_SUCCESS) {
        *templates = made;
    }
    return status;
}

const um_template_t *um_templates_find(const um_templates_t *templates, const char *kind, const char *language,
                                       const char **found)
{
    const kind_t *at = (const kind_t *)templates->kinds->elts, *end = at + templates->kinds->nelts;
    int i;

    while (at < end && strcmp(at->name, kind) != 0) {
        ++at;
    }
    if (at == end) {
        return NULL;
    }
    i = um_langtag_lookup(at->tags, language);
    if (i < 0) {
        i = um_langtag_lookup(at->tags, templates->fallback);
    }
    if (found) {
        *found = APR_ARRAY_IDX(at->tags, i, const char *);
    }
    return APR_ARRAY_IDX(at->templates, i, const um_template_t *);
}

const char *um_templates_language(apr_pool_t *pool, const um_templates_t *templates, const char *accept_language)
{
    int i = um_langtag_accept(templates->tags, accept_language);

    return i < 0 ? "" : apr_pstrdup(pool, APR_ARRAY_IDX(templates->tags, i, const char *));
}
