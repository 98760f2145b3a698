/* SPDX-License-Identifier: Apache-2.0 */
#include "api_token.h"

typedef struct credentials_t {
    const char *username;
    um_secret_t password;
} credentials_t;

static const um_member_t members[] = {
    { "username", { 0 }, "Username", UM_TEXT,   UM_NEEDED, 0, offsetof(credentials_t, username) },
    { "password", { 0 }, "Password", UM_SECRET, UM_NEEDED, 0, offsetof(credentials_t, password) },
};

const um_shape_t um_api_token_shape = UM_SHAPE(credentials_t, members);

um_status_e um_api_token_create(um_call_t *call)
{
    const credentials_t *in = call->in;
    um_session_new_t session;
    um_status_e status;

    if (call->cx.errors->nelts) {
        return UM_INVALID;
    }
    status = um_password_login(&call->cx, in->username, in->password, &call->user, &session);
    if (status == UM_OK) {
        call->out = um_json_object(call->cx.pool);
        um_json_put_text(call->out, "token", session.token);
        if (session.refresh_token) {
            um_json_put_text(call->out, "refresh_token", session.refresh_token);
        }
        um_json_put_text(call->out, "token_type", "Bearer");
        um_json_put_int(call->out, "expires_in", session.token_expires_at - um_cx_seconds(&call->cx));
    }
    return status;
}
