/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ATOMIC_FILE_H
#define UM_ATOMIC_FILE_H
/* Files that are there whole, down to the disk, or not at all. All are new, mode 0600. Statuses are the system's. */
#include <apr_file_io.h>
#include <apr_pools.h>

/** Makes an empty file. APR_EEXIST: a file or link is there already, and left alone. */
apr_status_t um_atomic_file_open(apr_pool_t *pool, const char *file, apr_file_t **out);

/** Writes len bytes to a file made by um_atomic_file_open, down to the disk, and closes it, whatever happens. */
apr_status_t um_atomic_file_fill(apr_file_t *out, const char *bytes, apr_size_t len);

/** Gives a file its name in the same folder, down to the disk; a file of that name is replaced. */
apr_status_t um_atomic_file_rename(apr_pool_t *pool, const char *from, const char *to);

/** Makes a file of len bytes, whose name is there before they are. APR_EEXIST as above; one that could not be written
 * whole is removed. */
apr_status_t um_atomic_file_create(apr_pool_t *pool, const char *file, const char *bytes, apr_size_t len);

/** The same for readers who may look at any time: made under the name unready, in the same folder, and renamed. A file
 * of that name is replaced. */
apr_status_t um_atomic_file_put(apr_pool_t *pool, const char *unready, const char *file, const char *bytes,
                                apr_size_t len);
#endif
