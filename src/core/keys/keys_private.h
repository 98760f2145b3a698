/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYS_PRIVATE_H
#define UM_KEYS_PRIVATE_H
/* The single steps of rotation.h: a folder of keys under our lock, and what can be done to one of its files. For
 * rotation.c alone. */
#include "key_directory.h"

#include <apr_file_io.h>

typedef struct um_jwk_t um_jwk_t;

typedef struct um_key_directory_t {
    apr_pool_t *pool;
    const char *folder;
    apr_time_t now;
    apr_array_header_t *said;       /**< const char *: what was done; NULL: nobody wants to know */
    apr_array_header_t *files;      /**< um_key_directory_file_t */
    um_jwk_t **keys;                /**< as files; NULL: a retired one that cannot be read */
    int signing;                    /**< which of them; -1: none */
    const char *why;                /**< what went wrong */
    apr_file_t *lock;
} um_key_directory_t;

/** Takes the lock and reads the folder; pool, folder, now and said are set. APR_EBUSY: it was taken for some seconds;
 * APR_EGENERAL: the folder cannot be written, or a file in it that is not retired cannot be read. */
apr_status_t um_key_directory_open(um_key_directory_t *work);

/** Lets the lock go. */
void um_key_directory_close(um_key_directory_t *work);

const um_key_directory_file_t *um_key_directory_file(const um_key_directory_t *work, int i);

/** Since when it is in its state. */
apr_time_t um_key_directory_key_since(const um_key_directory_t *work, int i);

/** Whether it is in that state, which is not retired, and has what it takes to sign. */
int um_key_directory_can_sign(const um_key_directory_t *work, int i, um_key_state_e state);

/* These change the folder and leave work with what is there then: numbers of files are others. APR_EGENERAL: why. */

/** Makes a key; it appears whole. *file is its path. */
apr_status_t um_key_directory_create_key(um_key_directory_t *work, const char *alg, um_key_state_e state,
                                         const char **file);

/** Gives every key that could sign and is in use or next a name that begins with a time, in the order there is: the
 * same key signs on. A file's own times are no lasting answer, for copying, chmod and restoring change them. */
apr_status_t um_key_directory_add_times(um_key_directory_t *work);

/** Puts a next key to use as the one that signs. Names have times (um_key_directory_add_times). */
apr_status_t um_key_directory_activate(um_key_directory_t *work, int next);

apr_status_t um_key_directory_retire(um_key_directory_t *work, int i);

/** Notes what was done. */
__attribute__((format(printf, 2, 3)))
void um_key_directory_report(um_key_directory_t *work, const char *format, ...);

/** APR_EGENERAL, with the reason noted. */
__attribute__((format(printf, 2, 3)))
apr_status_t um_key_directory_fail(um_key_directory_t *work, const char *format, ...);

#endif
