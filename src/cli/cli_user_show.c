/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "core_settings.h"
#include "custom_field.h"
#include "group.h"
#include "json.h"
#include "store_user.h"
#include "user_admin.h"

#include <apr_strings.h>

void um_cli_user_put(um_json_t *object, const um_user_t *user)
{
#define PUT(name, ...) um_json_put_text(object, #name, user->name);
    um_json_put_text(object, "id", user->id);
    UM_PROFILE(PUT)
#undef PUT
    um_json_put_bool(object, "email_verified", user->is_verified);
    um_json_put_bool(object, "is_active", user->is_active);
    um_json_put_bool(object, "is_waiting", user->is_waiting);
    um_json_put_bool(object, "is_staff", user->is_staff);
}

um_json_t *um_cli_user_groups(apr_pool_t *pool, const char *names)
{
    um_json_t *list = um_json_list(pool);
    char *rest = NULL;

    for (char *name = apr_strtok(apr_pstrdup(pool, names), ",", &rest); name;
         name = apr_strtok(NULL, ",", &rest)) {
        um_json_push_text(list, name);
    }
    return list;
}

int um_cli_user_show(um_cli_t *cli)
{
    um_json_t *object = um_json_object(cli->pool);
    um_user_details_t details;
    const char *groups;
    um_user_t *user;
    um_status_e status;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_lookup_details(cli->ctx, user->id, &details);
    status = status == UM_OK ? um_group_names(cli->ctx, user->id, &groups) : status;
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_user_put(object, user);
    um_cli_put_time(object, "created_at", apr_time_from_sec(user->created_at));
    um_cli_put_time(object, "updated_at", apr_time_from_sec(details.updated_at));
    um_cli_put_time(object, "last_sign_in_at", apr_time_from_sec(user->last_sign_in_at));
    um_json_put_text(object, "password", um_user_password_format(cli->pool, user->password));
    um_json_put_int(object, "sessions", details.sessions);
    um_cli_put_time(object, "latest_session_at", apr_time_from_sec(details.latest_session_at));
    um_json_put(object, "groups", um_cli_user_groups(cli->pool, groups));
    um_custom_field_show(cli->pool, cli->ctx->settings->custom_fields, user->custom, object);
    um_cli_show(cli, object);
    return UM_CLI_DONE;
}
