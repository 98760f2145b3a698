/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SESSION_H
#define UM_SESSION_H
/* Sessions: what a token stands for. A session stands while it has not run out and the user's credentials and state are
 * those it was opened with (user_version): so one changed row ends all sessions of a user at once. */
#include "cx.h"
#include "store_session.h"

/** Who calls. */
typedef struct um_caller_t {
    const um_user_t *user;
    const char *session_id;
} um_caller_t;

/** A session about to be stored, and its token. */
typedef struct um_session_new_t {
    um_session_t record;
    const char *token;
} um_session_new_t;

/** Makes a session for a user as he will be at that version, and signs its token. Nothing is stored yet: so nothing can
 * fail once it is. UM_FAILED. */
um_status_e um_session_make(um_cx_t *cx, const um_user_t *user, um_session_new_t *session);

/** Stores a session by itself. UM_BAD_TOKEN: the user is gone, inactive, or has other credentials by now. UM_AWAY. */
um_status_e um_session_open(um_cx_t *cx, const um_session_new_t *session);

/** Who calls with this token: the signature, then one SELECT. UM_BAD_TOKEN, UM_INACTIVE, UM_AWAY. */
um_status_e um_session_caller(um_cx_t *cx, const char *token, um_caller_t *caller);

#endif
