/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_H
#define UM_STORE_H
/* The database as core sees it: statements by name, values in, rows out, over a connection that somebody else pools.
 *
 * A connection is borrowed for one statement or one transaction and given back before anything else happens
 * (hashing, mailing, answering): a thread that held one and asked for a second would wait for ever once the pool is
 * used up.
 *
 * Lost connections. A statement whose connection was lost is sent once more on one that was made good (the driver
 * reconnects in its check). So each statement must bear being done twice: writes say "on conflict do nothing" or "where
 * version =", and a caller who then gets no row and sees rows->again looks whether the first one did it. A statement
 * that ended in a deadlock or a serialization failure is repeated too; one that the server refused or canceled is not:
 * a timeout would take as long again, and add to the load that caused it. */
#include "thread_limit.h"
#include "call_timeout.h"

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>

typedef enum { UM_DIALECT_PGSQL, UM_DIALECT_SQLITE3 } um_dialect_e;

typedef enum {
    UM_STATEMENT_READ,
    UM_STATEMENT_WRITE
} um_statement_kind_e;

typedef struct um_statement_t {
    const char *name;          /**< "um." and the name of its row: also the key under which a connection caches it */
    um_statement_kind_e kind;
    int values;                /**< how many it takes */
    const char *text;          /**< "": not for this database */
} um_statement_t;

/** The statements' numbers, UM_SQL_<name of the row in statements.h>. */
typedef enum {
#define UM_STATEMENT(name, kind, values, text) UM_SQL_##name,
#include "statements.h"
#undef UM_STATEMENT
#undef UM_USER_GROUPS
#undef UM_USER_READDRESS
#undef UM_SESSION_INSERT
#undef UM_MAIL_INSERT
#undef UM_MAIL_VALUES
#undef UM_MAIL_COLUMNS
    UM_SQL_COUNT
} um_statement_e;

/** The row of a statement in a dialect. */
const um_statement_t *um_statements_get(um_dialect_e dialect, um_statement_e id);

/** How a statement is kept for the next time. */
typedef enum {
    UM_MEMORY_NONE,            /**< not at all: PostgreSQL behind a pooler, and whatever is tried again */
    UM_MEMORY_DRIVER,          /**< in the driver: SQLite */
    UM_MEMORY_SERVER           /**< on the server, under a name that nothing else ever has: PostgreSQL */
} um_store_memory_e;

/** How a statement failed on PostgreSQL: what may be repeated, and how. */
typedef enum {
    UM_FAILURE_FINAL,          /**< the server refused or canceled it, and would again: not repeated */
    UM_FAILURE_CONFLICT,       /**< a deadlock or a serialization failure: nothing was done */
    UM_FAILURE_STALE,          /**< the server does not have the kept statement, or not any more */
    UM_FAILURE_LOST,           /**< the connection was lost: whether it was done is not known */
    UM_FAILURE_OVERDUE         /**< no answer came in time, so we closed the connection: not repeated, and not known */
} um_failure_e;

typedef struct um_native_t um_native_t;

/** What keeps a database that does not answer from holding up all threads of a process. Each may be missing. */
typedef struct um_guard_t {
    um_call_timeout_t *call_timeout; /**< closes PostgreSQL connections whose calls take longer than timeout */
    apr_uint32_t timeout;      /**< milliseconds */
    um_thread_limit_t *limit;  /**< bounds the connections in use */
} um_guard_t;

/** A connection in use. The connection pool sets the first five members, the store the others. */
typedef struct um_dbconn_t {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_hash_t *prepared;      /**< statements cached with the connection; our keys begin with "um." */
    apr_pool_t *pool;          /**< lives as long as the connection */
    void *record;              /**< the pool's own record of it */
    um_store_memory_e memory;  /**< what a statement leaves behind */
    um_native_t *native;       /**< functions of the driver's library */
    um_failure_e failure;      /**< how the last statement that failed did so */
    const um_guard_t *guard;   /**< NULL: there is none */
    apr_uint32_t timeout;      /**< milliseconds that a call may take now */
} um_dbconn_t;

/** Where connections come from: mod_dbd in httpd, a single connection in the command line and in tests. */
typedef struct um_connection_pool_t {
    void *baton;
    /** Why no connection may be used at the moment, which has been logged; NULL: nothing is wrong. May be NULL. */
    const char *(*trouble)(void *baton);
    /** Borrows into *conn. APR_SUCCESS, or another status when there is none to be had now. */
    apr_status_t (*acquire)(void *baton, apr_pool_t *pool, um_dbconn_t *conn);
    void (*release)(void *baton, um_dbconn_t *conn);
    /** Shuts out every other writer on this machine (SQLite only); NULL where there is no other. Waits for some
     * seconds at the most; APR_TIMEUP: it was not free in that time. */
    apr_status_t (*lock)(void *baton);
    void (*unlock)(void *baton);
    um_guard_t guard;
} um_connection_pool_t;

/** One database in one process. Threads share it. */
typedef struct um_store_t um_store_t;

/** Makes the process's view of a database. Does not connect.
 * @param connections  copied; its baton must live as long as pool
 * @param prepare whether PostgreSQL may keep our statements: saves a quarter of a SELECT's cost. A connection that was
 *                mended has lost them, and is served without until they are prepared anew; where that happens again and
 *                again, because a pooler deals out servers, they are given up for the rest of the process */
um_store_t *um_store_create(apr_pool_t *pool, um_dialect_e dialect, const um_connection_pool_t *connections,
                            int prepare);

um_dialect_e um_store_dialect(const um_store_t *store);

/** From here on a SQLite database keeps schema and journal mode as they are, as PostgreSQL's does in any case: a
 * missing step is an error. Call it before the first statement. */
void um_store_keep_schema(um_store_t *store);

/** What came back. Values are copies in the caller's pool; NULL is SQL's null. */
typedef struct um_rows_t {
    int count;
    const char *const *const *row; /**< row[i][column] */
    int again;                 /**< the statement was sent a second time: the first may have been done */
} um_rows_t;

/** The path of a SQLite database's file as apr_dbd's parameters name it, NULL for one in memory; and its folder. */
const char *um_store_sqlite_file(apr_pool_t *pool, const char *params);
const char *um_store_sqlite_folder(apr_pool_t *pool, const char *file);

/** Where a call's trouble is told. */
typedef struct um_store_call_t {
    um_store_t *store;
    apr_pool_t *pool;          /**< of the rows and of the text of cause */
    const char *cause;         /**< set by a call that failed: what, on what, why; for the log, no user data */
    int is_logged;             /**< set with cause: the database failed a moment ago, and that failure is in the log */
} um_store_call_t;

/** A list of values for a statement, all text: UM_VALUES(id, name). */
#define UM_VALUES(...) \
    (const char *const []){ __VA_ARGS__ }, (int)(sizeof((const char *const []){ __VA_ARGS__ }) / sizeof(const char *))

/** A number as a value. */
const char *um_store_number(apr_pool_t *pool, apr_int64_t number);

/** Runs one statement by itself: borrows, runs, gives back.
 * @return APR_SUCCESS; APR_EGENERAL: it was not done as far as we know, cause says why */
apr_status_t um_store_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows);

/** The transaction was rolled back because its function wished so. */
#define UM_STORE_ROLLED_BACK (APR_OS_START_USERERR + 1)
/** The connection was lost at COMMIT: look whether it was done. */
#define UM_STORE_UNKNOWN     (APR_OS_START_USERERR + 2)

/** An open transaction. */
typedef struct um_tx_t um_tx_t;

/** What is to happen in a transaction; may be called again from the start when the connection was lost.
 * @return APR_SUCCESS: commit; UM_STORE_ROLLED_BACK: roll back, the caller has what he wanted to know; else a
 * failure of um_store_tx_run handed on */
typedef apr_status_t um_store_tx_fn(um_tx_t *tx, void *baton);

/** Runs fn in a transaction.
 * @return APR_SUCCESS: committed. UM_STORE_ROLLED_BACK: rolled back by fn's wish. UM_STORE_UNKNOWN: the connection
 * was lost at COMMIT, look whether it was done. APR_EGENERAL: nothing was done. cause says why */
apr_status_t um_store_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton);

/** Runs a statement inside a transaction. APR_EGENERAL: return it from fn. */
apr_status_t um_store_tx_run(um_tx_t *tx, um_statement_e id, const char *const *values, int count, um_rows_t *rows);

/** Runs SQL text as it stands (schema steps). APR_EGENERAL: return it from fn. */
apr_status_t um_store_tx_text(um_tx_t *tx, const char *sql);

/** Looks whether the schema is whole, once per process and then from memory; on SQLite makes it whole. um_store_run and
 * um_store_transaction do this by themselves; called at start so that a missing step is told then.
 * @return APR_SUCCESS; APR_EGENERAL: not, cause names the missing step or says why it could not be seen */
apr_status_t um_store_ready(um_store_call_t *call);

#endif
