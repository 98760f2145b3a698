/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "client.h"
#include "json.h"

#include <signal.h>

static int failed(const um_cli_t *cli, apr_status_t rv, const char *why)
{
    um_cli_exit_e code = rv == APR_NOTFOUND ? UM_CLI_ABSENT
                         : rv == APR_EGENERAL || rv == APR_EINVAL || APR_STATUS_IS_EEXIST(rv) ? UM_CLI_FAILED
                                                                                             : UM_CLI_UNREACHABLE;

    return um_cli_fail(cli, code, "%s: %s", cli->args[0], why);
}

static apr_status_t show(void *cli, const char *token, const char **why)
{
    um_cli_say(cli, "%s", token);
    if (!um_cli_flush()) {
        *why = "the token could not be printed, so no client was made";
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static int client_new(um_cli_t *cli)
{
    const char *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    /* A token that goes into a pipe which nobody reads is an error like others: the signal would end the program while
     * the new file stands beside the old one. */
    (void)signal(SIGPIPE, SIG_IGN);
    rv = um_client_add(cli->pool, cli->args[0], cli->args[1], show, cli, &why);
    return rv == APR_SUCCESS ? UM_CLI_DONE : failed(cli, rv, why);
}

static int client_list(um_cli_t *cli)
{
    um_client_list_t *list;
    const char *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_client_read(cli->pool, cli->args[0], &list, &why);
    if (rv != APR_SUCCESS) {
        return failed(cli, rv, why);
    }
    for (int i = 0; i < um_client_count(list); i++) {
        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "name", um_client_name(list, i));
        um_cli_list(cli, object, "%s", um_client_name(list, i));
    }
    return UM_CLI_DONE;
}

static int client_remove(um_cli_t *cli)
{
    const char *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_client_remove(cli->pool, cli->args[0], cli->args[1], &why);
    if (rv != APR_SUCCESS) {
        return failed(cli, rv, why);
    }
    um_cli_say(cli, "%s is removed; servers refuse its token after their next restart", cli->args[1]);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_client[] = {
    { .verb = "new", .synopsis = "[FILE] NAME", .arguments = 2, .place = "UserMgmtClientToken",
      .function = client_new, .help = "make a client, add it to FILE and print its token once" },
    { .verb = "list", .synopsis = "[FILE]", .arguments = 1, .place = "UserMgmtClientToken",
      .options = "json",
      .function = client_list, .help = "list the clients in FILE" },
    { .verb = "remove", .synopsis = "[FILE] NAME", .arguments = 2, .place = "UserMgmtClientToken",
      .function = client_remove, .help = "remove a client from FILE" },
    { .function = NULL },
};
