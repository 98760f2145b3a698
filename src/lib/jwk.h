#ifndef UM_JWK_H
#define UM_JWK_H
/* A signing key read from a file; the kind of key decides the algorithm (RFC 7518 3.1, RFC 8037), never a token. */
#include <apr_pools.h>
typedef struct um_jwk_t um_jwk_t;

/** PEM: Ed25519 -> EdDSA, P-256 -> ES256, RSA of at least 2048 bits -> RS256, private or public (verifies only).
 *  JWK (RFC 7517) with kty oct and a k of at least 32 bytes -> HS256. *why says what is wrong with the file. */
apr_status_t um_jwk_read(apr_pool_t *pool, const char *file, um_jwk_t **key, const char **why);
const char *um_jwk_alg(const um_jwk_t *key);
const char *um_jwk_kid(const um_jwk_t *key);    /**< RFC 7638 thumbprint */
int um_jwk_can_sign(const um_jwk_t *key);
apr_status_t um_jwk_sign(const um_jwk_t *key, apr_pool_t *pool, const void *data, apr_size_t len,
                         unsigned char **sig, apr_size_t *sig_len);
/** APR_SUCCESS only for a good signature of exactly the algorithm's form; APR_EINVAL for any other bytes. */
apr_status_t um_jwk_verify(const um_jwk_t *key, const void *data, apr_size_t len, const unsigned char *sig,
                           apr_size_t sig_len);
/** Makes a new key of alg EdDSA, ES256, RS256 (3072 bits) or HS256 and writes it to a new file, mode 0600. */
apr_status_t um_jwk_create(apr_pool_t *pool, const char *alg, const char *file, const char **why);
#endif
