/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JWK_H
#define UM_JWK_H
/* A signing key read from a file. The kind of key decides the algorithm (RFC 7518 3.1, RFC 8037), never a token:
 *
 *     PEM, Ed25519                    EdDSA      private, or public: verifies only
 *     PEM, P-256                      ES256      the same
 *     PEM, RSA of 2048 to 8192 bits   RS256      the same
 *     JWK (RFC 7517) with kty oct     HS256      k of at least 32 bytes; alg and use, when there, HS256 and sig
 *
 * Public-key keys and HMAC secrets are different types inside (pkey.h, hmackey.h), so neither can do the other's work.
 * Keys are read-only once made: one serves any number of threads, and children after a fork. They are freed, and what
 * is secret is wiped, with the pool they were made in. */
#include "json.h"

typedef struct um_jwk_t um_jwk_t;

/** The key in a file, which is a regular one of at most 16 KB. Whether others may read the file is not looked at.
 *  APR_EINVAL or the system's error: *why says what is wrong with the file, and does not name it. */
apr_status_t um_jwk_read(apr_pool_t *pool, const char *file, um_jwk_t **key, const char **why);

/** The same from the len bytes of a file's text, which the caller wipes. */
apr_status_t um_jwk_parse(apr_pool_t *pool, const char *text, apr_size_t len, um_jwk_t **key, const char **why);

const char *um_jwk_alg(const um_jwk_t *key);
const char *um_jwk_kid(const um_jwk_t *key);    /**< RFC 7638 thumbprint with SHA-256, 43 characters of base64url */
int um_jwk_can_sign(const um_jwk_t *key);
int um_jwk_is_secret(const um_jwk_t *key);      /**< an HMAC secret: has no public half, and is too fast to be cached */

/** The public JWK (RFC 7517 4) with kid, alg and use, in pool; NULL for a secret. */
um_json_t *um_jwk_public(const um_jwk_t *key, apr_pool_t *pool);

/** *sig is in pool, in the algorithm's form (RFC 7518 3: raw r and s for ES256). APR_EINVAL: the key is public only;
 *  APR_EGENERAL: OpenSSL failed. */
apr_status_t um_jwk_sign(const um_jwk_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                         unsigned char **sig, apr_size_t *sig_len);

/** APR_SUCCESS only for a good signature of exactly the algorithm's form; APR_EINVAL for any other bytes; APR_EGENERAL:
 *  it could not be checked. */
apr_status_t um_jwk_verify(const um_jwk_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                           apr_size_t sig_len);

/** Makes a new key for alg EdDSA, ES256, RS256 (3072 bits) or HS256 (32 bytes) and writes it to a new file, mode 0600,
 *  down to the disk. A file that is there already is left alone (APR_EEXIST); one that could not be written whole is
 *  removed. Somebody who watches the folder may for a moment see an empty file, which um_jwk_read refuses.
 *  APR_ENOTIMPL: no such alg. *why says what went wrong, and does not name the file. */
apr_status_t um_jwk_create(apr_pool_t *pool, const char *alg, const char *file, const char **why);
#endif
