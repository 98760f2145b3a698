/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include "random.h"
#include "token.h"

#include <apr_strings.h>
#include <string.h>

/* A record for people to recognise a session by, not an archive. */
#define MAX_USER_AGENT 255

/* Header bytes need not be UTF-8, and PostgreSQL refuses what is not: printable ASCII stays. */
static const char *plain_ascii(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrndup(pool, text ? text : "", MAX_USER_AGENT);

    for (char *c = copy; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return copy;
}

um_status_e um_session_make(um_cx_t *cx, const um_user_t *user, um_session_new_t *session)
{
    const char *id;

    if (um_random_uuid(cx->pool, cx->now, &id) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    session->record = (um_session_t){
        .id = id,
        .user_id = user->id,
        .user_version = user->version,
        .created_at = um_cx_seconds(cx),
        .expires_at = um_cx_seconds(cx) + cx->site->token_lifetime,
        .address = plain_ascii(cx->pool, cx->address),
        .user_agent = plain_ascii(cx->pool, cx->user_agent),
    };
    return um_token_issue(cx, user->id, id, session->record.expires_at, &session->token);
}

um_status_e um_session_open(um_cx_t *cx, const um_session_new_t *session)
{
    um_store_call_t call = um_cx_store(cx);
    int done;

    if (um_store_session_insert(&call, &session->record, &done) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    return done ? UM_OK : UM_BAD_TOKEN;
}

um_status_e um_session_caller(um_cx_t *cx, const char *token, um_caller_t *caller)
{
    um_store_call_t call = um_cx_store(cx);
    um_token_t read;
    um_user_t *user;
    apr_int64_t expires_at = 0;
    um_status_e status = um_token_read(cx, token, &read);
    int stands;

    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_user(&call, read.session_id, &user, &stands, &expires_at) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (!user || strcmp(user->id, read.user_id) != 0) {
        cx->cause = "the session is over";
        return UM_BAD_TOKEN;
    }
    if (!user->is_active) {
        cx->cause = "the account is inactive";
        return UM_INACTIVE;
    }
    if (!stands || expires_at <= um_cx_seconds(cx)) {
        cx->cause = "the session is over";
        return UM_BAD_TOKEN;
    }
    caller->user = user;
    caller->session_id = read.session_id;
    return UM_OK;
}
