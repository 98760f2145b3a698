/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions. BEGIN, COMMIT and ROLLBACK go as text: the driver's own transaction calls crash on a dead connection,
 * and commit what was left open. */
#include "store_private.h"

#include <apr_atomic.h>
#include <apr_strings.h>

um_dialect_e um_store_tx_dialect(const um_tx_t *tx)
{
    return tx->call->store->dialect;
}

apr_status_t um_store_tx_run(um_tx_t *tx, um_statement_e id, const char *const *values, int count, um_rows_t *rows)
{
    const um_statement_t *statement = um_statements_get(tx->call->store->dialect, id);
    apr_status_t rv = APR_EGENERAL;

    *rows = (um_rows_t){ 0 };
    if (count != statement->values) {
        tx->call->cause = apr_psprintf(tx->call->pool, "%s takes %d values, was given %d", statement->name,
                                       statement->values, count);
    }
    else {
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

/* SQLite makes BEGIN IMMEDIATE on a connection that was opened while the file was read-only one that reads. The first
 * kept statement that writes would fail then, and the driver gives back nothing of such a one: a text fails first. */
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

/* Whether a transaction whose COMMIT failed was done. A full disk leaves SQLite's open or already undone. An error that
 * PostgreSQL answers says that nothing was done; after a lost connection, or a timeout of ours, nobody knows. */
static apr_status_t commit_failed(um_tx_t *tx, int *undone)
{
    if (um_store_tx_dialect(tx) == UM_DIALECT_SQLITE3) {
        (void)um_store_conn_settle(&tx->conn, tx->call->pool);
        return APR_EGENERAL;
    }
    *undone = tx->conn.failure != UM_FAILURE_LOST && tx->conn.failure != UM_FAILURE_OVERDUE;
    return *undone ? APR_EGENERAL : UM_STORE_UNKNOWN;
}

/* One try. *undone: nothing was done by a failure, and the whole may be done again. */
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

apr_status_t um_store_raw_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton)
{
    um_tx_t tx = { .call = call };
    apr_status_t rv = APR_EGENERAL;
    int undone = 0;

    if (um_store_pool_acquire(call, 1, &tx.conn) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    for (int i = 0; i < UM_STORE_TRIES; i++) {
        rv = attempt(&tx, fn, baton, &undone);
        if (!undone || !um_store_pool_recover(call, &tx.conn, tx.failed)) {
            break;
        }
    }
    /* After a loss at COMMIT the connection is mended here, so that the next borrower need not find out. */
    if (rv == UM_STORE_UNKNOWN && tx.conn.failure == UM_FAILURE_LOST) {
        (void)um_store_conn_alive(&tx.conn, call->pool);
    }
    um_store_pool_release(call, 1, &tx.conn);
    return rv;
}

apr_status_t um_store_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton)
{
    apr_status_t rv = um_store_ready(call);

    return rv == APR_SUCCESS ? um_store_raw_transaction(call, fn, baton) : rv;
}
