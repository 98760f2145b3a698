/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_PRIVATE_H
#define UM_STORE_PRIVATE_H
/* What the files of the store share and no other file uses. From the bottom: a statement is executed on a connection
 * (store_conn.c, which asks store_native.c), a connection comes from the pool (store_pool.c), and statements and
 * transactions are repeated when a connection was lost (store_tx.c). None of these look at the schema. */
#include "breaker.h"
#include "store.h"

typedef struct um_batch_t um_batch_t;
typedef struct um_call_timeout_socket_t um_call_timeout_socket_t;
typedef enum {
    UM_STATEMENT_READ,
    UM_STATEMENT_WRITE
} um_statement_kind_e;

/** A row of the table of statements in one dialect. */
typedef struct um_statement_t {
    const char *name;          /**< "um." and the name of its row; a connection keeps the prepared statement under it */
    um_statement_kind_e kind;
    int values;                /**< how many values it takes */
    const char *text;          /**< "": this database does not need it */
} um_statement_t;

/** Where a prepared statement is kept for its next use. */
typedef enum {
    UM_MEMORY_NONE,            /**< nowhere: PostgreSQL behind a connection pooler, and whatever is tried again */
    UM_MEMORY_DRIVER,          /**< in the driver: SQLite */
    UM_MEMORY_SERVER           /**< on the server, under a name that is never used twice: PostgreSQL */
} um_store_memory_e;

/** How a statement failed on PostgreSQL: whether it may be repeated, and how. */
typedef enum {
    UM_FAILURE_FINAL,          /**< the server refused or canceled it, and would do so again: not repeated */
    UM_FAILURE_BUSY,           /**< lock_timeout: nothing was done; not repeated here */
    UM_FAILURE_CONFLICT,       /**< another transaction interfered: a deadlock, a serialization failure, or a row that
                                * it has deleted or made. Nothing was done */
    UM_FAILURE_STALE,          /**< the server does not have the prepared statement, or cannot execute it any more */
    UM_FAILURE_LOST,           /**< the connection was lost: whether it was done is not known. Or the server accepts no
                                * writes, and the connection was dropped: nothing was done */
    UM_FAILURE_OVERDUE         /**< no answer came in time and the connection was closed: not repeated, not known */
} um_failure_e;

typedef struct um_native_t um_native_t;

/** A connection in use. */
typedef struct um_store_conn_t {
    um_dbconn_t db;            /**< as the connection pool gave it */
    um_dialect_e dialect;
    um_store_memory_e memory;  /**< where its prepared statements are kept */
    um_native_t *native;       /**< functions of the driver's library */
    um_failure_e failure;      /**< how the last failed statement failed */
    const um_guard_t *guard;   /**< NULL: none */
    apr_uint32_t timeout;      /**< milliseconds that a call may take now */
} um_store_conn_t;

struct um_store_t {
    um_dialect_e dialect;
    um_connection_pool_t connections;
    apr_uint32_t ready;        /**< atomic: the schema is complete */
    um_breaker_t breaker;      /**< open while the database is unreachable */
    um_breaker_t writers;      /**< open while another program keeps SQLite's database locked */
    apr_uint32_t stale_count;  /**< atomic: how often the server did not have a prepared statement */
    int prepare;
    int keeps_schema;          /**< see um_store_keep_schema */
    um_batch_t *requests;         /**< batches requests for mail; NULL: each is stored by itself */
};

struct um_tx_t {
    um_store_call_t *call;
    um_store_conn_t conn;
    int broken;                /**< a statement failed: the transaction can only be rolled back */
    const um_statement_t *failed; /**< that statement; NULL: SQL text, or none */
};

/* --- store_native.c: what libpq and SQLite know of a connection and apr_dbd does not tell. All of it is in the
 * client's memory: asking costs no round trip --- */

typedef enum {
    UM_NATIVE_IDLE,            /**< no transaction is open */
    UM_NATIVE_OPEN,            /**< a transaction is open, whether it can go on or has failed */
    UM_NATIVE_LOST             /**< PostgreSQL: the client has noticed that the connection is lost */
} um_native_state_e;

/** Finds the functions of the library that the connection's driver uses, once for each connection, and makes
 * PostgreSQL's error texts begin with the SQLSTATE. To be called before the other functions.
 * @return whether they were found */
int um_store_native_attach(um_store_conn_t *conn);

um_native_state_e um_store_native_state(const um_store_conn_t *conn);

/** The socket of a PostgreSQL connection. NULL: there is none. */
const um_call_timeout_socket_t *um_store_native_socket(const um_store_conn_t *conn);

/** The SQLSTATE in an error text of PostgreSQL, five characters. libpq was asked to write it after the severity and two
 * blanks, as in "ERROR:  57014: canceling ...". The rest is in the server's language. NULL: the text is libpq's own. */
const char *um_store_native_sqlstate(const char *text);

/** Whether a PostgreSQL server that accepted writes when it was connected has said since then that it accepts none: a
 * primary that is about to become a standby. It says so with its answer to any statement, since version 14; of older
 * servers only a statement that fails with SQLSTATE 25006 tells. A server that never accepted writes is not demoted:
 * connecting again would lead to it again. */
int um_store_native_is_demoted(const um_store_conn_t *conn);

/** Closes a PostgreSQL connection without waiting for the server, which then rolls back what is open on it. mod_dbd
 * reconnects before it hands out the connection again. A connection that is already lost is noted as such. Does nothing
 * on SQLite. */
void um_store_native_drop(const um_store_conn_t *conn);

/* --- store_conn.c: one connection. The only file that calls apr_dbd for it --- */

/** Gives a new SQLite connection its settings (full sync, no waiting in the driver) and reads them back. Does nothing
 * on a connection that has them and on PostgreSQL. Settings in DBDInitSQL are no substitute: a PRAGMA there
 * that answers with a row silently ends the list. APR_EGENERAL: *why names the setting that was refused. */
apr_status_t um_store_conn_prepare(um_store_conn_t *conn, apr_pool_t *pool, const char **why);

/** Whether a SQLite database has a journal mode that readers and a writer can share: WAL, or memory for a database that
 * is in no file. */
int um_store_conn_has_wal(um_store_conn_t *conn, apr_pool_t *pool);

/** Switches a SQLite database to WAL, which is stored in the file, and reads it back. It needs the database alone.
 * APR_EGENERAL: *why says what SQLite answered. */
apr_status_t um_store_conn_set_wal(um_store_conn_t *conn, apr_pool_t *pool, const char **why);

/** Executes a statement, once. Sets conn->failure when it fails.
 * @param why  on APR_EGENERAL the first line of the driver's text; later lines quote user data */
apr_status_t um_store_conn_run(um_store_conn_t *conn, const um_statement_t *statement, apr_pool_t *pool,
                               const char *const *values, um_rows_t *rows, const char **why);

/** Executes SQL text without values and without rows; conn->failure as above. APR_EBUSY: another program kept SQLite's
 * database locked for as long as the driver waits, 1.6 s. Otherwise APR_EGENERAL. */
apr_status_t um_store_conn_text(um_store_conn_t *conn, apr_pool_t *pool, const char *sql, const char **why);

/** Whether the server answers on it within so many milliseconds. Sets conn->failure when it does not. */
int um_store_conn_answers(um_store_conn_t *conn, apr_pool_t *pool, apr_uint32_t milliseconds);

/** Whether the connection works now. The driver reconnects here if it must, which takes no longer than connect_timeout
 * in DBDParams allows. */
int um_store_conn_alive(const um_store_conn_t *conn, apr_pool_t *pool);

/** Rolls back an open transaction, if there is one; drops a PostgreSQL connection on which that fails, and one to a
 * server that does not accept writes any more, so that the next one leads to the node that does. Leaves
 * conn->failure alone, unless the rollback takes too long.
 * @return whether the connection can be used now: it is neither lost nor inside a transaction */
int um_store_conn_settle(um_store_conn_t *conn, apr_pool_t *pool);

/** After a failed statement: drops those prepared statements of the connection that cannot be good any more, so that
 * the next execution prepares them again. All of them when SQLite's schema has changed (SQLite refuses them then) or
 * PostgreSQL was reconnected (the server has lost them). Otherwise only the one that failed: on SQLite because the
 * driver can never run it again, on PostgreSQL if the server does not have it. No more than that, because what a
 * prepared statement takes is freed only when the connection is closed, by the drivers and by PostgreSQL, and on a full
 * disk statements fail again and again.
 * @param failed  NULL: not known
 * @return whether all were dropped */
int um_store_conn_forget(um_store_conn_t *conn, const um_statement_t *failed, apr_pool_t *pool);

/* --- store_pool.c: acquire, recover, release --- */

/** How often a statement is sent. A connection whose end lies unread in its socket passes as working once more. */
#define UM_STORE_TRIES 3

/** Acquires a connection that is ready for use, with the write lock when write is set and the dialect has one. Waits
 * for the lock as long as the connection pool's lock function does, and never while it holds a connection:
 * readers would run out of connections. APR_EGENERAL: none is available; call->cause says why. */
apr_status_t um_store_pool_acquire(um_store_call_t *call, int write, um_store_conn_t *conn);

/** After a failed statement: whether to try again, on a connection that works now. It may wait: for up to a second
 * until the database is back, and for 5 to 10 ms after a conflict. On PostgreSQL conn->failure decides.
 * On SQLite a writing statement is tried again only when the schema has changed: what fails there for another reason
 * fails again, and each try costs memory. */
int um_store_pool_recover(um_store_call_t *call, um_store_conn_t *conn, const um_statement_t *failed);

/** Releases a connection, and the write lock. No connection goes back inside a transaction, whatever failed before. */
void um_store_pool_release(um_store_call_t *call, int write, um_store_conn_t *conn);

/** Switches SQLite's database to WAL if it is not in WAL, under the write lock, unless um_store_keep_schema was called.
 * APR_EGENERAL: call->cause says why not. */
apr_status_t um_store_pool_set_wal(um_store_call_t *call);

/** Before and after waiting for what another thread asks of the database. APR_EGENERAL: too many threads wait, and the
 * database does not answer. */
apr_status_t um_store_pool_wait_begin(um_store_call_t *call);
void um_store_pool_wait_end(um_store_call_t *call);

/* --- store_meter.c: counting, around the functions of store_pool.c --- */

/** As um_store_pool_acquire, _release and _recover. */
apr_status_t um_store_meter_acquire(um_store_call_t *call, int write, um_store_conn_t *conn);
void um_store_meter_release(um_store_call_t *call, int write, um_store_conn_t *conn);
int um_store_meter_recover(um_store_call_t *call, um_store_conn_t *conn, const um_statement_t *failed);

/** Counts a call that ended now. began: um_monotonic_us. Returns rv. */
apr_status_t um_store_meter_end(const um_store_call_t *call, apr_int64_t began, apr_status_t rv);

/* --- store_tx.c: statements and transactions, repeated where that is right --- */

/** One statement by itself; status as um_store_run. */
apr_status_t um_store_tx_alone(um_store_call_t *call, const um_statement_t *statement, const char *const *values,
                               int count, um_rows_t *rows);

/** A statement in a transaction; status as um_store_tx_run. */
apr_status_t um_store_tx_statement(um_tx_t *tx, const um_statement_t *statement, const char *const *values, int count,
                                   um_rows_t *rows);

/** SQL text by itself, outside of a transaction of ours, once. APR_EGENERAL: call->cause says why it failed. */
apr_status_t um_store_tx_text_alone(um_store_call_t *call, const char *sql);

/** A transaction; status as um_store_transaction. */
apr_status_t um_store_tx_do(um_store_call_t *call, um_store_tx_fn *fn, void *baton);

#endif
