/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "pepper.h"

/* How a change of the file ended; on success it prints the ID of the version. */
static int end_pepper(const um_cli_t *cli, apr_status_t rv, const char *id, const char *why)
{
    um_cli_exit_e code = rv == APR_NOTFOUND ? UM_CLI_ABSENT
                         : rv == APR_EGENERAL || rv == APR_EINVAL || APR_STATUS_IS_EEXIST(rv) ? UM_CLI_FAILED
                                                                                             : UM_CLI_UNREACHABLE;

    if (rv != APR_SUCCESS) {
        return um_cli_fail(cli, code, "%s: %s", cli->args[0], why);
    }
    um_cli_say(cli, "%s", id);
    return UM_CLI_DONE;
}

/* One of um_pepper_create, um_pepper_add and um_pepper_rotate. */
typedef apr_status_t pepper_fn(apr_pool_t *pool, const char *file, const char **id, const char **why);

static int change_pepper(um_cli_t *cli, pepper_fn *change)
{
    const char *id = NULL, *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = change(cli->pool, cli->args[0], &id, &why);
    return end_pepper(cli, rv, id, why);
}

static int pepper_new(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_create);
}

static int pepper_add(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_add);
}

static int pepper_rotate(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_rotate);
}

static int pepper_use(um_cli_t *cli)
{
    const char *id = cli->args[1], *why = NULL;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_pepper_use(cli->pool, cli->args[0], id, &why);
    return end_pepper(cli, rv, id, why);
}

static void list_version(const um_cli_t *cli, const char *id, const char *state)
{
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "id", id);
    um_json_put_text(object, "state", state);
    um_cli_list(cli, object, "%s %s", id, state);
}

static int pepper_list(um_cli_t *cli)
{
    const char *why = NULL;
    um_pepper_t *pepper;
    int code = um_cli_owner_take_on(cli, cli->args[0]);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_pepper_read(cli->pool, cli->args[0], &pepper, &why);
    if (rv != APR_SUCCESS) {
        return end_pepper(cli, rv, NULL, why);
    }
    if (!um_pepper_current(pepper)) {
        list_version(cli, UM_PEPPER_NONE, "new hashes");
    }
    for (int i = 0; i < um_pepper_count(pepper); i++) {
        list_version(cli, um_pepper_id(pepper, i), i || !um_pepper_current(pepper) ? "verifies" : "new hashes");
    }
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_pepper[] = {
    { .verb = "new", .synopsis = "[FILE]", .arguments = 1, .place = "UserMgmtPasswordPepper",
      .function = pepper_new, .help = "make FILE with one version of the pepper and print its ID" },
    { .verb = "list", .synopsis = "[FILE]", .arguments = 1, .place = "UserMgmtPasswordPepper",
      .options = "json",
      .function = pepper_list, .help = "list the versions in FILE: ID and state" },
    { .verb = "rotate", .synopsis = "[FILE]", .arguments = 1, .place = "UserMgmtPasswordPepper",
      .function = pepper_rotate, .help = "add a version to FILE that new hashes use, and print its ID" },
    { .verb = "add", .synopsis = "[FILE]", .arguments = 1, .place = "UserMgmtPasswordPepper",
      .function = pepper_add, .help = "add a version that new hashes do not use yet, and print its ID" },
    { .verb = "use", .synopsis = "[FILE] ID", .arguments = 2, .place = "UserMgmtPasswordPepper",
      .function = pepper_use, .help = "let new hashes use version ID, or none: no pepper" },
    { .function = NULL },
};
