/* SPDX-License-Identifier: Apache-2.0 */
#include "template_pieces.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_info.h>
#include <apr_strings.h>

static apr_status_t fail_file(apr_pool_t *pool, apr_status_t status, const char **why)
{
    char text[128];

    *why = apr_pstrdup(pool, apr_strerror(status, text, sizeof(text)));
    return status;
}

apr_status_t um_template_file_read(apr_pool_t *pool, const char *path, char **bytes, apr_size_t *len,
                                   const char **why)
{
    apr_finfo_t info;
    apr_file_t *in;
    apr_status_t status;

    /* The type is checked before opening, because opening a named pipe would wait for a writer. */
    status = apr_stat(&info, path, APR_FINFO_TYPE, pool);
    if (status == APR_SUCCESS && info.filetype != APR_REG) {
        *why = "not a regular file";
        return APR_EINVAL;
    }
    if (status == APR_SUCCESS) {
        status = apr_file_open(&in, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool);
    }
    if (status == APR_SUCCESS) {
        *bytes = apr_palloc(pool, UM_TEMPLATE_MAX + 1);
        status = apr_file_read_full(in, *bytes, UM_TEMPLATE_MAX + 1, len);
        apr_file_close(in);
    }
    return status == APR_SUCCESS || APR_STATUS_IS_EOF(status) ? APR_SUCCESS : fail_file(pool, status, why);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

apr_status_t um_template_file_list(const char *folder, apr_array_header_t *names, const char **why)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    apr_status_t status = apr_dir_open(&dir, folder, names->pool);

    if (status != APR_SUCCESS) {
        return fail_file(names->pool, status, why);
    }
    while ((status = apr_dir_read(&info, APR_FINFO_NAME, dir)) == APR_SUCCESS || status == APR_INCOMPLETE) {
        if (info.name[0] != '.') {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(names->pool, info.name);
        }
    }
    apr_dir_close(dir);
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), compare_names);
    return APR_STATUS_IS_ENOENT(status) ? APR_SUCCESS : fail_file(names->pool, status, why);
}
