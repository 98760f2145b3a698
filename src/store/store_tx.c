/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and transactions, repeated where that is right. BEGIN, COMMIT and ROLLBACK are sent as text: the driver's
 * own transaction calls crash on a lost connection, and commit what was left open. */
#include "monotonic.h"
#include "store_private.h"

#include <apr_atomic.h>
#include <apr_strings.h>

um_dialect_e um_store_tx_dialect(const um_tx_t *tx)
{
    return tx->call->store->dialect;
}

/* 0, with the call's cause, when the count is not the statement's: APR does not check it and would read beyond. */
static int has_values(um_store_call_t *call, const um_statement_t *statement, int count)
{
    if (count != statement->values) {
        call->cause = apr_psprintf(call->pool, "%s takes %d values, was given %d", statement->name, statement->values,
                                   count);
    }
    return count == statement->values;
}

/* --- in a transaction --- */

apr_status_t um_store_tx_statement(um_tx_t *tx, const um_statement_t *statement, const char *const *values, int count,
                                   um_rows_t *rows)
{
    apr_status_t rv = APR_EGENERAL;

    *rows = (um_rows_t){ 0 };
    if (has_values(tx->call, statement, count)) {
        rv = um_store_conn_run(&tx->conn, statement, tx->call->pool, values, rows, &tx->call->cause);
    }
    if (rv != APR_SUCCESS) {
        tx->broken = 1;
        tx->failed = statement;
    }
    return rv;
}

apr_status_t um_store_tx_text(um_tx_t *tx, const char *sql)
{
    apr_status_t rv = um_store_conn_text(&tx->conn, tx->call->pool, sql, &tx->call->cause);

    tx->broken |= rv != APR_SUCCESS;
    return rv;
}

/* --- a transaction --- */

/* On a connection that was opened while the file was read-only, SQLite takes BEGIN IMMEDIATE for a BEGIN that reads.
 * The first prepared statement that writes would then fail, and the driver frees nothing of a failed one. This text
 * fails first. */
static const char probe[] = "DELETE FROM um_schema WHERE 0";

static apr_status_t begin(um_tx_t *tx)
{
    um_store_call_t *call = tx->call;
    int sqlite = call->store->dialect == UM_DIALECT_SQLITE3;
    apr_status_t rv = um_store_conn_text(&tx->conn, call->pool, sqlite ? "BEGIN IMMEDIATE" : "BEGIN", &call->cause);

    if (APR_STATUS_IS_EBUSY(rv)) {
        um_breaker_down(&call->store->writers);
        return rv;
    }
    um_breaker_up(&call->store->writers);
    if (rv == APR_SUCCESS && sqlite && apr_atomic_read32(&call->store->ready)) {
        rv = um_store_conn_text(&tx->conn, call->pool, probe, &call->cause);
        if (rv != APR_SUCCESS) {
            (void)um_store_conn_settle(&tx->conn, call->pool);
        }
    }
    return rv;
}

/* Whether a transaction whose COMMIT failed was committed. A full disk leaves SQLite's open or already undone. An error
 * that PostgreSQL answers says that nothing was done. After a lost connection or a timeout of ours it is not known. */
static apr_status_t commit_failed(um_tx_t *tx, int *undone)
{
    if (um_store_tx_dialect(tx) == UM_DIALECT_SQLITE3) {
        (void)um_store_conn_settle(&tx->conn, tx->call->pool);
        return APR_EGENERAL;
    }
    *undone = tx->conn.failure != UM_FAILURE_LOST && tx->conn.failure != UM_FAILURE_OVERDUE;
    return *undone ? APR_EGENERAL : UM_STORE_UNKNOWN;
}

/* One try. *undone: it failed, nothing was done, and all of it may be done again. */
static apr_status_t attempt(um_tx_t *tx, um_store_tx_fn *fn, void *baton, int *undone)
{
    um_store_call_t *call = tx->call;
    apr_status_t rv = begin(tx);

    tx->broken = 0;
    tx->failed = NULL;
    *undone = rv != APR_SUCCESS && !APR_STATUS_IS_EBUSY(rv);
    if (rv != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = fn(tx, baton);
    if (rv == APR_SUCCESS && !tx->broken) {
        if (um_store_conn_text(&tx->conn, call->pool, "COMMIT", &call->cause) == APR_SUCCESS) {
            return APR_SUCCESS;
        }
        return commit_failed(tx, undone);
    }
    *undone = tx->broken;
    (void)um_store_conn_settle(&tx->conn, call->pool);
    return tx->broken ? APR_EGENERAL : rv;
}

/* After an attempt that may be repeated: whether to repeat it. The last one is not, so nothing is counted and no other
 * transaction is waited for. Its connection is made good all the same, for the next user of it; a conflict leaves it
 * good. */
static int is_repeated(um_tx_t *tx, int is_last)
{
    if (!is_last) {
        return um_store_meter_recover(tx->call, &tx->conn, tx->failed);
    }
    if (tx->conn.failure != UM_FAILURE_CONFLICT) {
        (void)um_store_pool_recover(tx->call, &tx->conn, tx->failed);
    }
    return 0;
}

apr_status_t um_store_tx_do(um_store_call_t *call, um_store_tx_fn *fn, void *baton)
{
    um_tx_t tx = { .call = call };
    apr_int64_t began = um_monotonic_us();
    apr_status_t rv = APR_EGENERAL;
    int undone = 0;

    if (um_store_meter_acquire(call, 1, &tx.conn) != APR_SUCCESS) {
        return um_store_meter_end(call, began, APR_EGENERAL);
    }
    for (int i = 0; i < UM_STORE_TRIES; i++) {
        rv = attempt(&tx, fn, baton, &undone);
        if (!undone || !is_repeated(&tx, i + 1 == UM_STORE_TRIES)) {
            break;
        }
    }
    /* After a loss at COMMIT the connection is made good here, so that the next user of it need not find out. */
    if (rv == UM_STORE_UNKNOWN && tx.conn.failure == UM_FAILURE_LOST) {
        (void)um_store_conn_alive(&tx.conn, call->pool);
    }
    um_store_meter_release(call, 1, &tx.conn);
    return um_store_meter_end(call, began, rv);
}

/* --- a statement by itself --- */

typedef struct alone_t {
    const um_statement_t *statement;
    const char *const *values;
    int count;
    um_rows_t *rows;
} alone_t;

/* A writing statement on SQLite. That the file is read-only or busy shows at BEGIN, which is text: a prepared statement
 * that fails must be prepared again, and the driver frees nothing of the old one. */
static apr_status_t write_alone(um_tx_t *tx, void *baton)
{
    alone_t *alone = baton;

    return um_store_tx_statement(tx, alone->statement, alone->values, alone->count, alone->rows);
}

apr_status_t um_store_tx_alone(um_store_call_t *call, const um_statement_t *statement, const char *const *values,
                               int count, um_rows_t *rows)
{
    int write = statement->kind == UM_STATEMENT_WRITE, may_be_done = 0;
    apr_int64_t began = um_monotonic_us();
    um_store_conn_t conn;
    apr_status_t rv;

    *rows = (um_rows_t){ 0 };
    if (!has_values(call, statement, count)) {
        return APR_EGENERAL;
    }
    if (write && call->store->dialect == UM_DIALECT_SQLITE3) {
        alone_t alone = { statement, values, count, rows };

        return um_store_tx_do(call, write_alone, &alone);
    }
    if (um_store_meter_acquire(call, write, &conn) != APR_SUCCESS) {
        return um_store_meter_end(call, began, APR_EGENERAL);
    }
    rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
    for (int i = 1; i < UM_STORE_TRIES && rv != APR_SUCCESS; i++) {
        may_be_done |= conn.failure == UM_FAILURE_LOST;
        if (!um_store_meter_recover(call, &conn, statement)) {
            break;
        }
        rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
        rows->again = may_be_done;
    }
    if (rv == APR_SUCCESS) {
        call->cause = NULL;
    }
    um_store_meter_release(call, write, &conn);
    return um_store_meter_end(call, began, rv);
}

apr_status_t um_store_tx_text_alone(um_store_call_t *call, const char *sql)
{
    apr_int64_t began = um_monotonic_us();
    um_store_conn_t conn;
    apr_status_t rv;

    if (um_store_meter_acquire(call, 0, &conn) != APR_SUCCESS) {
        return um_store_meter_end(call, began, APR_EGENERAL);
    }
    rv = um_store_conn_text(&conn, call->pool, sql, &call->cause);
    um_store_meter_release(call, 0, &conn);
    return um_store_meter_end(call, began, rv);
}
