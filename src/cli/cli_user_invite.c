/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "invitation.h"
#include "json.h"
#include "profile_input.h"
#include "store_user.h"

int um_cli_user_invite(um_cli_t *cli)
{
    um_profile_input_t input = { .username = cli->args[0], .first_name = cli->first_name,
                                 .last_name = cli->last_name, .email = cli->args[1] };
    const um_user_t *user;
    um_json_t *object;
    um_status_e status;
    int code;

    if (!cli->site) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say which site sends the mail: --config FILE, and --host NAME where it "
                           "has several");
    }
    if ((code = um_cli_user_profile(cli, 1, &input.custom)) != UM_CLI_DONE) {
        return code;
    }
    um_profile_check_texts(cli->ctx, &input);
    status = um_invitation_create(cli->ctx, &input, &user);
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    if (!cli->json) {
        um_cli_say(cli, "%s (%s) is invited; the mail waits to be sent to %s", user->username, user->id, user->email);
        return UM_CLI_DONE;
    }
    object = um_json_object(cli->pool);
    um_json_put_text(object, "id", user->id);
    um_json_put_text(object, "username", user->username);
    um_json_put_text(object, "email", user->email);
    um_cli_show(cli, object);
    return UM_CLI_DONE;
}
