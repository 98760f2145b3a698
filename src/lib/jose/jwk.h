/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JWK_H
#define UM_JWK_H
/* A signing key that is read from a file. The type of the key decides the algorithm (RFC 7518 section 3.1, RFC 8037); a
 * token never does:
 *
 *     PEM, Ed25519                    EdDSA      private, or public: verifies only
 *     PEM, P-256                      ES256      the same
 *     PEM, RSA of 2048 to 8192 bits   RS256      the same
 *     JWK (RFC 7517) with kty oct     HS256      k of at least 32 bytes; alg and use, if present, HS256 and sig
 *
 * Public-key keys and HMAC secrets have different types inside (jose_private.h, hmackey.h), so that neither can be used
 * as the other. A key never changes once it is made: any number of threads, and children after a fork, may use it. It
 * is freed with the pool it was made in, and its secret is wiped then. */
#include <apr_pools.h>

typedef struct json_object um_json_t;
typedef struct um_jwk_t um_jwk_t;

/** Reads the key from a regular file of at most 16 KB. Does not check whether others may read the file.
 *  APR_EINVAL or the system's error: *why says what is wrong with the file, without its name. */
apr_status_t um_jwk_read(apr_pool_t *pool, const char *file, um_jwk_t **key, const char **why);

/** The same from the len bytes of a file's text, which the caller wipes. */
apr_status_t um_jwk_parse(apr_pool_t *pool, const char *text, apr_size_t len, um_jwk_t **key, const char **why);

const char *um_jwk_alg(const um_jwk_t *key);
const char *um_jwk_kid(const um_jwk_t *key);    /**< RFC 7638 thumbprint with SHA-256, 43 characters of base64url */
int um_jwk_can_sign(const um_jwk_t *key);
int um_jwk_is_secret(const um_jwk_t *key);      /**< an HMAC secret: has no public half; checks are fast, so no cache */

/** The public JWK (RFC 7517 section 4) with kid, alg and use, in pool; NULL for a secret. */
um_json_t *um_jwk_public(const um_jwk_t *key, apr_pool_t *pool);

/** *sig is in pool, in the form of the algorithm (RFC 7518 section 3: raw r and s for ES256). APR_EINVAL: a public key.
 *  APR_EGENERAL: OpenSSL failed. */
apr_status_t um_jwk_sign(const um_jwk_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                         unsigned char **sig, apr_size_t *sig_len);

/** APR_SUCCESS only for a valid signature in exactly the form of the algorithm. APR_EINVAL: any other bytes.
 *  APR_EGENERAL: it could not be checked. */
apr_status_t um_jwk_verify(const um_jwk_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                           apr_size_t sig_len);

/** Makes a new key for EdDSA, ES256, RS256 (3072 bits) or HS256 (32 bytes), writes it to a new file of mode 0600 and
 *  syncs it to the disk. An existing file is kept (APR_EEXIST); one that could not be written completely is removed. A
 *  process that watches the directory may see an empty file for a moment, which um_jwk_read refuses.
 *  APR_ENOTIMPL: alg is not one of these. *why says what went wrong, without the name of the file. */
apr_status_t um_jwk_create(apr_pool_t *pool, const char *alg, const char *file, const char **why);
#endif
