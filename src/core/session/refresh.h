/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REFRESH_H
#define UM_REFRESH_H
/* Refresh tokens: what keeps a session going. "umr_" and the base64url text of the session's id (16 bytes), a part that
 * stays (the family, 16) and a part that each use replaces (32). Of the last two only SHA-256 is kept.
 *
 * A token that is shown once more although it was replaced has been stolen, or was used by a thief: nobody knows who is
 * who, so the session ends. But tabs of a browser race each other, and answers are lost. So one that was replaced is
 * good for settings->refresh_grace more seconds, also when its successor was replaced too, and gets the present token.
 * Each part is the HMAC-SHA-256 of the one before under a salt that the use makes and the row keeps for that time; so
 * the present part follows from an earlier one without being kept anywhere. Without an earlier part the salts tell
 * nothing, and after the grace an older part leads nowhere. */
#include "ctx.h"

typedef struct um_session_new_t um_session_new_t;

#define UM_REFRESH_PREFIX "umr_"

/** Gives a session that is about to be opened a refresh token, and the time to use it; does nothing where sessions are
 * not refreshed. UM_FAILED. */
um_status_e um_refresh_add(um_ctx_t *ctx, um_session_new_t *session);

/** What a refresh token is good for. */
typedef struct um_refresh_t {
    const um_user_t *user;
    const char *session_id;
    apr_int64_t created_at;    /**< of the session, seconds since the epoch */
    apr_int64_t expires_at;    /**< of the refresh token */
    int is_good;               /**< 0: it was replaced, longer ago than the grace */
} um_refresh_t;

/** Looks at a token and changes nothing. UM_BAD_TOKEN: not one of ours, or its session is over; UM_INACTIVE: its
 * account is switched off; UM_UNAVAILABLE. */
um_status_e um_refresh_find(um_ctx_t *ctx, const char *text, um_refresh_t *refresh);

/** What a use gives. */
typedef struct um_refresh_use_t {
    const um_user_t *user;     /**< set with reused too */
    const char *token;
    const char *refresh_token;
    apr_int64_t expires_at;    /**< of token */
    int reused;                /**< set with UM_BAD_TOKEN: it was used before, and its session is over now */
} um_refresh_use_t;

/** Uses a token: a new access token and the next refresh token. As um_refresh_find; UM_BAD_TOKEN also for one that was
 * used before, UM_FAILED. When it ends in UM_UNAVAILABLE the token may have been replaced: within the grace the next
 * try gets what this one lost. */
um_status_e um_refresh_use(um_ctx_t *ctx, const char *text, um_refresh_use_t *use);

#endif
