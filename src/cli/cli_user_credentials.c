/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "json.h"
#include "password_reset.h"
#include "store_user.h"
#include "user_admin.h"

int um_cli_user_passwd(um_cli_t *cli)
{
    um_secret_t password;
    um_user_t *user;
    um_status_e status;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    code = code == UM_CLI_DONE ? um_cli_user_password(cli, &password) : code;
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_password_set(cli->ctx, user, password);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    if (cli->generate || cli->json) {
        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "username", user->username);
        if (cli->generate) {
            um_json_put_text(object, "password", password.text);
        }
        um_cli_show(cli, object);
        return UM_CLI_DONE;
    }
    um_cli_say(cli, "%s %s; all sessions of the account have ended", user->username,
               password.text ? "has a new password" : "has no password");
    return UM_CLI_DONE;
}

int um_cli_user_reset(um_cli_t *cli)
{
    um_user_t *user;
    um_status_e status;
    int code;

    if (!cli->site) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say which site sends the mail: --config FILE, and --host NAME where it "
                           "has several");
    }
    code = um_cli_account_find(cli, cli->args[0], &user);
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_password_reset_send(cli->ctx, user);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, "a mail to reset the password of %s waits to be sent to %s", user->username, user->email);
    return UM_CLI_DONE;
}

int um_cli_user_verify(um_cli_t *cli)
{
    um_user_t *user, *verified;
    um_status_e status;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    status = um_user_verify(cli->ctx, user, &verified);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, "the address %s of %s is verified%s", verified->email, verified->username,
               verified->is_active ? "" : "; the account is switched off");
    return UM_CLI_DONE;
}
