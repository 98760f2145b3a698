/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEY_DIRECTORY_H
#define UM_KEY_DIRECTORY_H
/* A directory of key files. The name of a file says what its key may do, so that ls shows it. A rename changes it, and
 * a rename either happens completely or not at all:
 *
 *     NAME.next.pem       published, verifies, does not sign yet
 *     NAME.pem            in use: verifies; the last one by name that can sign is the one that signs
 *     NAME.retired.pem    not used: a token signed by this key is refused
 *
 * .jwk in place of .pem means the same. Other files, and files whose names begin with a dot, are ignored. Names that
 * this program gives begin with a time in UTC, 20260131T235959Z: when a next key was made, or when a key in use began
 * to sign. So the last key by name is the newest, and its name says since when the key before it has not signed. */
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef enum { UM_KEY_NEXT, UM_KEY_IN_USE, UM_KEY_RETIRED } um_key_state_e;

typedef struct um_key_directory_file_t {
    const char *path;
    const char *name;               /**< the last part of path */
    um_key_state_e state;
    int is_open;                    /**< users outside the file's group can read or write it */
    apr_time_t stamp;               /**< the time at the beginning of its name; 0: none */
    apr_time_t modified;            /**< when its content was changed */
    apr_time_t changed;             /**< when its content, name, owner or mode was changed */
    const char *fingerprint;        /**< differs when another file has this name, or the file has another content */
} um_key_directory_file_t;

/** *files are the key files of a directory, um_key_directory_file_t in the order of their names. If path is a file, it
 * is the only one, and in use whatever its name is. APR_ENOENT: the directory has no key file. APR_EGENERAL: path
 * cannot be read, or everybody may write to the directory. *why says which, for the administrator. */
apr_status_t um_key_directory_list(apr_pool_t *pool, const char *path, apr_array_header_t **files, const char **why);

/** A text that stays the same while the files do. */
const char *um_key_directory_fingerprint(apr_pool_t *pool, const apr_array_header_t *files);

/** Whether the file's name begins with a time that can be true: at most one day after now. */
int um_key_directory_has_time(const um_key_directory_file_t *file, apr_time_t now);

/** When the file got its state: the time in its name. If it has none: when it was written or put there, whichever is
 * later, because a key that was made long ago may have been copied into the directory just now. Never after now. */
apr_time_t um_key_directory_since(const um_key_directory_file_t *file, apr_time_t now);

/** The name that a file has in another state, and with another time unless stamp is 0. */
const char *um_key_directory_name(apr_pool_t *pool, const char *name, um_key_state_e state, apr_time_t stamp);

#endif
