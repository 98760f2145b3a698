/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_KEY_H
#define UM_KEY_H
/* The keys that sign and verify tokens: a file, or a folder of them. */
#include "jwk.h"

typedef struct um_keyring_t um_keyring_t;

/** Reads a key file, or all files of a folder whose names end in .pem or .jwk. The one that is last by name among those
 * that can sign signs; all verify. Names that "usermgmt key new" makes begin with the time, so last is newest.
 * APR_EGENERAL: *why names the file and what is wrong; no key that can sign is wrong too. */
apr_status_t um_key_ring(apr_pool_t *pool, const char *path, um_keyring_t **keys, const char **why);

/** The key that signs. */
const um_jwk_t *um_key_signing(const um_keyring_t *keys);

/** The key with that kid, NULL when there is none. An um_jwt_find_fn, with the ring as its baton. */
const um_jwk_t *um_key_find(void *keys, const char *kid);

/** Files the ring was read from, const char *, in the order of their names. */
const apr_array_header_t *um_key_files(const um_keyring_t *keys);

#endif
