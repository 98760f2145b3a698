/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "revoke_all.h"

static int session_end_all(um_cli_t *cli)
{
    um_revoke_all_t done;

    if (um_revoke_all_run(cli->ctx, &done) != UM_OK) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s; call the command again", cli->ctx->cause);
    }
    um_cli_say(cli, "ended all sessions of %" APR_INT64_T_FMT " accounts, %" APR_INT64_T_FMT " one-time tokens and %"
               APR_INT64_T_FMT " waiting mails", done.users, done.one_time_tokens, done.mails);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_session[] = {
    { .verb = "end-all", .synopsis = "", .arguments = 0, .opens_database = 1,
      .function = session_end_all, .help = "end all sessions, one-time tokens and waiting mails of all accounts" },
    { .function = NULL },
};
