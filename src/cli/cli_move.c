/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "json.h"
#include "store.h"
#include "store_move.h"

#include <string.h>

static int open_target(um_cli_t *cli, um_store_call_t *to)
{
    const char *why = NULL;

    *to = (um_store_call_t){ .pool = cli->pool };
    if (um_store_open(cli->pool, "pgsql", cli->to + strlen("pgsql:"), &to->store, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "the target: %s", why);
    }
    um_store_keep_schema(to->store);
    return um_store_ready(to) == APR_SUCCESS ? UM_CLI_DONE
           : um_cli_fail(cli, UM_CLI_FAILED, "the target: %s; --driver pgsql --params PARAMS name it to the command",
                         to->cause);
}

static void print_tables(const um_cli_t *cli, const apr_array_header_t *tables)
{
    for (int i = 0; i < tables->nelts; i++) {
        const um_store_move_t *table = &APR_ARRAY_IDX(tables, i, um_store_move_t);
        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "table", table->table);
        um_json_put_int(object, "rows", table->moved);
        um_cli_list(cli, object, "%10" APR_INT64_T_FMT " %s", table->moved, table->table);
    }
}

static int move(um_cli_t *cli)
{
    um_store_call_t from, to;
    apr_array_header_t *tables;
    int code;

    if (!cli->to || strncmp(cli->to, "pgsql:", 6) != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say where to: --to \"pgsql:PARAMS\", with PARAMS as in DBDParams");
    }
    code = um_cli_database_find(cli);
    if (code == UM_CLI_DONE && strcmp(cli->driver, "sqlite3") != 0) {
        code = um_cli_fail(cli, UM_CLI_MISUSE, "the database is no SQLite database: only these are moved");
    }
    code = code == UM_CLI_DONE ? um_cli_database_open_schema(cli, 0, &from) : code;
    if (code == UM_CLI_DONE && um_store_ready(&from) != APR_SUCCESS) {
        code = um_cli_fail(cli, UM_CLI_FAILED, "%s", from.cause);
    }
    code = code == UM_CLI_DONE ? open_target(cli, &to) : code;
    if (code != UM_CLI_DONE) {
        return code;
    }
    if (um_store_move_run(&from, &to, &tables) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_FAILED, "%s", from.cause ? from.cause : "the databases could not be read");
    }
    print_tables(cli, tables);
    if (!cli->json) {
        um_cli_say(cli, "All rows were copied. Now change httpd's configuration:");
        um_cli_say(cli, "DBDriver  pgsql");
        um_cli_say(cli, "DBDParams \"...\" for the role of httpd, see docs/to-postgresql.md");
    }
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_move[] = {
    { .verb = "", .synopsis = "--to \"pgsql:PARAMS\"", .options = "to json", .function = move,
      .help = "copy a SQLite database to PostgreSQL, all rows or none; stop httpd before" },
    { .function = NULL },
};
