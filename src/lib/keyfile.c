/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

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

/* The name of a new file is safe on the disk only when its folder is. Where a file system cannot do that there is
 * nothing better to be done, so nobody is told. */
static void sync_folder(apr_pool_t *pool, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *folder = slash == NULL ? "." : apr_pstrmemdup(pool, file, (apr_size_t)(slash - file) + 1);
    apr_file_t *dir;

    if (apr_file_open(&dir, folder, APR_FOPEN_READ, 0, pool) == APR_SUCCESS) {
        apr_file_sync(dir);
        apr_file_close(dir);
    }
}

static apr_status_t write_next(apr_pool_t *pool, const char *file, apr_file_t *out, um_keyfile_edit_fn *edit,
                               void *baton, const char **why)
{
    apr_finfo_t info;
    char *text = NULL;
    apr_size_t len = 0;
    const char *next = NULL;
    apr_status_t status = apr_stat(&info, file, APR_FINFO_TYPE, pool);

    status = APR_STATUS_IS_ENOENT(status) ? APR_SUCCESS : um_keyfile_read(pool, file, &text, &len, why);
    if (status == APR_SUCCESS) {
        status = edit(pool, baton, text ? text : "", len, &next, why);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_file_write_full(out, next, strlen(next), NULL);
    if (status == APR_SUCCESS) {
        status = apr_file_sync(out);
    }
    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be written", status);
    }
    return status;
}

apr_status_t um_keyfile_edit(apr_pool_t *pool, const char *file, um_keyfile_edit_fn *edit, void *baton,
                             const char **why)
{
    const apr_int32_t how = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY;
    const char *next = apr_pstrcat(pool, file, ".new", NULL);
    apr_file_t *out;
    apr_status_t status = apr_file_open(&out, next, how, APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);

    if (status != APR_SUCCESS) {
        *why = APR_STATUS_IS_EEXIST(status)
               ? apr_pstrcat(pool, "somebody else is changing it; if nobody is, remove ", next, NULL)
               : reason(pool, apr_pstrcat(pool, next, " cannot be made", NULL), status);
        return status;
    }
    status = write_next(pool, file, out, edit, baton, why);
    apr_file_close(out);
    if (status == APR_SUCCESS) {
        status = apr_file_rename(next, file, pool);
        if (status != APR_SUCCESS) {
            *why = reason(pool, "cannot be replaced", status);
        }
    }
    if (status != APR_SUCCESS) {
        apr_file_remove(next, pool);
        return status;
    }
    sync_folder(pool, file);
    return APR_SUCCESS;
}

apr_status_t um_keyfile_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len, const char **why)
{
    const apr_int32_t how = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY;
    apr_status_t status, closed;
    apr_file_t *out;

    status = apr_file_open(&out, file, how, APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be made", status);
        return status;
    }
    status = apr_file_write_full(out, text, len, NULL);
    if (status == APR_SUCCESS) {
        status = apr_file_sync(out);
    }
    closed = apr_file_close(out);
    if (status == APR_SUCCESS) {
        status = closed;
    }
    if (status != APR_SUCCESS) {
        *why = reason(pool, "cannot be written", status);
        apr_file_remove(file, pool);
        return status;
    }
    sync_folder(pool, file);
    return APR_SUCCESS;
}

apr_status_t um_keyfile_rename(apr_pool_t *pool, const char *file, const char *name, const char **why)
{
    apr_finfo_t info;
    apr_status_t status = APR_EEXIST;

    if (APR_STATUS_IS_ENOENT(apr_stat(&info, name, APR_FINFO_TYPE | APR_FINFO_LINK, pool))) {
        status = apr_file_rename(file, name, pool);
    }
    if (status != APR_SUCCESS) {
        *why = reason(pool, apr_pstrcat(pool, "cannot be renamed to ", name, NULL), status);
        return status;
    }
    sync_folder(pool, name);
    return APR_SUCCESS;
}
