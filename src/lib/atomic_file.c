/* SPDX-License-Identifier: Apache-2.0 */
#include "atomic_file.h"

#include <string.h>

#include <apr_strings.h>

apr_status_t um_atomic_file_open(apr_pool_t *pool, const char *file, apr_file_t **out)
{
    const apr_int32_t how = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY;

    return apr_file_open(out, file, how, APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
}

apr_status_t um_atomic_file_fill(apr_file_t *out, const char *bytes, apr_size_t len)
{
    apr_status_t closed, status = apr_file_write_full(out, bytes, len, NULL);

    if (status == APR_SUCCESS) {
        status = apr_file_sync(out);
    }
    closed = apr_file_close(out);
    return status == APR_SUCCESS ? closed : status;
}

/* A file system that cannot sync a directory offers nothing better, so a failure is not reported. */
void um_atomic_file_sync_name(apr_pool_t *pool, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *directory = slash ? apr_pstrmemdup(pool, file, (apr_size_t)(slash - file) + 1) : ".";
    apr_file_t *dir;

    if (apr_file_open(&dir, directory, APR_FOPEN_READ, 0, pool) == APR_SUCCESS) {
        apr_file_sync(dir);
        apr_file_close(dir);
    }
}

apr_status_t um_atomic_file_rename(apr_pool_t *pool, const char *from, const char *to)
{
    apr_status_t status = apr_file_rename(from, to, pool);

    if (status == APR_SUCCESS) {
        um_atomic_file_sync_name(pool, to);
    }
    return status;
}

static apr_status_t write_file(apr_pool_t *pool, const char *file, const char *bytes, apr_size_t len)
{
    apr_file_t *out;
    apr_status_t status = um_atomic_file_open(pool, file, &out);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = um_atomic_file_fill(out, bytes, len);
    if (status != APR_SUCCESS) {
        apr_file_remove(file, pool);
    }
    return status;
}

apr_status_t um_atomic_file_create(apr_pool_t *pool, const char *file, const char *bytes, apr_size_t len)
{
    apr_status_t status = write_file(pool, file, bytes, len);

    if (status == APR_SUCCESS) {
        um_atomic_file_sync_name(pool, file);
    }
    return status;
}

apr_status_t um_atomic_file_put(apr_pool_t *pool, const char *temporary, const char *file, const char *bytes,
                                apr_size_t len)
{
    apr_status_t status = write_file(pool, temporary, bytes, len);

    if (status == APR_SUCCESS && (status = um_atomic_file_rename(pool, temporary, file)) != APR_SUCCESS) {
        apr_file_remove(temporary, pool);
    }
    return status;
}
