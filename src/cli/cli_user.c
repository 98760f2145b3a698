/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "group.h"
#include "store_user.h"
#include "user.h"

#include <string.h>

static int fail_account(const um_cli_t *cli, um_status_e status)
{
    return um_cli_fail_status(cli, cli->ctx, status, "account", cli->args[0]);
}

int um_cli_user_show(um_cli_t *cli)
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

int um_cli_user_staff(um_cli_t *cli)
{
    return set(cli, um_user_set_staff);
}

int um_cli_user_active(um_cli_t *cli)
{
    return set(cli, um_user_set_active);
}
