/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PEPPER_H
#define UM_PEPPER_H
/* Peppers: secrets of the server that are mixed into passwords before they are hashed, so that hashes from a stolen
 * database cannot be guessed without the file of peppers. The password is replaced by its HMAC-SHA-256 under the
 * pepper. A stored hash says which version it was made with: $pepper$ID followed by the hash itself, which begins
 * with $, too.
 *
 * The file has a line "ID SECRET" for each version: ID is 1 to 16 letters, digits, dashes and underscores; SECRET is 32
 * to 128 bytes in base64url. The first line is the version of new hashes; the others verify older ones. The first line
 * may be "none": new hashes have no pepper then. Empty lines and lines that begin with # are ignored. */
#include <apr_pools.h>

typedef struct um_pepper_t um_pepper_t;

/** The HMAC of a password. */
#define UM_PEPPER_BYTES 32

/** "none" in the file, and as the id for um_pepper_use: new hashes have no pepper. */
#define UM_PEPPER_NONE "none"

/** Reads a file. The secrets live in pool and are wiped with it. APR_EGENERAL: a line is wrong, or there is none; *why
 * says which and how. Another status: the system cannot read the file. *why does not name the file. */
apr_status_t um_pepper_read(apr_pool_t *pool, const char *file, um_pepper_t **pepper, const char **why);

/** How many versions there are, and the id of the i-th one (from 0), in the order of the file. */
int um_pepper_count(const um_pepper_t *pepper);
const char *um_pepper_id(const um_pepper_t *pepper, int i);

/** The id of the version for new hashes. NULL: new hashes have no pepper; also when pepper is NULL. */
const char *um_pepper_current(const um_pepper_t *pepper);

/** Computes the HMAC of a password under a version. Whether it was done: 0 when pepper is NULL or has no such version,
 * or when OpenSSL fails. The caller wipes out. */
int um_pepper_apply(const um_pepper_t *pepper, const char *id, const char *password, apr_size_t len,
                    unsigned char out[UM_PEPPER_BYTES]);

/** Splits a stored hash. Returns the id of its version, in pool, and *rest is the hash itself; NULL when the hash has
 * no pepper, and *rest is hash. hash may be any text or NULL. */
const char *um_pepper_split(apr_pool_t *pool, const char *hash, const char **rest);

/** The stored form of a hash that was made with that version, in pool. */
const char *um_pepper_join(apr_pool_t *pool, const char *id, const char *hash);

/* --- changing the file, for the command line --- */

/* The file is replaced atomically and synced to the disk (secret_file.h), and keeps its owner and mode. Status and *why
 * as in um_pepper_read. *id is that of the new version, in pool. */

/** Makes a file of mode 0600 with one version, for new hashes. APR_EEXIST: there is such a file. */
apr_status_t um_pepper_create(apr_pool_t *pool, const char *file, const char **id, const char **why);

/** Adds a version that verifies and is not yet used for new hashes. */
apr_status_t um_pepper_add(apr_pool_t *pool, const char *file, const char **id, const char **why);

/** Adds a version that is used for new hashes at once. */
apr_status_t um_pepper_rotate(apr_pool_t *pool, const char *file, const char **id, const char **why);

/** Uses a version of the file, or UM_PEPPER_NONE, for new hashes. APR_NOTFOUND: the file has no such version. */
apr_status_t um_pepper_use(apr_pool_t *pool, const char *file, const char *id, const char **why);

#endif
