#ifndef UM_JWT_H
#define UM_JWT_H
/* JSON Web Tokens (RFC 7519) in compact form (RFC 7515). */
#include "jwk.h"
#include "json.h"

/** Finds the key for a header's kid, NULL when there is none. */
typedef const um_jwk_t *um_jwt_find_fn(void *baton, const char *kid);

/** What a token must be to be ours. */
typedef struct um_jwt_rules_t {
    const char *typ;           /**< header typ, byte for byte, e.g. "at+jwt" */
    const char *issuer;        /**< iss */
    const char *audience;      /**< aud contains it */
    apr_int64_t now;           /**< seconds since the epoch */
    int leeway;                /**< seconds, 0 to 60 */
    um_jwt_find_fn *find;
    void *baton;
    struct um_sigcache_t *cache; /**< signatures that were good before; may be NULL */
} um_jwt_rules_t;

apr_status_t um_jwt_sign(apr_pool_t *pool, const um_jwk_t *key, const char *typ, um_json_t *claims, const char **token);
/** Signature first, then the header's and the claims' rules. APR_EINVAL: not a token of ours, or not any more; *why is
 *  for the log and holds no byte of the token. */
apr_status_t um_jwt_verify(apr_pool_t *pool, const um_jwt_rules_t *rules, const char *token, um_json_t **claims,
                           const char **why);
#endif
