/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include "store_session.h"
#include "token.h"

#include <string.h>

um_status_e um_known_caller(um_cx_t *cx, const char *token, const um_identity_t **identity)
{
    um_store_call_t call = um_cx_store(cx);
    um_identity_t *found;
    um_session_state_t state;
    um_token_t read;
    um_status_e status = um_token_read(cx, token, &read);

    if (status != UM_OK) {
        return status;
    }
    if (um_store_session_state(&call, read.session_id, &state) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (!state.user || strcmp(state.user->id, read.user_id) != 0) {
        cx->cause = "the session is over";
        return UM_BAD_TOKEN;
    }
    if (!state.user->is_active) {
        cx->cause = "the account is inactive";
        return UM_INACTIVE;
    }
    if (!state.stands || state.expires_at <= um_cx_seconds(cx)) {
        cx->cause = "the session is over";
        return UM_BAD_TOKEN;
    }
    found = apr_pcalloc(cx->pool, sizeof(*found));
    *found = (um_identity_t){
        .user_id = state.user->id,
        .username = state.user->username,
        .first_name = state.user->first_name,
        .last_name = state.user->last_name,
        .email = state.user->email,
        .groups = state.groups,
        .session_id = read.session_id,
        .expires_at = read.expires_at,
        .is_staff = state.user->is_staff,
    };
    *identity = found;
    return UM_OK;
}

void um_known_forget(const um_cx_t *cx, const char *user_id)
{
    (void)cx;
    (void)user_id;
}
