/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SESSION_H
#define UM_SESSION_H
/* Sessions: what a token stands for. A session stands while it has not run out and the user's credentials and state are
 * those it was opened with (user_version): so one changed row ends all sessions of a user at once. */
#include "ctx.h"
#include "store_session.h"

/** A session about to be stored, and its token. */
typedef struct um_session_new_t {
    um_session_t record;
    const char *token;
    apr_int64_t token_expires_at;
    const char *refresh_token;  /**< NULL: none */
} um_session_new_t;

/** How many sessions a list has at most. */
#define UM_SESSION_LIST_MAX 100

/** Seconds since the epoch at which something that starts now is over, not beyond ends_at. */
apr_int64_t um_session_until(const um_ctx_t *ctx, apr_int64_t seconds, apr_int64_t ends_at);

/** Makes a session for a user as he will be at that version, and signs its token; it has no refresh token and lasts as
 * long as that. Nothing is stored yet: so nothing can fail once it is. UM_FAILED. */
um_status_e um_session_make(um_ctx_t *ctx, const um_user_t *user, um_session_new_t *session);

/** Stores a session by itself. UM_BAD_TOKEN: the user is gone, inactive, or has other credentials by now.
 * UM_UNAVAILABLE. */
um_status_e um_session_open(um_ctx_t *ctx, const um_session_new_t *session);

/** Whether a session of that user stands now: the one rule for all who ask. UM_OK, UM_BAD_TOKEN, UM_INACTIVE; the last
 * two with ctx->cause. */
um_status_e um_session_judge(um_ctx_t *ctx, const um_session_state_t *state, const char *user_id);

/** Gives such a verdict, perhaps an earlier one, with its cause. */
um_status_e um_session_say(um_ctx_t *ctx, um_status_e verdict);

/** Printable ASCII of what a client says of itself, not too much of it; "" for NULL. */
const char *um_session_plain(apr_pool_t *pool, const char *text);

/** The sessions of a user that stand, um_session_t, the newest first, UM_SESSION_LIST_MAX at most. UM_UNAVAILABLE. */
um_status_e um_session_list(um_ctx_t *ctx, const char *user_id, apr_array_header_t **sessions);

/** Ends a session of a user, and with it its token and refresh token. UM_ABSENT: he has none of that id.
 * UM_UNAVAILABLE. */
um_status_e um_session_end(um_ctx_t *ctx, const char *user_id, const char *session_id);

/** Ends all sessions of a user at once, and with them what his mails hold to set his password. UM_ABSENT: there is no
 * such user. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_session_end_all(um_ctx_t *ctx, const char *user_id);

#endif
