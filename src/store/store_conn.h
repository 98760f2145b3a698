/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_CONN_H
#define UM_STORE_CONN_H
/* One borrowed connection: the only place that calls apr_dbd. For the files of the store only. */
#include "store.h"

/** Whether a connection has yet to be prepared. PostgreSQL's never has. */
int um_store_conn_is_fresh(const um_dbconn_t *conn, um_dialect_e dialect);

/** Whether preparing a fresh connection writes to the database: a new one is turned to WAL. */
int um_store_conn_is_new(um_dbconn_t *conn, apr_pool_t *pool);

/** Makes a fresh SQLite connection keep its promises (full sync and, unless to_wal is 0, WAL) and reads back that it
 * does. Under the write lock when the database is new: turning it to WAL needs it alone, and is kept in the file.
 * Settings given by DBDInitSQL are no substitute: a PRAGMA there that answers with a row silently ends the list.
 * APR_EGENERAL: *why says which one was refused. */
apr_status_t um_store_conn_prepare(um_dbconn_t *conn, int to_wal, apr_pool_t *pool, const char **why);

/** Runs a statement, once. conn->failure is set when it fails.
 * @param why  on APR_EGENERAL the first line of the driver's text: later lines quote user data */
apr_status_t um_store_conn_run(um_dbconn_t *conn, const um_statement_t *statement, apr_pool_t *pool,
                               const char *const *values, um_rows_t *rows, const char **why);

/** Runs SQL text without values and without rows; conn->failure as above. APR_EBUSY: another program kept SQLite's
 * database locked for as long as the driver waits, 1.6 s; else APR_EGENERAL. */
apr_status_t um_store_conn_text(um_dbconn_t *conn, apr_pool_t *pool, const char *sql, const char **why);

/** Whether the server answers on it, within so many milliseconds. conn->failure is set when not. */
int um_store_conn_answers(um_dbconn_t *conn, apr_pool_t *pool, apr_uint32_t milliseconds);

/** Whether the connection is good now; the driver reconnects here if it has to, which takes no longer than DBDParams
 * allows by connect_timeout. */
int um_store_conn_alive(const um_dbconn_t *conn, apr_pool_t *pool);

/** Rolls back what transaction is open on the connection; drops a PostgreSQL connection on which that fails. Leaves
 * conn->failure alone, unless that takes too long.
 * @return whether the connection can be used now: it is neither lost nor inside a transaction */
int um_store_conn_settle(um_dbconn_t *conn, apr_pool_t *pool);

/** After a failed statement: forgets those kept with the connection that can be no good any more, so that the next run
 * prepares them anew. All of them when SQLite's schema has changed (it refuses them then) or PostgreSQL was reconnected
 * (it has lost them); else the one that failed, if it is SQLite's, which the driver never gets to run again, or
 * PostgreSQL does not have it. Not more: what a
 * statement takes is given back only when the connection is closed, by the drivers and by PostgreSQL, and on a full
 * disk they fail again and again.
 * @param failed  NULL: not known
 * @return whether all were forgotten */
int um_store_conn_forget(um_dbconn_t *conn, um_dialect_e dialect, const um_statement_t *failed,
                         apr_pool_t *pool);

#endif
