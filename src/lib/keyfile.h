/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYFILE_H
#define UM_KEYFILE_H
/* Small files that hold a secret: read whole, or made new and never over another. */
#include <apr_pools.h>

#define UM_KEYFILE_MAX 16384   /**< bytes of the longest file */

/** *text is the *len bytes of a regular file, in pool; the caller wipes them. APR_EINVAL or the system's error: *why
 *  says what is wrong and does not name the file. */
apr_status_t um_keyfile_read(apr_pool_t *pool, const char *file, char **text, apr_size_t *len, const char **why);

/** Writes len bytes to a new file, mode 0600, down to the disk. A file or link that is there already is left alone
 *  (APR_EEXIST); one that could not be written whole is removed. */
apr_status_t um_keyfile_create(apr_pool_t *pool, const char *file, const char *text, apr_size_t len, const char **why);
#endif
