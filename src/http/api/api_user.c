/* SPDX-License-Identifier: Apache-2.0 */
#include "api_user.h"

#include "cookie.h"
#include "precondition.h"
#include "refusal.h"
#include "registration.h"

#include <apr_strings.h>
#include <string.h>

/* --- shapes --- */

#define IN(member) offsetof(um_member_input_t, member)

static const um_member_t register_members[] = {
    { "username",   { 0 }, "Username",      UM_NAME,   UM_NEEDED,   UM_MEMBER_MAX_USERNAME, IN(username) },
    { "password",   { 0 }, "Password",      UM_SECRET, UM_NEEDED,   0,                    IN(password) },
    { "first_name", { 0 }, "First name",    UM_TEXT,   UM_BLANK_OK, UM_MEMBER_MAX_NAME,     IN(first_name) },
    { "last_name",  { 0 }, "Last name",     UM_TEXT,   UM_BLANK_OK, UM_MEMBER_MAX_NAME,     IN(last_name) },
    { "email",      { 0 }, "Email address", UM_EMAIL,  UM_BLANK_OK, UM_MEMBER_MAX_EMAIL,    IN(email) },
};

#define SHOWN(member) offsetof(um_user_t, member)

static const um_member_t update_members[] = {
    { "first_name", { 0 }, "First name",    UM_TEXT,   UM_BLANK_OK, UM_MEMBER_MAX_NAME,     IN(first_name) },
    { "last_name",  { 0 }, "Last name",     UM_TEXT,   UM_BLANK_OK, UM_MEMBER_MAX_NAME,     IN(last_name) },
    { "email",      { 0 }, "Email address", UM_EMAIL,  UM_BLANK_OK, UM_MEMBER_MAX_EMAIL,    IN(email) },
    { "id",         { 0 }, "Id",            UM_FIXED,  UM_SHOWN,    0,                      SHOWN(id) },
    { "username",   { 0 }, "Username",      UM_FIXED,  UM_SHOWN,    0,                      SHOWN(username) },
    { "password",   { 0 }, "Password",      UM_FIXED,  0,           0,                      0 },
    { "is_active",  { 0 }, "Active",        UM_FIXED,  0,           0,                      0 },
    { "is_staff",   { 0 }, "Staff",         UM_FIXED,  0,           0,                      0 },
    { "groups",     { 0 }, "Groups",        UM_FIXED,  0,           0,                      0 },
    { "email_verified", { 0 }, "Email verified", UM_FIXED, 0,       0,                      0 },
    { "created_at", { 0 }, "Created",       UM_FIXED,  0,           0,                      0 },
    { "last_sign_in_at", { 0 }, "Last sign-in", UM_FIXED, 0,        0,                      0 },
};

typedef struct passwords_t {
    um_secret_t old_password, new_password;
} passwords_t;

static const um_member_t password_members[] = {
    { "old_password", { "old password", "current_password" }, "Old password", UM_SECRET, UM_NEEDED, 0,
      offsetof(passwords_t, old_password) },
    { "new_password", { 0 }, "New password", UM_SECRET, UM_NEEDED, 0, offsetof(passwords_t, new_password) },
};

const um_shape_t um_api_user_register_shape = UM_SHAPE(um_member_input_t, register_members);
const um_shape_t um_api_user_update_shape = UM_SHAPE(um_member_input_t, update_members);
const um_shape_t um_api_user_password_shape = UM_SHAPE(passwords_t, password_members);

um_json_t *um_api_user_show(um_call_t *call, const um_user_t *user)
{
    um_json_t *out = um_json_object(call->ctx.pool);

    um_json_put_text(out, "id", user->id);
    um_json_put_text(out, "username", user->username);
    um_json_put_text(out, "first_name", user->first_name);
    um_json_put_text(out, "last_name", user->last_name);
    um_json_put_text(out, "email", user->email);
    return out;
}

/* --- endpoints --- */

um_status_e um_api_user_register(um_call_t *call)
{
    const um_user_t *user;
    const char *token;
    um_status_e status = um_registration_create(&call->ctx, call->in, &user, &token);

    if (status == UM_OK) {
        call->user = user;
        call->out = um_api_user_show(call, user);
        um_json_put_text(call->out, "auth_token", token ? token : "");
        apr_table_setn(call->r->headers_out, "Location",
                       apr_pstrcat(call->ctx.pool, call->route->path, user->id, "/", NULL));
    }
    return status;
}

um_status_e um_api_user_get(um_call_t *call)
{
    call->out = um_api_user_show(call, call->user);
    return um_precondition_for_read(call, um_precondition_tag(call), &call->not_modified);
}

um_status_e um_api_user_update(um_call_t *call)
{
    const um_user_t *user;
    um_status_e status = um_precondition_for_change(call, um_api_user_show(call, call->user));

    if (status == UM_OK) {
        status = um_user_update(&call->ctx, call->user, call->in, &user);
    }
    if (status == UM_OK) {
        call->out = um_api_user_show(call, user);
        (void)um_precondition_tag(call);
    }
    return status;
}

um_status_e um_api_user_change_password(um_call_t *call)
{
    static const char done[] = "Password updated successfully";
    const passwords_t *in = call->in;
    const char *token;
    um_status_e status = um_precondition_for_change(call, um_api_user_show(call, call->user));

    if (status == UM_OK) {
        status = um_password_change(&call->ctx, call->user, in->old_password, in->new_password, &token);
    }
    /* Not when it was the new one that was refused. */
    if (status == UM_INVALID && call->ctx.cause) {
        um_refusal_log(call->r, &call->ctx, call->user->username);
    }
    if (status == UM_OK) {
        call->out = um_json_object(call->ctx.pool);
        um_json_put_text(call->out, "status", "success");
        um_json_put_int(call->out, "code", 200);
        um_json_put_text(call->out, "message", done);
        um_json_put(call->out, "data", um_json_list(call->ctx.pool));
        um_json_put_text(call->out, "detail", done);
        if (call->by_cookie && strcmp(call->user->id, call->caller.user->id) == 0) {
            /* The old one is dead, and no script is to see the new one. */
            um_cookie_set(call->r, token, call->ctx.site->token_lifetime);
        }
        else {
            um_json_put_text(call->out, "token", token);
        }
    }
    return status;
}

um_status_e um_api_user_delete(um_call_t *call)
{
    um_status_e status = um_precondition_for_change(call, um_api_user_show(call, call->user));

    return status == UM_OK ? um_user_delete(&call->ctx, call->user->id) : status;
}
