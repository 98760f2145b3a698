/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REFRESH_H
#define UM_REFRESH_H
/* Refresh tokens, which extend a session. A token is "umr_" and the base64url text of three parts: the session's id (16
 * bytes), the family, which stays (16), and the secret, which each use replaces (32). The database has only the SHA-256
 * of the last two.
 *
 * A replaced token that is used again shows that a token was stolen: either a thief uses it now, or a thief has used it
 * before and its owner uses it now. Nobody can tell which, so the session ends. But several tabs of a browser use the
 * same token at once, and answers are lost. So a replaced token is accepted for settings->refresh_grace more seconds,
 * even when its successor has been replaced too, and gets the current token.
 *
 * Each secret is the HMAC-SHA-256 of the one before under a salt. The use makes the salt, and the row stores it for the
 * grace. So the current secret can be computed from an earlier one, and is stored nowhere. Nothing follows from the
 * salts without an earlier secret, and nothing follows from an older secret after the grace. */
#include "ctx.h"

typedef struct um_session_new_t um_session_new_t;

#define UM_REFRESH_PREFIX "umr_"

/** Adds a refresh token to a session that is not stored yet, and extends the session until that token expires. Does
 * nothing if UserMgmtSessionIdle is 0. UM_FAILED. */
um_status_e um_refresh_add(um_ctx_t *ctx, um_session_new_t *session);

/** The session of a refresh token. */
typedef struct um_refresh_t {
    const um_user_t *user;
    const char *session_id;
    apr_int64_t created_at;    /**< of the session, seconds since the epoch */
    apr_int64_t expires_at;    /**< of the refresh token */
    int is_good;               /**< 0: it was replaced before the grace began */
} um_refresh_t;

/** Finds the session of a refresh token and changes nothing. UM_BAD_TOKEN: it is not one of this site's, or its session
 * has ended; UM_INACTIVE: its account is deactivated. Both with ctx->cause. UM_UNAVAILABLE. */
um_status_e um_refresh_find(um_ctx_t *ctx, const char *text, um_refresh_t *refresh);

/** The result of a use. */
typedef struct um_refresh_use_t {
    const um_user_t *user;     /**< also set with reused */
    const char *token;
    const char *refresh_token;
    apr_int64_t expires_at;    /**< of token */
    apr_int64_t refresh_expires_at; /**< of refresh_token */
    int reused;                /**< set with UM_BAD_TOKEN: the token was used before, and its session was ended */
} um_refresh_use_t;

/** Uses a refresh token: issues an access token and the next refresh token. Fails as um_refresh_find() does.
 * UM_BAD_TOKEN also for a token that was used before; UM_FAILED. After UM_UNAVAILABLE the token may have been replaced:
 * within the grace, the next try gets the tokens that were lost. */
um_status_e um_refresh_use(um_ctx_t *ctx, const char *text, um_refresh_use_t *use);

#endif
