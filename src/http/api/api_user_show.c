/* SPDX-License-Identifier: Apache-2.0 */
/* What the API shows of an account. */
#include "api.h"

#include "authenticate.h"
#include "core_settings.h"
#include "custom_field.h"
#include "email_change.h"
#include "group.h"
#include "json.h"
#include "store_user.h"

#include <apr_strings.h>
#include <string.h>

um_json_t *um_api_user_show(um_call_t *call, const um_user_t *user)
{
    um_json_t *out = um_json_object(call->ctx.pool);

    um_json_put_text(out, "id", user->id);
#define PUT(field, ...) um_json_put_text(out, #field, user->field);
    UM_PROFILE(PUT)
#undef PUT
    um_custom_field_show(call->ctx.pool, call->ctx.settings->custom_fields, user->custom, out);
    return out;
}

static void put_time(um_call_t *call, um_json_t *out, const char *name, apr_int64_t seconds)
{
    um_json_put_text(out, name, seconds ? um_reply_time(call->ctx.pool, seconds) : NULL);
}

um_json_t *um_api_user_show_to_staff(um_call_t *call, const um_user_t *user, const char *groups)
{
    um_json_t *out = um_api_user_show(call, user);
    um_json_t *names = um_json_list(call->ctx.pool);
    char *rest = apr_pstrdup(call->ctx.pool, groups), *state, *name;

    for (name = apr_strtok(rest, ",", &state); name; name = apr_strtok(NULL, ",", &state)) {
        um_json_push_text(names, name);
    }
    um_json_put_bool(out, "is_active", user->is_active);
    um_json_put_bool(out, "is_staff", user->is_staff);
    um_json_put_bool(out, "email_verified", user->is_verified);
    um_json_put(out, "groups", names);
    put_time(call, out, "created_at", user->created_at);
    put_time(call, out, "last_sign_in_at", user->last_sign_in_at);
    return out;
}

static int is_by_staff(const um_call_t *call)
{
    return call->caller->user && call->caller->user->is_staff;
}

um_status_e um_api_user_show_account(um_call_t *call, const um_user_t *user, um_json_t **out)
{
    const char *pending, *groups = "";
    um_status_e status = um_email_change_find(&call->ctx, user->id, &pending);

    if (status == UM_OK && is_by_staff(call)) {
        status = um_group_names(&call->ctx, user->id, &groups);
    }
    *out = is_by_staff(call) ? um_api_user_show_to_staff(call, user, groups) : um_api_user_show(call, user);
    if (pending) {
        um_json_put_text(*out, "pending_email", pending);
    }
    return status;
}
