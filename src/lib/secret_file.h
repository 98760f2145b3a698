/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SECRET_FILE_H
#define UM_SECRET_FILE_H
/* Small files that contain a secret. They are read completely, changed atomically, and never overwritten by a new one.
 * Errors are APR_EINVAL or the system's; *why says what is wrong, without the name of the file. */
#include <apr_pools.h>

#define UM_SECRET_FILE_MAX 16384   /**< bytes of the longest file */

/** *text is the *len bytes of a regular file, in pool; the caller wipes them. */
apr_status_t um_secret_file_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why);

/** A change of a file. If one of the functions fails, it sets *why, and the file is not changed. */
typedef struct um_secret_file_edit_t {
    /** Makes the new text, in pool, from the len bytes of the present one; len is 0 when the file does not exist. */
    apr_status_t (*next)(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                         const char **why);
    /** Called when the new text is on the disk, before it replaces the file. NULL: there is nothing to do. */
    apr_status_t (*commit)(void *baton, const char **why);
    void *baton;
} um_secret_file_edit_t;

/** Changes a file. After a crash there is the old text or the new one, never a part. The file keeps its owner, group
 * and
 *  mode; a link stays a link; a new file has mode 0600. The new text is written to a file of the same name with ".new"
 *  added, which must not exist (APR_EEXIST): so two processes never undo each other's change. */
apr_status_t um_secret_file_edit(apr_pool_t *pool, const char *file, const um_secret_file_edit_t *edit,
                                 const char **why);

/** Writes len bytes to a new file of mode 0600 and syncs it to the disk. APR_EEXIST: a file or link of that name
 * exists;
 *  it is kept. If the file cannot be written completely, it is removed. */
apr_status_t um_secret_file_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len,
                                   const char **why);

/** Renames a file within its directory and syncs that to the disk. APR_EEXIST: a file or link of the new name exists.
 *  Only one process may work in the directory: the new name must not appear meanwhile. */
apr_status_t um_secret_file_rename(apr_pool_t *pool, const char *file, const char *name, const char **why);
#endif
