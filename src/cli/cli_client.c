/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "client.h"

#include <stdio.h>

static int failed(const um_cli_t *cli, const char *why)
{
    return um_cli_fail("%s: %s", cli->args[0], why);
}

int um_cli_client_new(um_cli_t *cli)
{
    const char *token, *why = NULL;

    if (um_client_add(cli->pool, cli->args[0], cli->args[1], &token, &why) != APR_SUCCESS) {
        return failed(cli, why);
    }
    puts(token);
    return 0;
}

int um_cli_client_list(um_cli_t *cli)
{
    um_client_list_t *list;
    const char *why = NULL;

    if (um_client_read(cli->pool, cli->args[0], &list, &why) != APR_SUCCESS) {
        return failed(cli, why);
    }
    for (int i = 0; i < um_client_count(list); i++) {
        puts(um_client_name(list, i));
    }
    return 0;
}

int um_cli_client_remove(um_cli_t *cli)
{
    const char *why = NULL;

    if (um_client_remove(cli->pool, cli->args[0], cli->args[1], &why) != APR_SUCCESS) {
        return failed(cli, why);
    }
    printf("%s is no client any more after the next restart\n", cli->args[1]);
    return 0;
}
