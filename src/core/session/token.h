/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TOKEN_H
#define UM_TOKEN_H
/* Access tokens: JWTs with the profile of RFC 9068. A token names its account and its session. It gives no rights by
 * itself. */
#include "ctx.h"

#define UM_TOKEN_TYP "at+jwt"
/** Seconds by which the clocks of two nodes may differ, and a clock may be set back, before valid tokens are refused.
 * */
#define UM_TOKEN_LEEWAY 60
/** Later times, in seconds since the epoch, are read as this one. It is far beyond any that matters. */
#define UM_TOKEN_END_OF_TIME APR_INT64_C(1000000000000)

/** The claims of a valid token. */
typedef struct um_token_t {
    const char *user_id;        /**< sub */
    const char *session_id;     /**< sid */
    const char *id;             /**< jti; NULL: none */
    apr_int64_t issued_at;      /**< iat, seconds since the epoch; 0: none */
    apr_int64_t begins_at;      /**< the later of iat and nbf; 0: neither */
    apr_int64_t expires_at;     /**< exp */
    const char *kid;            /**< of the key that signed it; "": an imported token, see opaque_token.h */
} um_token_t;

/** Signs a token for a session. It expires at expires_at, in seconds since the epoch. *token is in ctx->pool.
 * UM_FAILED: it could not be signed. */
um_status_e um_token_issue(um_ctx_t *ctx, const um_user_t *user, const char *session_id, apr_int64_t expires_at,
                           const char **token);

/** Whether a token with these times is valid now, for fresh and for cached tokens alike. UM_OK, or UM_BAD_TOKEN with
 * ctx->cause. The leeway is only for begins_at: after expires_at the client can refresh its session. */
um_status_e um_token_judge_times(um_ctx_t *ctx, apr_int64_t begins_at, apr_int64_t expires_at);

/** Verifies the signature and the times of a token, and reads its claims. UM_BAD_TOKEN: it is not one of this site's,
 * or it is not valid now. UM_FAILED: it could not be verified. With both, ctx->cause says why, without a byte of the
 * token. */
um_status_e um_token_read(um_ctx_t *ctx, const char *text, um_token_t *token);

#endif
