/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYRING_H
#define UM_KEYRING_H
/* The keys that sign and verify tokens, read from a file or from a directory of key files (key_directory.h). A process
 * may follow the directory: then the keys change while it runs, and a thread that uses a key can finish its work with
 * it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_jwk_t um_jwk_t;
typedef struct um_keyring_t um_keyring_t;

/** Reads a key file, or those files of a directory that are next or in use. APR_EGENERAL: *why names the file and says
 * what is wrong, for instance that others can read the file, that it holds no key, or that no key in use can sign. */
apr_status_t um_keyring_read(apr_pool_t *pool, const char *path, um_keyring_t **keyring, const char **why);

/** How a keyring follows its directory. */
typedef struct um_keyring_follow_t {
    apr_uint32_t pause;             /**< milliseconds between two checks of the directory */
    apr_uint32_t (*tick)(void);     /**< milliseconds of a monotonic clock; may wrap around */
    /** Called once for each change, and once for each new trouble. */
    void (*tell)(void *baton, int is_trouble, const char *text);
    void *baton;
} um_keyring_follow_t;

/** Checks the directory now. From then on a thread that asks for a key checks it first, if the last check was more than
 * how->pause ago; for an unknown kid, more than a second ago. While nothing changes, a check only lists names and
 * times.
 *
 * New keys replace the old ones in one step. If a file cannot be read, the key that it had is kept. A key whose file
 * was retired or removed is dropped even then; but if all keys that can sign were removed, the last one stays. A
 * directory that is empty, cannot be read, or can be written by others changes nothing. Replaced keys are freed after
 * an hour, and with pool.
 *
 * Call it once in a process, before its threads start. The checks are shared by the threads of a process only. */
void um_keyring_follow(apr_pool_t *pool, um_keyring_t *keyring, const um_keyring_follow_t *how);

/** The key that signs, valid for an hour. NULL, only in a process that follows: the key was retired and no other can
 * sign. */
const um_jwk_t *um_keyring_signing(const um_keyring_t *keyring);

/** The key with that kid, valid for an hour; NULL when there is none. It is an um_jwt_find_fn, with the keyring as its
 * baton. */
const um_jwk_t *um_keyring_find(void *keyring, const char *kid);

/** The JWK Set (RFC 7517 section 5) of all public keys as compact JSON, and its entity tag with quotes. Both are valid
 * for an hour. It contains no secrets. */
const char *um_keyring_jwks(const um_keyring_t *keyring, const char **etag);

/** The paths of the files that the keys were read from, const char *, in the order of their names; valid for an hour.
 * @param keys  gets the keys, um_jwk_t *, in the same order; may be NULL */
const apr_array_header_t *um_keyring_files(const um_keyring_t *keyring, const apr_array_header_t **keys);

#endif
