/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "group.h"
#include "json.h"
#include "store_user.h"
#include "user.h"

#include <apr_strings.h>
#include <string.h>

static int fail_account(const um_cli_t *cli, um_status_e status)
{
    return um_cli_fail_status(cli, cli->ctx, status, "account", cli->args[0]);
}

static int show_json(const um_cli_t *cli, const um_user_t *user, const char *groups)
{
    um_json_t *object = um_json_object(cli->pool), *list = um_json_list(cli->pool);
    char *rest = NULL;

    for (char *name = apr_strtok(apr_pstrdup(cli->pool, groups), ",", &rest); name;
         name = apr_strtok(NULL, ",", &rest)) {
        um_json_push_text(list, name);
    }
    um_json_put_text(object, "id", user->id);
    um_json_put_text(object, "username", user->username);
    um_json_put_text(object, "first_name", user->first_name);
    um_json_put_text(object, "last_name", user->last_name);
    um_json_put_text(object, "email", user->email);
    um_json_put_bool(object, "is_active", user->is_active);
    um_json_put_bool(object, "is_waiting", user->is_waiting);
    um_json_put_bool(object, "is_staff", user->is_staff);
    um_json_put(object, "groups", list);
    um_cli_show(cli, object);
    return UM_CLI_DONE;
}

static int user_show(um_cli_t *cli)
{
    const char *groups;
    um_user_t *user;
    um_status_e status = um_user_by_name(cli->ctx, cli->args[0], &user);

    if (status == UM_OK) {
        status = um_group_names(cli->ctx, user->id, &groups);
    }
    if (status != UM_OK) {
        return fail_account(cli, status);
    }
    if (cli->json) {
        return show_json(cli, user, groups);
    }
    um_cli_say(cli, "id        %s", user->id);
    um_cli_say(cli, "username  %s", user->username);
    um_cli_say(cli, "name      %s %s", user->first_name, user->last_name);
    um_cli_say(cli, "email     %s", user->email);
    um_cli_say(cli, "active    %s", user->is_active ? "yes"
               : user->is_waiting ? "no, until its address is verified" : "no");
    um_cli_say(cli, "staff     %s", user->is_staff ? "yes" : "no");
    um_cli_say(cli, "groups    %s", groups);
    return UM_CLI_DONE;
}

typedef um_status_e set_fn(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/* Opens the database itself, when the second argument is right. */
static int set(um_cli_t *cli, set_fn *set_state)
{
    um_user_t *user;
    int on = strcmp(cli->args[1], "on") == 0, code;
    um_status_e status;

    if (!on && strcmp(cli->args[1], "off") != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "%s: must be on or off", cli->args[1]);
    }
    code = um_cli_database_open(cli);
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_by_name(cli->ctx, cli->args[0], &user);
    if (status == UM_OK) {
        status = set_state(cli->ctx, user->id, on, &user);
    }
    if (status != UM_OK) {
        return fail_account(cli, status);
    }
    um_cli_say(cli, "%s is now %s%s; all sessions of the account have ended", user->username,
               user->is_active ? "active" : "inactive", user->is_staff ? " and staff" : "");
    return UM_CLI_DONE;
}

static int user_staff(um_cli_t *cli)
{
    return set(cli, um_user_set_staff);
}

static int user_active(um_cli_t *cli)
{
    return set(cli, um_user_set_active);
}

const um_cli_command_t um_cli_user[] = {
    { .verb = "show", .synopsis = "NAME", .arguments = 1, .opens_database = 1, .options = "json",
      .function = user_show, .help = "print an account and its groups" },
    { .verb = "staff", .synopsis = "NAME on|off", .arguments = 2,
      .function = user_staff, .help = "give or take the rights of staff; ends the account's sessions" },
    { .verb = "active", .synopsis = "NAME on|off", .arguments = 2,
      .function = user_active, .help = "switch an account on or off; ends its sessions" },
    { .function = NULL },
};
