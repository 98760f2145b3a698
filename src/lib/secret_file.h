/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SECRET_FILE_H
#define UM_SECRET_FILE_H
/* Small files that hold a secret: read whole, or made new and never over another. */
#include <apr_pools.h>

#define UM_SECRET_FILE_MAX 16384   /**< bytes of the longest file */

/** *text is the *len bytes of a regular file, in pool; the caller wipes them. APR_EINVAL or the system's error: *why
 *  says what is wrong and does not name the file. */
apr_status_t um_secret_file_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why);

/** A change of a file. Both return another status than APR_SUCCESS, with *why, to leave the file as it is. */
typedef struct um_secret_file_edit_t {
    /** Makes the next text, in pool, of the one there is: len bytes, none when the file does not exist. */
    apr_status_t (*next)(apr_pool_t *pool, void *baton, const char *text, apr_size_t len, const char **next,
                         const char **why);
    /** The next text is on the disk and takes the file's place when this succeeds. NULL: nothing is to be done. */
    apr_status_t (*commit)(void *baton, const char **why);
    void *baton;
} um_secret_file_edit_t;

/** Changes a file, down to the disk: there is the old one or the new one and never a part. It keeps its owner, group
 *  and mode, and a link to it stays one; a new one is of mode 0600. The next text is made beside it, under the name
 *  with ".new", which must not exist (APR_EEXIST): so two changes at once never undo each other. */
apr_status_t um_secret_file_edit(apr_pool_t *pool, const char *file, const um_secret_file_edit_t *edit,
                                 const char **why);

/** Writes len bytes to a new file, mode 0600, down to the disk. A file or link that is there already is left alone
 *  (APR_EEXIST); one that could not be written whole is removed. */
apr_status_t um_secret_file_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len,
                                   const char **why);

/** Gives a file another name in its folder, down to the disk, and never that of a file or link that is there
 *  (APR_EEXIST). For one process at a time: nobody may make the new name meanwhile. */
apr_status_t um_secret_file_rename(apr_pool_t *pool, const char *file, const char *name, const char **why);
#endif
