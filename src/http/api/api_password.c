/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include "auth.h"
#include "authenticate.h"
#include "browser.h"
#include "core_settings.h"
#include "input_schema.h"
#include "json.h"
#include "password.h"
#include "session.h"
#include "store_user.h"

#include <string.h>

typedef struct passwords_t {
    um_secret_t old_password, new_password;
} passwords_t;

static const um_input_field_t password_fields[] = {
    { .name = "old_password", .aliases = { "old password", "current_password" }, .label = "Old password",
      .kind = UM_INPUT_SECRET, .required = 1, .offset = offsetof(passwords_t, old_password) },
    { .name = "new_password", .label = "New password", .kind = UM_INPUT_SECRET, .required = 1,
      .offset = offsetof(passwords_t, new_password) },
};

const um_input_schema_t um_api_user_password_schema = UM_INPUT_SCHEMA(passwords_t, password_fields);

um_status_e um_api_user_change_password(um_call_t *call)
{
    static const char done[] = "Password updated successfully";
    const passwords_t *in = call->in;
    /* The old token has been ended. The new one goes into the cookie, where no script of a page can read it. */
    int into_cookie = call->by_cookie && strcmp(call->user->id, call->caller->user->id) == 0;
    um_session_new_t session;
    um_status_e status = um_api_user_conditions(call);

    if (status == UM_OK) {
        status = um_password_change(&call->ctx, call->user, in->old_password, in->new_password, into_cookie,
                                    &session);
    }
    /* There is a cause when the old password was wrong, and none when the new one was refused. */
    if (status == UM_INVALID && call->ctx.cause) {
        um_login_failure_log(call->r, &call->ctx, call->user->username);
    }
    if (status == UM_OK) {
        call->out = um_json_object(call->ctx.pool);
        um_json_put_text(call->out, "status", "success");
        um_json_put_int(call->out, "code", 200);
        um_json_put_text(call->out, "message", done);
        um_json_put(call->out, "data", um_json_list(call->ctx.pool));
        um_json_put_text(call->out, "detail", done);
        if (into_cookie) {
            int stays = 1;

            (void)um_cookie_refresh_token(call->r, &stays);
            um_cookie_set_session(call->r, &session, stays);
        }
        else {
            um_json_put_text(call->out, "token", session.token);
        }
    }
    return status;
}
