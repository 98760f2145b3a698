/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JWT_H
#define UM_JWT_H
/* JSON Web Tokens (RFC 7519) in compact form (RFC 7515). The advice of RFC 8725 is built in: a token cannot be read
 * without checking its signature, and the token does not choose the algorithm of that check. */
#include <apr_pools.h>

typedef struct json_object um_json_t;
typedef struct um_jwk_t um_jwk_t;
typedef struct um_signature_cache_t um_signature_cache_t;

#define UM_JWT_MAX 8192        /**< characters of the longest token, made or accepted */
#define UM_JWT_KID_MAX 128     /**< bytes of the longest kid that is looked up */
#define UM_JWT_LEEWAY_MAX 60   /**< seconds */

/** The key whose um_jwk_kid() equals kid; NULL when there is none. kid is untrusted: 1 to UM_JWT_KID_MAX bytes of UTF-8
 *  that must only be compared. */
typedef const um_jwk_t *um_jwt_find_fn(void *baton, const char *kid);

/** What a token must be to be accepted. A NULL typ, issuer or audience matches no token. */
typedef struct um_jwt_rules_t {
    const char *typ;           /**< the header's typ, byte for byte, such as "at+jwt" */
    const char *issuer;        /**< iss, byte for byte */
    const char *audience;      /**< aud equals it, or is a list of strings that contains it */
    apr_int64_t now;           /**< seconds since the epoch */
    int leeway;                /**< seconds, 0 to UM_JWT_LEEWAY_MAX; other values count as the nearest of these */
    um_jwt_find_fn *find;
    void *baton;
    um_signature_cache_t *cache;    /**< signatures found valid before, of public-key keys only; may be NULL */
} um_jwt_rules_t;

/** *token, in pool, is the signed text of claims, an object, with the header {"typ","alg","kid"}. It contains nothing
 *  that is not in claims. APR_EINVAL: key cannot sign. APR_ENOSPC: the token would be longer than UM_JWT_MAX.
 *  APR_EGENERAL: OpenSSL failed. */
apr_status_t um_jwt_sign(apr_pool_t *pool, const um_jwk_t *key, const char *typ, um_json_t *claims, const char **token);

/** Verifies a token and returns its claims, which live as long as pool. In this order it checks the length and form;
 * the
 *  header, for the key and that key's algorithm, and against crit and all else that would let the token say how to
 *  check it; the signature over the received bytes; and only then typ and the claims: an object, iss, aud, exp
 *  (required), nbf and iat (numbers if present), all at rules->now.
 *  Two texts may carry the same claims (see um_pkey_verify), so revoke tokens by what they say.
 *  APR_EINVAL: the token is not one of ours, or not valid any more. APR_EGENERAL: the signature could not be checked.
 * In
 *  both cases *claims is NULL and *why is a constant for the log without a byte of the token. */
apr_status_t um_jwt_verify(apr_pool_t *pool, const um_jwt_rules_t *rules, const char *token, um_json_t **claims,
                           const char **why);
#endif
