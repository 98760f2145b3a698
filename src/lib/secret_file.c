/* SPDX-License-Identifier: Apache-2.0 */
#include "secret_file.h"

#include "atomic_file.h"
#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>

static const char *why_not(apr_pool_t *pool, const char *what, apr_status_t status)
{
    char text[128];

    return apr_pstrcat(pool, what, ": ", apr_strerror(status, text, sizeof(text)), NULL);
}

/* Opens a regular file without waiting. Opening a named pipe would wait for its writer, and the owner of the directory
 * may put one there at any time, so the type is checked after opening, on the descriptor. */
static apr_status_t open_file(const char *file, int *in, const char **why)
{
    struct stat info;

    *in = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*in < 0) {
        return errno;
    }
    if (fstat(*in, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(*in);
        *why = "not a regular file";
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}

/* Reads all bytes, up to size, and returns their number; -1: see errno. */
static apr_ssize_t read_bytes(int in, char *bytes, apr_size_t size)
{
    apr_size_t got = 0;
    ssize_t part;

    while ((part = read(in, bytes + got, size - got)) > 0 || (part < 0 && errno == EINTR)) {
        got += part > 0 ? (apr_size_t)part : 0;
    }
    return part < 0 ? -1 : (apr_ssize_t)got;
}

apr_status_t um_secret_file_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why)
{
    int in;
    char *bytes;
    apr_ssize_t got;
    apr_status_t status;

    *why = NULL;
    status = open_file(file, &in, why);
    if (status != APR_SUCCESS) {
        *why = *why ? *why : why_not(pool, "cannot be opened", status);
        return status;
    }
    bytes = apr_palloc(pool, UM_SECRET_FILE_MAX + 1);
    got = read_bytes(in, bytes, UM_SECRET_FILE_MAX + 1);
    status = got < 0 ? errno : APR_SUCCESS;
    close(in);
    if (got >= 0 && got <= UM_SECRET_FILE_MAX) {
        *text = bytes;
        *len = (apr_size_t)got;
        return APR_SUCCESS;
    }
    um_wipe(bytes, UM_SECRET_FILE_MAX + 1);
    if (status == APR_SUCCESS) {
        *why = "longer than 16 KB";
        return APR_EINVAL;
    }
    *why = why_not(pool, "cannot be read", status);
    return status;
}

/* --- changing a file --- */

/* *name is the file that a link leads to, which must exist; or file itself if it is not a link. */
static apr_status_t real_name(apr_pool_t *pool, const char *file, const char **name, const char **why)
{
    apr_finfo_t info;
    char *path;

    *name = file;
    if (apr_stat(&info, file, APR_FINFO_TYPE | APR_FINFO_LINK, pool) != APR_SUCCESS || info.filetype != APR_LNK) {
        return APR_SUCCESS;
    }
    path = realpath(file, NULL);
    if (!path) {
        apr_status_t status = errno;

        *why = why_not(pool, "is a link that cannot be followed", status);
        return status;
    }
    *name = apr_pstrdup(pool, path);
    free(path);
    return APR_SUCCESS;
}

/* Gives the new file the owner, group and mode of the old one. The owner comes first, because changing it may clear
 * bits of the mode. */
static apr_status_t keep_owner(apr_pool_t *pool, const char *file, apr_file_t *next, const char **why)
{
    struct stat old, new;
    apr_os_file_t fd;
    apr_status_t status = stat(file, &old) == 0 ? APR_SUCCESS : errno;

    if (status != APR_SUCCESS) {
        if (status == ENOENT) {
            return APR_SUCCESS;
        }
        *why = why_not(pool, "its owner, group and mode cannot be read", status);
        return status;
    }
    apr_os_file_get(&fd, next);
    if (fstat(fd, &new) != 0 || ((old.st_uid != new.st_uid || old.st_gid != new.st_gid)
                                 && fchown(fd, old.st_uid, old.st_gid) != 0)
        || fchmod(fd, old.st_mode & 07777) != 0) {
        status = errno;
        *why = why_not(pool, "its owner, group and mode cannot be kept", status);
        return status;
    }
    return APR_SUCCESS;
}

static apr_status_t next_text(apr_pool_t *pool, const char *file, const um_secret_file_edit_t *edit, const char **next,
                              const char **why)
{
    apr_finfo_t info;
    char *text = NULL;
    apr_size_t len = 0;
    apr_status_t status = apr_stat(&info, file, APR_FINFO_TYPE, pool);

    status = APR_STATUS_IS_ENOENT(status) ? APR_SUCCESS : um_secret_file_read(pool, file, &text, &len, why);
    return status == APR_SUCCESS ? edit->next(pool, edit->baton, text ? text : "", len, next, why) : status;
}

/* Writes the new text to the open file out, named next, and lets it replace the old file. */
static apr_status_t replace_file(apr_pool_t *pool, const char *file, const char *next, apr_file_t *out,
                                 const um_secret_file_edit_t *edit, const char **why)
{
    const char *text = NULL;
    apr_status_t status = next_text(pool, file, edit, &text, why);

    if (status == APR_SUCCESS) {
        status = keep_owner(pool, file, out, why);
    }
    if (status != APR_SUCCESS) {
        apr_file_close(out);
        return status;
    }
    status = um_atomic_file_fill(out, text, strlen(text));
    if (status != APR_SUCCESS) {
        *why = why_not(pool, "cannot be written", status);
        return status;
    }
    if (edit->commit && (status = edit->commit(edit->baton, why)) != APR_SUCCESS) {
        return status;
    }
    status = um_atomic_file_rename(pool, next, file);
    if (status != APR_SUCCESS) {
        *why = why_not(pool, "cannot be replaced", status);
    }
    return status;
}

apr_status_t um_secret_file_edit(apr_pool_t *pool, const char *name, const um_secret_file_edit_t *edit,
                                 const char **why)
{
    const char *file, *next;
    apr_file_t *out;
    apr_status_t status = real_name(pool, name, &file, why);

    if (status != APR_SUCCESS) {
        return status;
    }
    next = apr_pstrcat(pool, file, ".new", NULL);
    status = um_atomic_file_open(pool, next, &out);
    if (status != APR_SUCCESS) {
        *why = APR_STATUS_IS_EEXIST(status)
               ? apr_pstrcat(pool, "another process is changing it; if none is, remove ", next, NULL)
               : why_not(pool, apr_pstrcat(pool, next, " cannot be made", NULL), status);
        return status;
    }
    status = replace_file(pool, file, next, out, edit, why);
    if (status != APR_SUCCESS) {
        apr_file_remove(next, pool);
    }
    return status;
}

apr_status_t um_secret_file_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len,
                                   const char **why)
{
    apr_status_t status = um_atomic_file_create(pool, file, text, len);

    if (status != APR_SUCCESS) {
        *why = why_not(pool, "cannot be made", status);
    }
    return status;
}

apr_status_t um_secret_file_rename(apr_pool_t *pool, const char *file, const char *name, const char **why)
{
    apr_finfo_t info;
    apr_status_t status = APR_EEXIST;

    if (APR_STATUS_IS_ENOENT(apr_stat(&info, name, APR_FINFO_TYPE | APR_FINFO_LINK, pool))) {
        status = um_atomic_file_rename(pool, file, name);
    }
    if (status != APR_SUCCESS) {
        *why = why_not(pool, apr_pstrcat(pool, "cannot be renamed to ", name, NULL), status);
    }
    return status;
}
