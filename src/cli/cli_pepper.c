/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
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

int um_cli_pepper_new(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_create);
}

int um_cli_pepper_add(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_add);
}

int um_cli_pepper_rotate(um_cli_t *cli)
{
    return change_pepper(cli, um_pepper_rotate);
}

int um_cli_pepper_use(um_cli_t *cli)
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

int um_cli_pepper_list(um_cli_t *cli)
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
        um_cli_say(cli, UM_PEPPER_NONE " new hashes");
    }
    for (int i = 0; i < um_pepper_count(pepper); i++) {
        um_cli_say(cli, "%s %s", um_pepper_id(pepper, i), i || !um_pepper_current(pepper) ? "verifies" : "new hashes");
    }
    return UM_CLI_DONE;
}
