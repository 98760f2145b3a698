/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "random.h"
#include "revoke_all.h"
#include "session.h"
#include "store_user.h"

/* "2026-01-31T23:59:59Z", as um_cli_put_time() has added it; "-": never. */
static const char *time_of(const um_json_t *object, const char *name)
{
    um_json_value_t value = um_json_get(object, name);

    return value.text ? value.text : "-";
}

static void print_session(const um_cli_t *cli, const um_session_t *session)
{
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "id", session->id);
    um_cli_put_time(object, "created_at", apr_time_from_sec(session->created_at));
    um_cli_put_time(object, "refreshed_at", apr_time_from_sec(session->refreshed_at));
    um_cli_put_time(object, "expires_at", apr_time_from_sec(session->expires_at));
    um_json_put_text(object, "address", session->address);
    um_json_put_text(object, "user_agent", session->user_agent);
    um_cli_list(cli, object, "%s created %s refreshed %s expires %s from %s by %s", session->id,
                time_of(object, "created_at"), time_of(object, "refreshed_at"), time_of(object, "expires_at"),
                *session->address ? session->address : "-", *session->user_agent ? session->user_agent : "-");
}

static int session_list(um_cli_t *cli)
{
    apr_array_header_t *sessions;
    um_user_t *user;
    int code = um_cli_account_find(cli, cli->args[0], &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (um_session_list(cli->ctx, user->id, &sessions) != UM_OK) {
        return um_cli_account_fail(cli, UM_UNAVAILABLE, cli->args[0]);
    }
    for (int i = 0; i < sessions->nelts; i++) {
        print_session(cli, &APR_ARRAY_IDX(sessions, i, um_session_t));
    }
    return UM_CLI_DONE;
}

static int session_revoke(um_cli_t *cli)
{
    const char *id = cli->count == 2 ? um_random_uuid_parse(cli->pool, cli->args[1]) : NULL;
    um_user_t *user;
    um_status_e status;
    int code;

    if (cli->all ? cli->count == 2 : cli->count == 1) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say which session: an ID of \"usermgmt session list\", or --all");
    }
    code = um_cli_account_find(cli, cli->args[0], &user);
    if (code != UM_CLI_DONE) {
        return code;
    }
    status = cli->all ? um_session_end_all(cli->ctx, user->id)
             : id ? um_session_end(cli->ctx, user->id, id, 0) : UM_ABSENT;
    if (status == UM_ABSENT && !cli->all) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "%s has no session %s", user->username, cli->args[1]);
    }
    if (status != UM_OK) {
        return um_cli_account_fail(cli, status, cli->args[0]);
    }
    um_cli_say(cli, cli->all ? "all sessions of %s have ended" : "a session of %s has ended", user->username);
    return UM_CLI_DONE;
}

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
    { .verb = "list", .synopsis = "USER", .arguments = 1, .opens_database = 1, .options = "json",
      .function = session_list, .help = "list the sessions of an account, the newest first, at most 100" },
    { .verb = "revoke", .synopsis = "USER ID|--all", .arguments = 1, .optional = 1, .opens_database = 1,
      .options = "all", .function = session_revoke, .help = "end a session of an account, or all of them" },
    { .verb = "end-all", .synopsis = "", .arguments = 0, .opens_database = 1,
      .function = session_end_all, .help = "end all sessions, one-time tokens and waiting mails of all accounts" },
    { .function = NULL },
};
