/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "core_settings.h"
#include "json.h"
#include "store_user.h"
#include "user.h"
#include "user_admin.h"

#include <string.h>

int um_cli_user_password(um_cli_t *cli, um_secret_t *password)
{
    *password = (um_secret_t){ NULL, 0 };
    if (cli->no_password && cli->generate) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--no-password and --generate exclude each other");
    }
    if (cli->no_password) {
        return UM_CLI_DONE;
    }
    if (cli->generate) {
        return um_cli_secret_make(cli, (int)cli->ctx->settings->password_min_length, password) ? UM_CLI_DONE
                                                                                                : UM_CLI_FAILED;
    }
    return um_cli_secret_read(cli, password) ? UM_CLI_DONE : UM_CLI_FAILED;
}

/* The account and, when the program has made it, its password. */
static void tell_added(const um_cli_t *cli, const um_user_t *user, const char *password)
{
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "id", user->id);
    um_json_put_text(object, "username", user->username);
    um_json_put_bool(object, "is_active", user->is_active);
    um_json_put_bool(object, "is_waiting", user->is_waiting);
    if (password) {
        um_json_put_text(object, "password", password);
    }
    um_cli_show(cli, object);
}

int um_cli_user_add(um_cli_t *cli)
{
    um_user_add_t add = {
        .profile = { .username = cli->args[0], .first_name = cli->first_name, .last_name = cli->last_name,
                     .email = cli->email },
        .is_staff = cli->staff, .is_verified = cli->verified, .takes_held_name = cli->held, .groups = cli->groups,
    };
    const um_user_t *user;
    const char *missing;
    um_status_e status;
    int code;

    if (cli->verified && (!cli->email || !*cli->email)) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--verified needs --email");
    }
    code = um_cli_user_profile(cli, 1, &add.profile.custom);
    code = code == UM_CLI_DONE ? um_cli_user_password(cli, &add.profile.password) : code;
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_add(cli->ctx, &add, &user, &missing);
    if (status == UM_ABSENT && missing) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no group %s, so no account was made", missing);
    }
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    tell_added(cli, user, cli->generate ? add.profile.password.text : NULL);
    return UM_CLI_DONE;
}

int um_cli_user_set(um_cli_t *cli)
{
    um_profile_input_t input = { .first_name = cli->first_name, .last_name = cli->last_name, .email = cli->email };
    const um_user_t *updated;
    um_user_t *user;
    um_status_e status;
    int code;

    if (!cli->first_name && !cli->last_name && !cli->email && !cli->profile) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "nothing to set: give --email, --first-name, --last-name or --profile");
    }
    code = um_cli_user_profile(cli, 0, &input.custom);
    code = code == UM_CLI_DONE ? um_cli_account_find(cli, cli->args[0], &user) : code;
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_update(cli->ctx, user, &input, &updated);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, "%s is now:%s%s%s%s <%s>", updated->username, *updated->first_name ? " " : "", updated->first_name,
               *updated->last_name ? " " : "", updated->last_name, updated->email);
    return UM_CLI_DONE;
}

int um_cli_user_rename(um_cli_t *cli)
{
    um_user_t *user, *renamed;
    int code = um_cli_account_find(cli, cli->args[0], &user);
    um_status_e status;

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (strcmp(user->username, cli->args[1]) == 0) {
        um_cli_say(cli, "%s has that name already; nothing was changed", user->username);
        return UM_CLI_DONE;
    }
    status = um_user_rename(cli->ctx, user, cli->args[1], cli->held, &renamed);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, status == UM_INVALID ? cli->args[1] : cli->args[0]);
    }
    um_cli_say(cli, "%s is now %s", user->username, renamed->username);
    return UM_CLI_DONE;
}
