/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_import.h"
#include "cli_user.h"
#include "store_user.h"
#include "user.h"

#include <apr_strings.h>
#include <string.h>

typedef um_status_e set_fn(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/* Without this, enabling an active account would sign its owner out. A waiting account is neither on nor off. */
static int is_as_wanted(const um_user_t *user, set_fn *set_one, int on)
{
    return set_one == um_user_set_staff ? !user->is_staff == !on : on ? user->is_active
           : !user->is_active && !user->is_waiting;
}

static int set_state(um_cli_t *cli, set_fn *set_one, int on)
{
    um_user_t *user;
    um_status_e status;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (is_as_wanted(user, set_one, on)) {
        um_cli_say(cli, "%s is %s already; nothing was changed", user->username,
                   set_one == um_user_set_staff ? on ? "staff" : "no staff" : on ? "active" : "inactive");
        return UM_CLI_DONE;
    }
    status = set_one(cli->ctx, user->id, on, &user);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, "%s is now %s%s; all sessions of the account have ended", user->username,
               user->is_active ? "active" : "inactive", user->is_staff ? " and staff" : "");
    return UM_CLI_DONE;
}

/* Opens the database itself, when the second argument is right. */
static int set_by_word(um_cli_t *cli, set_fn *set_one)
{
    int on = strcmp(cli->args[1], "on") == 0, code;

    if (!on && strcmp(cli->args[1], "off") != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "%s: must be on or off", cli->args[1]);
    }
    code = um_cli_database_open(cli);
    return code == UM_CLI_DONE ? set_state(cli, set_one, on) : code;
}

static int user_staff(um_cli_t *cli)
{
    return set_by_word(cli, um_user_set_staff);
}

static int user_active(um_cli_t *cli)
{
    return set_by_word(cli, um_user_set_active);
}

static int user_enable(um_cli_t *cli)
{
    return set_state(cli, um_user_set_active, 1);
}

static int user_disable(um_cli_t *cli)
{
    return set_state(cli, um_user_set_active, 0);
}

static int user_delete(um_cli_t *cli)
{
    um_user_t *user;
    um_status_e status;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    code = um_cli_secret_confirm(cli, apr_psprintf(cli->pool, "%s (%s) and everything that belongs to the account is "
                                                   "deleted for good. To go on, type its name:", user->username,
                                                   user->id), user->username);
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_delete(cli->ctx, user->id);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, "%s (%s) is deleted", user->username, user->id);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_user[] = {
    { .verb = "add", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .hashes_passwords = 1,
      .options = "email first-name last-name profile group staff verified generate no-password held json",
      .function = um_cli_user_add, .help = "add an account; reads its password from standard input" },
    { .verb = "invite", .synopsis = "NAME EMAIL", .arguments = 2, .opens_database = 1,
      .options = "first-name last-name profile json", .function = um_cli_user_invite,
      .help = "add an account without a password and send its owner a mail with which they set one" },
    { .verb = "show", .synopsis = "NAME", .arguments = 1, .opens_database = 1, .options = "json",
      .function = um_cli_user_show, .help = "print an account, its groups and its sessions" },
    { .verb = "list", .synopsis = "", .arguments = 0, .opens_database = 1,
      .options = "group staff inactive limit json",
      .function = um_cli_user_list, .help = "list accounts by name: id, name, address, state" },
    { .verb = "find", .synopsis = "TEXT", .arguments = 1, .opens_database = 1,
      .options = "staff inactive limit json", .function = um_cli_user_find,
      .help = "list the accounts whose name or address begins with TEXT, or that have it as their id" },
    { .verb = "set", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .options = "email first-name last-name profile",
      .function = um_cli_user_set, .help = "change the address, the names or fields of the site's own" },
    { .verb = "rename", .synopsis = "NAME NEW", .arguments = 2, .opens_database = 1, .options = "held",
      .function = um_cli_user_rename, .help = "give an account another user name" },
    { .verb = "passwd", .synopsis = "NAME", .arguments = 1, .opens_database = 1, .hashes_passwords = 1,
      .options = "generate no-password json", .function = um_cli_user_passwd,
      .help = "set a password, which is read from standard input; ends all sessions" },
    { .verb = "reset", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_user_reset, .help = "send the owner a mail with which they set a new password" },
    { .verb = "verify", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = um_cli_user_verify, .help = "take the address of an account as verified" },
    { .verb = "disable", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = user_disable, .help = "switch an account off; ends its sessions" },
    { .verb = "enable", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = user_enable, .help = "switch an account on" },
    { .verb = "delete", .synopsis = "NAME", .arguments = 1, .opens_database = 1, .options = "yes",
      .function = user_delete, .help = "delete an account and everything that belongs to it" },
    { .verb = "staff", .synopsis = "NAME on|off", .arguments = 2,
      .function = user_staff, .help = "give or take the rights of staff; ends the account's sessions" },
    { .verb = "active", .synopsis = "NAME on|off", .arguments = 2,
      .function = user_active, .help = "enable or disable, by another name" },
    { .verb = "import", .synopsis = "FILE|-", .arguments = 1,
      .options = "format dry-run on-conflict model tokens-until report columns",
      .function = um_cli_import_run, .help = "bring along the accounts of another program" },
    { .verb = "export", .synopsis = "[FILE]", .optional = 1, .options = "format model",
      .function = um_cli_export_run, .help = "write all accounts, with their hashes, for another program" },
    { .function = NULL },
};
