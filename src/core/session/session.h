/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SESSION_H
#define UM_SESSION_H
/* Sessions. A token belongs to a session. A session is valid until it expires, and while the account has the version
 * with which the session was opened. Each change of credentials or state gives the account a new version, so one
 * changed row ends all sessions of an account at once. */
#include "ctx.h"
#include "store_session.h"

/** A session about to be stored, and its token. */
typedef struct um_session_new_t {
    um_session_t record;
    const char *token;
    apr_int64_t token_expires_at;
    const char *refresh_token;  /**< NULL: none */
    int is_refreshable;         /**< set by the caller that wants a refresh token too */
} um_session_new_t;

/** The most sessions that a list contains. */
#define UM_SESSION_LIST_MAX 100

/** The time, in seconds since the epoch, at which something ends that starts now and lasts that many seconds; at the
 * latest ends_at. */
apr_int64_t um_session_until(const um_ctx_t *ctx, apr_int64_t seconds, apr_int64_t ends_at);

/** Makes a session for user->version and signs its token. The session has no refresh token and lasts as long as the
 * token. It is not stored yet, so that nothing can fail after it is. UM_FAILED. */
um_status_e um_session_make(um_ctx_t *ctx, const um_user_t *user, um_session_new_t *session);

/** Stores a session in a transaction of its own. UM_BAD_TOKEN: the account was deleted, is inactive, or has another
 * version by now. UM_UNAVAILABLE. */
um_status_e um_session_open(um_ctx_t *ctx, const um_session_new_t *session);

/** Whether a session is valid now and belongs to that account. There is no other function that decides this. UM_OK;
 * UM_BAD_TOKEN or UM_INACTIVE with ctx->cause. */
um_status_e um_session_judge(um_ctx_t *ctx, const um_session_state_t *state, const char *user_id);

/** Sets ctx->cause for a verdict of um_session_judge(), perhaps a cached one, and returns the verdict. */
um_status_e um_session_verdict(um_ctx_t *ctx, um_status_e verdict);

/** A text that the client sent about itself, as printable ASCII of at most 255 bytes, in pool; "" for NULL. */
const char *um_session_plain(apr_pool_t *pool, const char *text);

/** The valid sessions of an account (um_session_t), newest first, at most UM_SESSION_LIST_MAX. UM_UNAVAILABLE. */
um_status_e um_session_list(um_ctx_t *ctx, const char *user_id, apr_array_header_t **sessions);

/** Ends a session of an account; its token and refresh token become invalid. UM_ABSENT: the account
 * has no valid session with that id. UM_UNAVAILABLE.
 * @param is_reused  a refresh token was used again: the event says so */
um_status_e um_session_end(um_ctx_t *ctx, const char *user_id, const char *session_id, int is_reused);

/** Ends all sessions of an account, and makes the one-time tokens of its password reset mails invalid. UM_ABSENT: there
 * is no such account. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_session_end_all(um_ctx_t *ctx, const char *user_id);

#endif
