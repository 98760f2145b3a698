/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEY_DIRECTORY_H
#define UM_KEY_DIRECTORY_H
/* A folder of key files. What a key may do is in its file's name, so that ls shows it and a rename, which either
 * happens or does not, is all it takes to change it:
 *
 *     NAME.next.pem       published and verifies, does not sign yet
 *     NAME.pem            in use: verifies; the last by name that can sign signs
 *     NAME.retired.pem    nothing: a token signed by it is refused
 *
 * .jwk in place of .pem likewise. Other files, and those whose names begin with a dot, are none of it. The names that
 * this program gives begin with a time in UTC, 20260131T235959Z: when a next key was made, or when one in use began to
 * sign. So the last by name is the newest, and its name says since when the one before it does not sign any more. */
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef enum { UM_KEY_NEXT, UM_KEY_IN_USE, UM_KEY_RETIRED } um_key_state_e;

typedef struct um_key_directory_file_t {
    const char *path;
    const char *name;               /**< the last part of path */
    um_key_state_e state;
    int is_open;                    /**< people outside of its group can read or write it */
    apr_time_t stamp;               /**< the time its name begins with; 0: none */
    apr_time_t modified;            /**< its text */
    apr_time_t changed;             /**< its text, name, owner or mode */
    const char *print;              /**< differs when another file is there, or another text in it */
} um_key_directory_file_t;

/** *files are those in a folder, um_key_directory_file_t in the order of their names; or the one file that path names,
 * which is in use whatever its name is. APR_ENOENT: a folder without any; APR_EGENERAL: the path cannot be read, or
 * strangers may put files there. *why says so. */
apr_status_t um_key_directory_list(apr_pool_t *pool, const char *path, apr_array_header_t **files, const char **why);

/** A text that is the same as long as the files are. */
const char *um_key_directory_fingerprint(apr_pool_t *pool, const apr_array_header_t *files);

/** Whether its name tells a time that can be true: not more than a day ahead. */
int um_key_directory_has_time(const um_key_directory_file_t *file, apr_time_t now);

/** Since when a file is in its state: what its name tells; else when it was written, or put there, whichever is later:
 * a key that was made long ago may have come into the folder just now. */
apr_time_t um_key_directory_since(const um_key_directory_file_t *file, apr_time_t now);

/** The name that a file has in another state, and with another time if that is not 0. */
const char *um_key_directory_name(apr_pool_t *pool, const char *name, um_key_state_e state, apr_time_t stamp);

#endif
