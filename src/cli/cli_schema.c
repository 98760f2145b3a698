/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "schema.h"

#include <string.h>

int um_cli_schema_status(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_store_call_t call = { .pool = cli->pool };
    const um_schema_step_t *missing = NULL;
    const um_schema_step_t *step;
    int code = um_cli_database_open(cli, &site);

    if (code != UM_CLI_DONE) {
        return code;
    }
    call.store = site.store;
    if (um_schema_missing(&call, &missing) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    for (int i = 0; (step = um_schema_step(um_store_dialect(site.store), i)) != NULL; i++) {
        um_cli_say(cli, "%-8s %s", missing && step->number >= missing->number ? "missing" : "applied", step->name);
    }
    return missing ? UM_CLI_FAILED : UM_CLI_DONE;
}

int um_cli_schema_upgrade(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_store_call_t call = { .pool = cli->pool };
    apr_array_header_t *applied = apr_array_make(cli->pool, 4, sizeof(const char *));
    int code = um_cli_database_open(cli, &site);

    if (code != UM_CLI_DONE) {
        return code;
    }
    call.store = site.store;
    if (um_schema_upgrade(&call, applied) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    for (int i = 0; i < applied->nelts; i++) {
        um_cli_say(cli, "applied  %s", APR_ARRAY_IDX(applied, i, const char *));
    }
    if (!applied->nelts) {
        um_cli_say(cli, "nothing to do: the database has all steps");
    }
    return UM_CLI_DONE;
}

int um_cli_schema_sql(um_cli_t *cli)
{
    um_dialect_e dialect = cli->driver && strcmp(cli->driver, "sqlite3") == 0 ? UM_DIALECT_SQLITE3 : UM_DIALECT_PGSQL;
    const um_schema_step_t *step;

    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL; i++) {
        um_cli_print(step->sql);
    }
    return UM_CLI_DONE;
}
