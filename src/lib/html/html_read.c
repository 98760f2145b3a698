/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a site's pages. */
#include "html.h"
#include "html_private.h"
#include "langtag.h"
#include "template_pieces.h"

#include <string.h>

#include <apr_strings.h>

apr_status_t um_html_refuse(um_html_maker_t *maker, apr_status_t status, const char *path, int line, const char *what)
{
    char text[128];

    maker->why = apr_pstrcat(maker->pool, path, line ? apr_psprintf(maker->pool, ":%d", line) : "", ": ",
                             what ? what : apr_strerror(status, text, sizeof(text)), NULL);
    return status;
}

/* The part of a file's name between what it must begin and end with; NULL: it does neither. */
static const char *name_between(apr_pool_t *pool, const char *file, const char *begin, const char *end)
{
    apr_size_t len = strlen(file), begin_len = strlen(begin), end_len = strlen(end);

    return len > begin_len + end_len && strncmp(file, begin, begin_len) == 0 && strcmp(file + len - end_len, end) == 0
           ? apr_pstrmemdup(pool, file + begin_len, len - begin_len - end_len) : NULL;
}

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Whether a file belongs to the pages. */
static int is_wanted(apr_pool_t *pool, const char *file)
{
    return name_between(pool, file, "", ".html") || name_between(pool, file, "messages.", ".txt")
           || strcmp(file, "style.css") == 0 || strcmp(file, "site.css") == 0;
}

void um_html_begin(um_html_maker_t *maker, apr_pool_t *pool, apr_pool_t *scratch, const char *const *names)
{
    um_html_t *html = apr_pcalloc(pool, sizeof(*html));

    html->tags = apr_array_make(pool, 8, sizeof(const char *));
    html->catalogs = apr_array_make(pool, 8, sizeof(um_html_catalog_t));
    html->keys = apr_hash_make(pool);
    html->english = -1;
    html->templates = apr_array_make(pool, 32, sizeof(um_html_template_t *));
    html->by_name = apr_hash_make(pool);
    *maker = (um_html_maker_t){ pool, scratch, names, html, NULL };
}

static apr_status_t add_template(um_html_maker_t *maker, const char *path, const char *name, const char *text)
{
    um_template_reader_t reader = { maker->pool, maker->names, "#^/>@", 1, NULL };
    um_html_template_t *t = apr_hash_get(maker->html->by_name, name, APR_HASH_KEY_STRING);

    if (!t) {
        t = apr_pcalloc(maker->pool, sizeof(*t));
        APR_ARRAY_PUSH(maker->html->templates, um_html_template_t *) = t;
        apr_hash_set(maker->html->by_name, name, APR_HASH_KEY_STRING, t);
    }
    t->path = path;
    t->ops = um_html_compile(&reader, text, &t->count);
    return t->ops ? APR_SUCCESS : um_html_refuse(maker, APR_EINVAL, path, reader.line, reader.why);
}

apr_status_t um_html_add(um_html_maker_t *maker, const char *path, const char *bytes, apr_size_t len)
{
    um_template_reader_t reader = { maker->scratch, maker->names, "", 1, NULL };
    const char *file = file_of(path), *name;
    char *text = um_template_clean(&reader, bytes, len);

    if (!text) {
        return um_html_refuse(maker, APR_EINVAL, path, reader.line, reader.why);
    }
    path = apr_pstrdup(maker->pool, path);
    if ((name = name_between(maker->pool, file, "", ".html")) != NULL) {
        return add_template(maker, path, name, text);
    }
    if ((name = name_between(maker->pool, file, "messages.", ".txt")) != NULL) {
        return um_langtag_valid(name, strlen(name)) ? um_html_catalog(maker, path, name, text)
               : um_html_refuse(maker, APR_EINVAL, path, 0, "names no language: it is messages.LANGUAGE.txt, with a "
                                "language such as de or de-AT");
    }
    *(strcmp(file, "style.css") == 0 ? &maker->html->style : &maker->html->site_style) = apr_pstrdup(maker->pool, text);
    return APR_SUCCESS;
}

apr_status_t um_html_finish(um_html_maker_t *maker, const char *folder, const char *const *pages, const char **why)
{
    um_html_t *html = maker->html;
    apr_status_t status = um_html_complete(maker, folder);
    const char *missing = NULL;

    for (; status == APR_SUCCESS && *pages && !missing; ++pages) {
        missing = apr_hash_get(html->by_name, *pages, APR_HASH_KEY_STRING) ? NULL
                  : apr_pstrcat(maker->pool, *pages, ".html", NULL);
    }
    missing = missing || html->style ? missing : "style.css";
    if (status == APR_SUCCESS && missing) {
        status = um_html_refuse(maker, APR_ENOENT, apr_pstrcat(maker->pool, folder, "/", missing, NULL), 0, NULL);
    }
    if (status == APR_SUCCESS) {
        status = um_html_link(maker);
    }
    if (status == APR_SUCCESS) {
        html->style = apr_pstrcat(maker->pool, html->style, html->site_style, NULL);
    }
    *why = maker->why;
    return status;
}

static int is_listed(const apr_array_header_t *names, const char *name)
{
    int i = 0;

    while (i < names->nelts && strcmp(APR_ARRAY_IDX(names, i, const char *), name) != 0) {
        ++i;
    }
    return i < names->nelts;
}

/* Two files for one language: which of them counts would depend on the order of their names. */
static apr_status_t check_languages(um_html_maker_t *maker, const char *folder, const apr_array_header_t *files)
{
    const char *file;
    int i, k;

    for (i = 0; i < files->nelts; ++i) {
        file = APR_ARRAY_IDX(files, i, const char *);
        for (k = 0; k < i; ++k) {
            if (strcasecmp(APR_ARRAY_IDX(files, k, const char *), file) == 0
                && name_between(maker->scratch, file, "messages.", ".txt")) {
                return um_html_refuse(maker, APR_EINVAL, apr_pstrcat(maker->pool, folder, "/", file, NULL), 0,
                                      "there is another for this language, in other letters");
            }
        }
    }
    return APR_SUCCESS;
}

/* Reads the files of a folder, without those that the other one replaces. */
static apr_status_t read_folder(um_html_maker_t *maker, const char *folder, const apr_array_header_t *files,
                                const apr_array_header_t *custom)
{
    apr_status_t status = check_languages(maker, folder, files);
    const char *file, *path, *what;
    apr_pool_t *pool;
    apr_size_t len;
    char *bytes;
    int i;

    if (status == APR_SUCCESS && apr_pool_create(&pool, maker->scratch) != APR_SUCCESS) {
        status = um_html_refuse(maker, APR_ENOMEM, folder, 0, NULL);
    }
    for (i = 0; status == APR_SUCCESS && i < files->nelts; ++i) {
        file = APR_ARRAY_IDX(files, i, const char *);
        if (!is_wanted(pool, file) || (is_listed(custom, file) && !name_between(pool, file, "messages.", ".txt"))) {
            continue;
        }
        path = apr_pstrcat(pool, folder, "/", file, NULL);
        status = um_template_file_read(pool, path, &bytes, &len, &what);
        status = status == APR_SUCCESS ? um_html_add(maker, path, bytes, len)
                 : um_html_refuse(maker, status, path, 0, what);
        apr_pool_clear(pool);
    }
    return status;
}

static apr_status_t list_folder(um_html_maker_t *maker, const char *folder, apr_array_header_t *files)
{
    const char *what;
    apr_status_t status = folder ? um_template_file_list(folder, files, &what) : APR_SUCCESS;

    return status == APR_SUCCESS ? APR_SUCCESS : um_html_refuse(maker, status, folder, 0, what);
}

apr_status_t um_html_read(apr_pool_t *pool, const char *folder, const char *custom, const char *const *pages,
                          const char *const *names, um_html_t **html, const char **why)
{
    um_html_maker_t maker = { .pool = pool };
    apr_array_header_t *files, *own;
    apr_pool_t *scratch;
    apr_status_t status = apr_pool_create(&scratch, pool);

    if (status != APR_SUCCESS) {
        um_html_refuse(&maker, status, folder, 0, NULL);
        *why = maker.why;
        return status;
    }
    files = apr_array_make(scratch, 64, sizeof(const char *));
    own = apr_array_make(scratch, 16, sizeof(const char *));
    um_html_begin(&maker, pool, scratch, names);
    status = list_folder(&maker, folder, files);
    if (status == APR_SUCCESS) {
        status = list_folder(&maker, custom, own);
    }
    if (status == APR_SUCCESS) {
        status = read_folder(&maker, folder, files, own);
    }
    if (status == APR_SUCCESS && custom) {
        status = read_folder(&maker, custom, own, apr_array_make(scratch, 1, sizeof(const char *)));
    }
    *why = maker.why;
    if (status == APR_SUCCESS) {
        status = um_html_finish(&maker, folder, pages, why);
    }
    apr_pool_destroy(scratch);
    if (status == APR_SUCCESS) {
        *html = maker.html;
    }
    return status;
}

const char *um_html_style(const um_html_t *html)
{
    return html->style;
}
