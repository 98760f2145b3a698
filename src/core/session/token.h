/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_TOKEN_H
#define UM_TOKEN_H
/* Access tokens: JWTs of the profile of RFC 9068. A token names its user and its session and gives no right by
 * itself. */
#include "ctx.h"

#define UM_TOKEN_TYP "at+jwt"
/** Seconds that the clocks of two nodes may differ, and by which a clock may be set back, without good tokens being
 * refused. */
#define UM_TOKEN_LEEWAY 60
/** The latest time that is told apart, far beyond any that matters. */
#define UM_TOKEN_END_OF_TIME APR_INT64_C(1000000000000)

/** What a good token says. */
typedef struct um_token_t {
    const char *user_id;        /**< sub */
    const char *session_id;     /**< sid */
    const char *id;             /**< jti; NULL: none */
    apr_int64_t issued_at;      /**< iat, seconds since the epoch; 0: none */
    apr_int64_t begins_at;      /**< the later of iat and nbf; 0: neither */
    apr_int64_t expires_at;     /**< exp */
    const char *kid;            /**< of the key that signed it */
} um_token_t;

/** Signs a token for a session that ends at expires_at (seconds since the epoch). UM_FAILED: it could not be signed. */
um_status_e um_token_issue(um_ctx_t *ctx, const char *user_id, const char *session_id, apr_int64_t expires_at,
                           const char **token);

/** Whether a token of these times is good now: the one rule, for the API and for what Locations have cached. UM_OK or
 * UM_BAD_TOKEN with a cause. Its session may be refreshed and go on, so the leeway is for beginnings only. */
um_status_e um_token_judge_times(um_ctx_t *ctx, apr_int64_t begins_at, apr_int64_t expires_at);

/** Reads a token. UM_BAD_TOKEN: not one of ours, or not good now. ctx->cause says why, without a byte of the token.
 * UM_FAILED: it could not be checked. */
um_status_e um_token_read(um_ctx_t *ctx, const char *text, um_token_t *token);

#endif
