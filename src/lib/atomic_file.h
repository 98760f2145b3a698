/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ATOMIC_FILE_H
#define UM_ATOMIC_FILE_H
/* New files, of mode 0600, that are written completely and synced to the disk, or not at all. All functions return the
 * status of the system. */
#include <apr_file_io.h>
#include <apr_pools.h>

/** Makes an empty file and opens it for writing. APR_EEXIST: a file or link of that name exists; it is kept. */
apr_status_t um_atomic_file_open(apr_pool_t *pool, const char *file, apr_file_t **out);

/** Writes len bytes to a file from um_atomic_file_open and syncs it to the disk. Closes it also on failure. */
apr_status_t um_atomic_file_fill(apr_file_t *out, const char *bytes, apr_size_t len);

/** Renames a file within its directory and syncs the directory to the disk. A file with the new name is replaced. */
apr_status_t um_atomic_file_rename(apr_pool_t *pool, const char *from, const char *to);

/** Syncs the directory of a new file to the disk, if the file system can. Only then its name survives a power cut. */
void um_atomic_file_sync_name(apr_pool_t *pool, const char *file);

/** Makes a file of len bytes. Its name exists before its content does. APR_EEXIST as above. If it cannot be written
 * completely, it is removed. */
apr_status_t um_atomic_file_create(apr_pool_t *pool, const char *file, const char *bytes, apr_size_t len);

/** The same for files that others may read at any time: it is written under the name temporary, in the same directory,
 * and then renamed. A file with the final name is replaced. */
apr_status_t um_atomic_file_put(apr_pool_t *pool, const char *temporary, const char *file, const char *bytes,
                                apr_size_t len);
#endif
