/* SPDX-License-Identifier: Apache-2.0 */
/* A database that is opened by a single connection of our own: by the command line, and by httpd's parent. */
#include "store.h"

#include <apr_dbd.h>
#include <apr_strings.h>
#include <string.h>

/* The connection pool of this one connection; its baton is the connection. */
static apr_status_t acquire(void *baton, apr_pool_t *pool, um_dbconn_t *conn)
{
    (void)pool;
    *conn = *(um_dbconn_t *)baton;
    return APR_SUCCESS;
}

static void release(void *baton, um_dbconn_t *conn)
{
    (void)baton;
    (void)conn;
}

static apr_status_t close_connection(void *baton)
{
    um_dbconn_t *conn = baton;

    return apr_dbd_close(conn->driver, conn->handle) == 0 ? APR_SUCCESS : APR_EGENERAL;
}

/* libpq's reasons have a line for each host, and end with a line break. */
static const char *one_line(apr_pool_t *pool, const char *text)
{
    char *rest = NULL, *line = apr_pstrdup(pool, "");

    for (char *part = apr_strtok(apr_pstrdup(pool, text), "\r\n\t", &rest); part;
         part = apr_strtok(NULL, "\r\n\t", &rest)) {
        line = apr_pstrcat(pool, line, *line ? " " : "", part, NULL);
    }
    return line;
}

apr_status_t um_store_open(apr_pool_t *pool, const char *driver, const char *params, um_store_t **store,
                           const char **why)
{
    um_dbconn_t *conn = apr_pcalloc(pool, sizeof(*conn));
    um_connection_pool_t connections = { .baton = conn, .acquire = acquire, .release = release };
    const char *reason = NULL;

    if (apr_dbd_init(pool) != APR_SUCCESS || apr_dbd_get_driver(pool, driver, &conn->driver) != APR_SUCCESS) {
        *why = apr_psprintf(pool, "the driver %s is not installed (Debian: libaprutil1-dbd-%s)", driver, driver);
        return APR_ENOTIMPL;
    }
    if (apr_dbd_open_ex(conn->driver, pool, params, &conn->handle, &reason) != APR_SUCCESS) {
        *why = apr_pstrcat(pool, "no connection to the database: ",
                           reason ? one_line(pool, reason) : "the driver gives no reason", NULL);
        return APR_EGENERAL;
    }
    conn->pool = pool;
    conn->prepared = apr_hash_make(pool);
    /* Before the pool's memory is freed. The last connection that closes a SQLite database writes what is in its WAL
     * into the file. */
    apr_pool_pre_cleanup_register(pool, conn, close_connection);
    *store = um_store_create(pool, strcmp(driver, "pgsql") == 0 ? UM_DIALECT_PGSQL : UM_DIALECT_SQLITE3, &connections,
                             0);
    return APR_SUCCESS;
}
