/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_JWT_H
#define UM_JWT_H
/* JSON Web Tokens (RFC 7519) in compact form (RFC 7515), with the advice of RFC 8725 built in: there is no way to read
 * a token without checking its signature, and no way to check it with an algorithm that the token chose. */
#include "jwk.h"
#include "json.h"
#include "signature_cache.h"

#define UM_JWT_MAX 8192        /**< characters of the longest token, made or taken */
#define UM_JWT_KID_MAX 128     /**< bytes of the longest kid looked up */
#define UM_JWT_LEEWAY_MAX 60   /**< seconds */

/** The key whose um_jwk_kid() equals kid, NULL when there is none. kid comes from a stranger: 1 to UM_JWT_KID_MAX bytes
 *  of UTF-8, good for nothing but to be compared. */
typedef const um_jwk_t *um_jwt_find_fn(void *baton, const char *kid);

/** What a token must be to be ours. A NULL typ, issuer or audience matches no token. */
typedef struct um_jwt_rules_t {
    const char *typ;           /**< header typ, byte for byte, e.g. "at+jwt" */
    const char *issuer;        /**< iss, byte for byte */
    const char *audience;      /**< aud is it, or is a list of strings that has it */
    apr_int64_t now;           /**< seconds since the epoch */
    int leeway;                /**< seconds, 0 to UM_JWT_LEEWAY_MAX; more is taken as the most, less as 0 */
    um_jwt_find_fn *find;
    void *baton;
    um_signature_cache_t *cache;      /**< signatures that were good before, of public-key keys only; may be NULL */
} um_jwt_rules_t;

/** *token, in pool, is the signed text of claims, an object, under the header {"typ","alg","kid"}. It carries nothing
 *  that was not put into claims. APR_EINVAL: key cannot sign; APR_ENOSPC: the token would be longer than UM_JWT_MAX;
 *  APR_EGENERAL: OpenSSL failed. */
apr_status_t um_jwt_sign(apr_pool_t *pool, const um_jwk_t *key, const char *typ, um_json_t *claims, const char **token);

/** *claims, living as long as pool, are those of a token of ours that is good at rules->now. In this order: length and
 *  form; the header, for the key and its own algorithm, without crit and everything else that would have the token say
 *  how it is to be checked; the signature over the received bytes; only then typ and claims - an object, iss, aud, exp
 *  (needed), nbf and iat (numbers where there are any).
 *  Two texts may carry the same claims (see um_pkey_verify), so revoke tokens by what they say.
 *  APR_EINVAL: not a token of ours, or not any more; APR_EGENERAL: the signature could not be checked. In both cases
 *  *claims is NULL and *why is a constant for the log; it holds no byte of the token. */
apr_status_t um_jwt_verify(apr_pool_t *pool, const um_jwt_rules_t *rules, const char *token, um_json_t **claims,
                           const char **why);
#endif
