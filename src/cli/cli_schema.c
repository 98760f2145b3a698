/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "schema.h"
#include "store_rekey.h"

#include <string.h>

static int is_missing(const um_schema_state_t *state, const um_schema_step_t *step)
{
    for (int i = 0; i < state->missing->nelts; i++) {
        if (APR_ARRAY_IDX(state->missing, i, const um_schema_step_t *) == step) {
            return 1;
        }
    }
    return 0;
}

static void list_step(const um_cli_t *cli, const char *state, const char *step)
{
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "step", step);
    um_json_put_text(object, "state", state);
    um_cli_list(cli, object, "%-8s %s", state, step);
}

static int schema_status(um_cli_t *cli)
{
    um_store_call_t call;
    um_schema_state_t state;
    const um_schema_step_t *step;
    int code = um_cli_database_open_schema(cli, 0, &call);

    if (code != UM_CLI_DONE) {
        return code;
    }
    if (um_schema_look(&call, &state) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    for (int i = 0; (step = um_schema_step(um_store_dialect(call.store), i)) != NULL; i++) {
        list_step(cli, is_missing(&state, step) ? "missing" : "applied", step->name);
    }
    for (int i = 0; i < state.unknown->nelts; i++) {
        list_step(cli, "unknown", APR_ARRAY_IDX(state.unknown, i, const char *));
    }
    if (state.too_new) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", um_schema_too_new(cli->pool, &state));
    }
    if (state.wrong_column) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", state.wrong_column);
    }
    return state.missing->nelts ? UM_CLI_FAILED : UM_CLI_DONE;
}

/* Standard error, because the program may wait for minutes, and with --quiet nobody would know why. */
static void say_waits(void *baton, const char *why)
{
    (void)um_cli_fail(baton, UM_CLI_DONE, "waiting: %s", why);
}

static void say_progress(void *baton, int made)
{
    (void)um_cli_fail(baton, UM_CLI_DONE, "making keys of addresses and names: %d accounts are done", made);
}

static int schema_upgrade(um_cli_t *cli)
{
    um_store_call_t call;
    um_schema_state_t state;
    apr_array_header_t *applied = apr_array_make(cli->pool, 4, sizeof(const char *));
    int code = um_cli_database_open_schema(cli, 1, &call), is_done;

    if (code != UM_CLI_DONE) {
        return code;
    }
    is_done = um_schema_upgrade(&call, applied, say_waits, cli) == APR_SUCCESS;
    for (int i = 0; i < applied->nelts; i++) {
        um_cli_say(cli, "applied  %s", APR_ARRAY_IDX(applied, i, const char *));
    }
    if (!is_done || um_schema_look(&call, &state) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    if (state.wrong_column) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", state.wrong_column);
    }
    if (um_store_rekey(&call, say_progress, cli) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "not all keys of addresses and names could be made: %s",
                           call.cause);
    }
    if (!applied->nelts) {
        um_cli_say(cli, "nothing to do: the database has all steps");
    }
    return UM_CLI_DONE;
}

static int schema_sql(um_cli_t *cli)
{
    const char *driver = cli->driver ? cli->driver : "pgsql";
    um_dialect_e dialect = strcmp(driver, "sqlite3") == 0 ? UM_DIALECT_SQLITE3 : UM_DIALECT_PGSQL;
    const um_schema_step_t *step;

    if (dialect == UM_DIALECT_PGSQL && strcmp(driver, "pgsql") != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--driver %s: must be sqlite3 or pgsql", driver);
    }
    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL; i++) {
        um_cli_print(step->sql);
    }
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_schema[] = {
    { .verb = "status", .synopsis = "", .arguments = 0, .options = "json",
      .function = schema_status, .help = "list the steps of the schema that the database has and lacks" },
    { .verb = "upgrade", .synopsis = "", .arguments = 0,
      .function = schema_upgrade, .help = "apply the missing steps, on PostgreSQL beside running servers" },
    { .verb = "sql", .synopsis = "", .arguments = 0,
      .function = schema_sql, .help = "print all steps of --driver as SQL" },
    { .function = NULL },
};
