/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYS_PRIVATE_H
#define UM_KEYS_PRIVATE_H
/* key_directory_change.c: a directory of keys under our lock, and the single steps that rotation.c makes of it. */
#include "key_directory.h"

#include <apr_file_io.h>

typedef struct um_jwk_t um_jwk_t;

typedef struct um_key_directory_t {
    apr_pool_t *pool;
    const char *path;
    apr_time_t now;
    apr_array_header_t *report;     /**< const char *: what was done; NULL: it is not reported */
    apr_array_header_t *files;      /**< um_key_directory_file_t */
    um_jwk_t **keys;                /**< in the order of files; NULL: a retired key that cannot be read */
    int signing;                    /**< index of the key that signs; -1: there is none */
    const char *why;                /**< what went wrong, for the administrator */
    apr_file_t *lock;
} um_key_directory_t;

/** Takes the lock and reads the directory; pool, path, now and report must be set. APR_EBUSY: another process held the
 * lock for three seconds. APR_EGENERAL: the directory is not writable, or a file in it that is not retired cannot be
 * read. Call um_key_directory_close in any case. */
apr_status_t um_key_directory_open(um_key_directory_t *dir);

/** Releases the lock. */
void um_key_directory_close(um_key_directory_t *dir);

const um_key_directory_file_t *um_key_directory_file(const um_key_directory_t *dir, int i);

/** When key i got its state. */
apr_time_t um_key_directory_key_since(const um_key_directory_t *dir, int i);

/** Whether key i is in this state, which is not UM_KEY_RETIRED, and can sign. */
int um_key_directory_can_sign(const um_key_directory_t *dir, int i, um_key_state_e state);

/* These change the directory and read it again, so that the indexes of files change. APR_EGENERAL: see dir->why. */

/** Makes a key. Readers never see an incomplete file. *file is its path. */
apr_status_t um_key_directory_create_key(um_key_directory_t *dir, const char *alg, um_key_state_e state,
                                         const char **file);

/** Gives each key that can sign and is in use or next a name that begins with a time, and keeps the order of the names:
 * the same key signs as before. The times of the files themselves cannot be relied on, because copying, chmod and
 * restoring a backup change them. */
apr_status_t um_key_directory_add_times(um_key_directory_t *dir);

/** Lets a next key sign from now on. Its name and that of the key that signs must have times: see
 * um_key_directory_add_times. */
apr_status_t um_key_directory_activate(um_key_directory_t *dir, int next);

apr_status_t um_key_directory_retire(um_key_directory_t *dir, int i);

/** Adds a line to the report. */
__attribute__((format(printf, 2, 3)))
void um_key_directory_report(um_key_directory_t *dir, const char *format, ...);

/** Sets dir->why and returns APR_EGENERAL. */
__attribute__((format(printf, 2, 3)))
apr_status_t um_key_directory_fail(um_key_directory_t *dir, const char *format, ...);

#endif
