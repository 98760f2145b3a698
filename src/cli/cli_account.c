/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "store_user.h"
#include "user_admin.h"

#include <string.h>

int um_cli_account_fail(const um_cli_t *cli, um_status_e status, const char *name)
{
    const apr_array_header_t *errors = cli->ctx->errors;

    if (status != UM_INVALID || !errors->nelts) {
        return um_cli_fail_status(cli, cli->ctx, status, "account", name);
    }
    for (int i = 0; i < errors->nelts; i++) {
        const um_error_t *error = &APR_ARRAY_IDX(errors, i, um_error_t);

        if (strcmp(error->field, UM_NO_FIELD) == 0) {
            um_cli_fail(cli, UM_CLI_FAILED, "%s: %s", name, error->text);
        }
        else {
            um_cli_fail(cli, UM_CLI_FAILED, "%s: %s: %s", name, error->field, error->text);
        }
    }
    return UM_CLI_FAILED;
}

int um_cli_account_find(const um_cli_t *cli, const char *text, um_user_t **user)
{
    apr_array_header_t *candidates;
    um_status_e status = um_user_lookup(cli->ctx, text, user, &candidates);

    if (status == UM_OK) {
        return UM_CLI_DONE;
    }
    if (status != UM_INVALID) {
        return um_cli_account_fail(cli, status, text);
    }
    um_cli_fail(cli, UM_CLI_FAILED, "%s may be any of these accounts; call the command again with an id:", text);
    for (int i = 0; i < candidates->nelts; i++) {
        const um_user_t *one = APR_ARRAY_IDX(candidates, i, const um_user_t *);

        um_cli_fail(cli, UM_CLI_FAILED, "    %s  %s  %s", one->id, one->username, one->email);
    }
    if (candidates->nelts == UM_USER_CANDIDATES) {
        um_cli_fail(cli, UM_CLI_FAILED, "    and perhaps further ones");
    }
    return UM_CLI_FAILED;
}
