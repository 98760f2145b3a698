/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_H
#define UM_STORE_H
/* The database as core sees it: one database of a process, calls, and transactions. The rows are in store_<noun>.h.
 *
 * A connection is acquired for one statement or one transaction and released before anything else happens (hashing,
 * mailing, answering). A thread that held one and asked for a second one would wait for ever once the pool is used up.
 *
 * Lost connections. A statement whose connection was lost is sent again on a connection that works (the driver
 * reconnects in its check). Therefore each statement must be safe to execute twice: a write says "on conflict do
 * nothing" or "where version =", and a caller that then gets no row and sees rows->again looks whether the first
 * execution was its own. A statement is repeated, too, when another transaction has interfered: after a deadlock or a
 * serialization failure, and when the other one has deleted a row that this one refers to, or taken a unique key. A
 * statement that the server refused or canceled is not repeated: a timeout would take as long again, and would add to
 * the load that caused it. */
#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>

typedef enum { UM_DIALECT_PGSQL, UM_DIALECT_SQLITE3 } um_dialect_e;

/* --- where connections come from --- */

typedef struct um_call_timeout_t um_call_timeout_t;
typedef struct um_counters_t um_counters_t;
typedef struct um_thread_limit_t um_thread_limit_t;

/** Limits how long a database that does not answer can hold up the threads of a process. Each part may be NULL. */
typedef struct um_guard_t {
    um_call_timeout_t *call_timeout; /**< closes a PostgreSQL connection whose call takes longer than timeout */
    apr_uint32_t timeout;      /**< milliseconds */
    um_thread_limit_t *limit;  /**< bounds the connections in use */
} um_guard_t;

/** What is counted of the calls, and where (counters.h). */
typedef struct um_store_meter_t {
    um_counters_t *counters;   /**< NULL: nothing is counted */
    unsigned calls;            /**< histogram of the time of a statement or transaction, all waiting included */
    unsigned retries;          /**< counter: how often one was sent again */
    unsigned failures;         /**< counter: how many failed in the end */
    unsigned in_use, waiting;  /**< gauges: connections, and threads that wait for one */
} um_store_meter_t;

/** A connection as its pool hands it out. */
typedef struct um_dbconn_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_hash_t *prepared;      /**< lives as long as the connection; the store's keys begin with "um." */
    apr_pool_t *pool;          /**< lives as long as the connection */
    void *record;              /**< the pool's own record of it */
} um_dbconn_t;

/** A connection pool: mod_dbd in httpd, a single connection in the command line and in tests. */
typedef struct um_connection_pool_t {
    void *baton;
    /** Gives the reason why no connection may be used at the moment, which is already logged; NULL when connections may
     * be used. The member may be NULL. */
    const char *(*trouble)(void *baton);
    /** Acquires a connection into *conn. APR_SUCCESS, or another status when none is available now. */
    apr_status_t (*acquire)(void *baton, apr_pool_t *pool, um_dbconn_t *conn);
    void (*release)(void *baton, um_dbconn_t *conn);
    /** Locks out every other writer on this machine (SQLite only). The member is NULL where there is no other writer.
     * Waits for some seconds at the most; APR_TIMEUP: the lock was not free in that time. */
    apr_status_t (*lock)(void *baton);
    void (*unlock)(void *baton);
    um_guard_t guard;
    um_store_meter_t meter;
} um_connection_pool_t;

/* --- a database --- */

/** One database in one process. Threads share it. */
typedef struct um_store_t um_store_t;

/** Makes the process's record of a database. Does not connect.
 * @param connections  copied; its baton must live as long as pool
 * @param prepare whether PostgreSQL may keep prepared statements, which saves a quarter of a SELECT's cost. A
 *                connection that was reconnected has lost them; it runs without until they are prepared again. Where
 *                the server misses them again and again, because a connection pooler hands out different servers, the
 *                process stops using them */
um_store_t *um_store_create(apr_pool_t *pool, um_dialect_e dialect, const um_connection_pool_t *connections,
                            int prepare);

/** Opens one connection of its own, which is closed with pool, and makes a record of its database.
 * @param driver  sqlite3 or pgsql
 * @param params  as DBDParams has them
 * @return APR_SUCCESS; APR_ENOTIMPL: APR's driver is not installed; APR_EGENERAL: no connection, *why is the driver's
 * reason in one line */
apr_status_t um_store_open(apr_pool_t *pool, const char *driver, const char *params, um_store_t **store,
                           const char **why);

um_dialect_e um_store_dialect(const um_store_t *store);

/** From here on a SQLite database keeps its schema and journal mode as they are, as a PostgreSQL database always does:
 * a missing step is an error. To be called before the first statement. */
void um_store_keep_schema(um_store_t *store);

/** The path of a SQLite database's file in DBDParams, NULL for a database in memory; and the folder of a file. */
const char *um_store_sqlite_file(apr_pool_t *pool, const char *params);
const char *um_store_sqlite_folder(apr_pool_t *pool, const char *file);

/* --- calls --- */

typedef struct um_store_event_t um_store_event_t;       /* store_event.h */

/** A call into the store, and why it failed. */
typedef struct um_store_call_t {
    um_store_t *store;
    apr_pool_t *pool;          /**< of the rows and of the text of cause */
    const um_store_event_t *event; /**< stored with the change, by functions that say so; NULL: none */
    const char *cause;         /**< set by a call that failed: what, on what, why; for the log, without user data */
    int is_logged;             /**< set with cause: the database failed a moment ago, and that failure is in the log */
} um_store_call_t;

/** The rows that a statement gave. The values are copies in the call's pool; NULL is SQL's null. */
typedef struct um_rows_t {
    int count;
    const char *const *const *row; /**< row[i][column] */
    int again;                 /**< the answer to an earlier sending was lost: it may have been executed */
} um_rows_t;

/** Checks that the schema is complete, once in each process; later calls answer from memory. On SQLite it makes the
 * schema complete. Every statement does this by itself. It is called at the start so that a missing step is logged
 * then.
 * @return APR_SUCCESS; APR_EGENERAL: the schema is not complete or could not be read, cause says which step or why */
apr_status_t um_store_ready(um_store_call_t *call);

/** An open transaction. */
typedef struct um_tx_t um_tx_t;

/** The transaction was rolled back because its function asked for it. */
#define UM_STORE_ROLLED_BACK (APR_OS_START_USERERR + 1)
/** The connection was lost at COMMIT: the caller must look whether it was done. */
#define UM_STORE_UNKNOWN     (APR_OS_START_USERERR + 2)

/** The work of a transaction. It is called again from its start when the connection was lost, and after a conflict with
 * another transaction.
 * @return APR_SUCCESS: commit. UM_STORE_ROLLED_BACK: roll back, the function has found out what it wanted. Otherwise
 * the failure of one of its statements */
typedef apr_status_t um_store_tx_fn(um_tx_t *tx, void *baton);

/** Runs fn in a transaction.
 * @return APR_SUCCESS: committed. UM_STORE_ROLLED_BACK: rolled back because fn asked for it. UM_STORE_UNKNOWN: the
 * connection was lost at COMMIT, the caller must look whether it was done. APR_EGENERAL: nothing was done, cause says
 * why */
apr_status_t um_store_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton);

/** Executes SQL text as it is, without values or rows. APR_EGENERAL: return it from the transaction's function. */
apr_status_t um_store_tx_text(um_tx_t *tx, const char *sql);

um_dialect_e um_store_tx_dialect(const um_tx_t *tx);

#endif
