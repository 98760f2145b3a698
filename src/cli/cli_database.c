/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_dbd.h>
#include <string.h>

/* The one connection of this process; its baton is the connection itself. */
static apr_status_t borrow(void *baton, apr_pool_t *pool, um_dbconn_t *conn)
{
    (void)pool;
    *conn = *(um_dbconn_t *)baton;
    return APR_SUCCESS;
}

static void give_back(void *baton, um_dbconn_t *conn)
{
    (void)baton;
    (void)conn;
}

static apr_status_t close_database(void *baton)
{
    um_dbconn_t *conn = baton;

    return apr_dbd_close(conn->driver, conn->handle) == 0 ? APR_SUCCESS : APR_EGENERAL;
}

int um_cli_database_open(um_cli_t *cli, um_site_t *site)
{
    um_dbconn_t *conn = apr_pcalloc(cli->pool, sizeof(*conn));
    um_lender_t lender = { .baton = conn, .borrow = borrow, .give_back = give_back };
    const char *why = NULL;

    if (!cli->driver || !cli->params) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "say which database: --driver sqlite3|pgsql --params PARAMS");
    }
    if (strcmp(cli->driver, "sqlite3") != 0 && strcmp(cli->driver, "pgsql") != 0) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "--driver %s: must be sqlite3 or pgsql", cli->driver);
    }
    if (apr_dbd_init(cli->pool) != APR_SUCCESS
        || apr_dbd_get_driver(cli->pool, cli->driver, &conn->driver) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "the driver %s is not installed (Debian: libaprutil1-dbd-%s)",
                           cli->driver, cli->driver);
    }
    if (apr_dbd_open_ex(conn->driver, cli->pool, cli->params, &conn->handle, &why) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "no connection to the database: %s",
                           why ? why : "the driver gives no reason");
    }
    apr_pool_pre_cleanup_register(cli->pool, conn, close_database);
    conn->pool = cli->pool;
    conn->prepared = apr_hash_make(cli->pool);
    site->store = um_store_create(cli->pool, strcmp(cli->driver, "pgsql") == 0 ? UM_DIALECT_PGSQL : UM_DIALECT_SQLITE3,
                                  &lender, 0);
    return UM_CLI_DONE;
}
