/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEYRING_H
#define UM_KEYRING_H
/* The keys that sign and verify tokens: a file, or a folder of them (key_directory.h). In a process that follows the
 * folder the keys change while it runs; whoever is at work with a key keeps it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_jwk_t um_jwk_t;
typedef struct um_keyring_t um_keyring_t;

/** Reads a key file, or the files of a folder that are published or in use. APR_EGENERAL: *why names the file and what
 * is wrong - a file that strangers can read, one that holds no key; no key in use that can sign is wrong too. */
apr_status_t um_keyring_read(apr_pool_t *pool, const char *path, um_keyring_t **keys, const char **why);

/** How changes are followed. */
typedef struct um_keyring_follow_t {
    apr_uint32_t pause;                                             /**< milliseconds from one look to the next */
    apr_uint32_t (*tick)(void);                                     /**< milliseconds of a clock that only goes on */
    void (*tell)(void *baton, int is_trouble, const char *text);    /**< each change, and each new trouble, once */
    void *baton;
} um_keyring_follow_t;

/** From now on, and at once, whoever asks for a key looks at the files first when nobody has for so long; for a kid
 * that is not there, when nobody has for a second. A list of names and times is all that a look costs while nothing
 * changes. New keys take the place of the old in one step; for a file that cannot be read the key that it had stays.
 * One whose file is retired or gone is out even then, but of those gone the last that can sign stays; an empty folder,
 * or one that cannot be read or is open to strangers, changes nothing. Old ones are freed an hour after they were
 * replaced, and with pool. Once per process, before its threads: the looking is for threads to share, not for
 * processes. */
void um_keyring_follow(apr_pool_t *pool, um_keyring_t *keys, const um_keyring_follow_t *how);

/** The key that signs. Good for an hour. NULL, in a process that follows: it was retired and there is no other. */
const um_jwk_t *um_keyring_signing(const um_keyring_t *keys);

/** The key with that kid, good for an hour; NULL when there is none. An um_jwt_find_fn, with the ring as its baton. */
const um_jwk_t *um_keyring_find(void *keys, const char *kid);

/** The JWK Set (RFC 7517 5) of all public keys, compact, and an entity tag for it with its quotes; both good for an
 * hour. Secrets are left out. */
const char *um_keyring_jwks(const um_keyring_t *keys, const char **etag);

/** Files the ring was read from, const char *, in the order of their names. */
const apr_array_header_t *um_keyring_files(const um_keyring_t *keys);

#endif
