/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYFILE_H
#define UM_KEYFILE_H
/* Small files that hold a secret: read whole, or made new and never over another. */
#include <apr_pools.h>

#define UM_KEYFILE_MAX 16384   /**< bytes of the longest file */

/** *text is the *len bytes of a regular file, in pool; the caller wipes them. APR_EINVAL or the system's error: *why
 *  says what is wrong and does not name the file. */
apr_status_t um_keyfile_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why);

/** Makes a file's next text, in pool, of the one it has: len bytes, none when it is not there yet. Another status than
 *  APR_SUCCESS, with *why: the file stays as it is. */
typedef apr_status_t um_keyfile_edit_fn(apr_pool_t *pool, void *baton, const char *text, apr_size_t len,
                                        const char **next, const char **why);

/** Changes a file, or makes it, mode 0600, down to the disk: there is the old one or the new one and never a part. The
 *  new one is made under the name with ".new", which must not be there (APR_EEXIST): so of two who do this at once
 *  neither undoes the other's change. */
apr_status_t um_keyfile_edit(apr_pool_t *pool, const char *file, um_keyfile_edit_fn *edit, void *baton,
                             const char **why);

/** Writes len bytes to a new file, mode 0600, down to the disk. A file or link that is there already is left alone
 *  (APR_EEXIST); one that could not be written whole is removed. */
apr_status_t um_keyfile_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len, const char **why);

/** Gives a file another name in its folder, down to the disk, and never that of a file or link that is there
 *  (APR_EEXIST). For one process at a time: nobody may make the new name meanwhile. */
apr_status_t um_keyfile_rename(apr_pool_t *pool, const char *file, const char *name, const char **why);
#endif
