/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"
#include "newfile.h"

#include <string.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include <openssl/crypto.h>

static const char *reason(apr_pool_t *pool, const char *what, apr_status_t status)
{
    char text[128];

    return apr_pstrcat(pool, what, ": ", apr_strerror(status, text, sizeof(text)), NULL);
}

apr_status_t um_keyfile_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why)
{
    apr_file_t *in;
    apr_finfo_t info;
    char *bytes;
    apr_size_t got = 0;
    /* Looked at before it is opened: to open a named pipe would wait for somebody to write into it. */
    apr_status_t status = apr_stat(&info, file, APR_FINFO_TYPE, pool);

    if (status == APR_SUCCESS && info.filetype != APR_REG) {
        *why = "not a regular file";
        return APR_EINVAL;
    }
    if (status == APR_SUCCESS) {
        status = apr_file_open(&in, file, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool);
    }
    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be opened", status);
        return status;
    }
    bytes = apr_palloc(pool, UM_KEYFILE_MAX + 1);
    status = apr_file_read_full(in, bytes, UM_KEYFILE_MAX + 1, &got);
    apr_file_close(in);
    if (APR_STATUS_IS_EOF(status)) {
        *text = bytes;
        *len = got;
        return APR_SUCCESS;
    }
    OPENSSL_cleanse(bytes, got);
    if (status == APR_SUCCESS) {
        *why = "longer than 16 KB";
        return APR_EINVAL;
    }
    *why = reason(pool, "cannot be read", status);
    return status;
}

static apr_status_t next_text(apr_pool_t *pool, const char *file, um_keyfile_edit_fn *edit, void *baton,
                              const char **next, const char **why)
{
    apr_finfo_t info;
    char *text = NULL;
    apr_size_t len = 0;
    apr_status_t status = apr_stat(&info, file, APR_FINFO_TYPE, pool);

    status = APR_STATUS_IS_ENOENT(status) ? APR_SUCCESS : um_keyfile_read(pool, file, &text, &len, why);
    return status == APR_SUCCESS ? edit(pool, baton, text ? text : "", len, next, why) : status;
}

apr_status_t um_keyfile_edit(apr_pool_t *pool, const char *file, um_keyfile_edit_fn *edit, void *baton,
                             const char **why)
{
    const char *next = apr_pstrcat(pool, file, ".new", NULL), *text = NULL;
    apr_file_t *out;
    apr_status_t status = um_newfile_open(pool, next, &out);

    if (status != APR_SUCCESS) {
        *why = APR_STATUS_IS_EEXIST(status)
               ? apr_pstrcat(pool, "somebody else is changing it; if nobody is, remove ", next, NULL)
               : reason(pool, apr_pstrcat(pool, next, " cannot be made", NULL), status);
        return status;
    }
    status = next_text(pool, file, edit, baton, &text, why);
    if (status != APR_SUCCESS) {
        apr_file_close(out);
    }
    else if ((status = um_newfile_fill(out, text, strlen(text))) != APR_SUCCESS) {
        *why = reason(pool, "cannot be written", status);
    }
    else if ((status = um_newfile_rename(pool, next, file)) != APR_SUCCESS) {
        *why = reason(pool, "cannot be replaced", status);
    }
    if (status != APR_SUCCESS) {
        apr_file_remove(next, pool);
    }
    return status;
}

apr_status_t um_keyfile_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len, const char **why)
{
    apr_status_t status = um_newfile_create(pool, file, text, len);

    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be made", status);
    }
    return status;
}

apr_status_t um_keyfile_rename(apr_pool_t *pool, const char *file, const char *name, const char **why)
{
    apr_finfo_t info;
    apr_status_t status = APR_EEXIST;

    if (APR_STATUS_IS_ENOENT(apr_stat(&info, name, APR_FINFO_TYPE | APR_FINFO_LINK, pool))) {
        status = um_newfile_rename(pool, file, name);
    }
    if (status != APR_SUCCESS) {
        *why = reason(pool, apr_pstrcat(pool, "cannot be renamed to ", name, NULL), status);
    }
    return status;
}
