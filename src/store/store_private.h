/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_PRIVATE_H
#define UM_STORE_PRIVATE_H
/* What the files of the store share and nobody else calls: the same as in store.h, without asking for the schema
 * first. */
#include "breaker.h"
#include "combiner.h"
#include "store_conn.h"

/** How often a statement is sent. A connection whose end lies unread in its socket passes as good once more. */
#define UM_STORE_TRIES 3

struct um_store_t {
    um_dialect_e dialect;
    um_connection_pool_t connections;
    apr_uint32_t ready;        /**< atomic: the schema was seen whole */
    um_breaker_t breaker;      /**< open while the database is away */
    um_breaker_t writers;      /**< open while another program keeps SQLite's database locked */
    apr_uint32_t kept_failures; /**< atomic: how often a kept statement failed lately */
    apr_uint32_t last_kept_failure; /**< atomic: its tick */
    int prepare;
    int keeps_schema;          /**< see um_store_keep_schema */
    um_combiner_t *requests;   /**< for mail; NULL: each for itself */
};

struct um_tx_t {
    um_store_call_t *call;
    um_dbconn_t conn;
    int broken;                /**< a statement failed: the transaction can only be rolled back */
    const um_statement_t *failed; /**< that one; NULL: SQL text, or none */
};

apr_status_t um_store_raw(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows);
apr_status_t um_store_raw_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton);
um_dialect_e um_store_tx_dialect(const um_tx_t *tx);

/** Borrows a prepared connection, under the write lock when write is set and the dialect has one. Waits for the lock as
 * long as the pool does, and never with a connection in hand: the readers would run out of them.
 * APR_EGENERAL: none to be had; cause says why. */
apr_status_t um_store_pool_acquire(um_store_call_t *call, int write, um_dbconn_t *conn);
/** After a failed statement: whether to try once more, on a connection that is good now. On PostgreSQL as conn->failure
 * says. On SQLite a writing one only when the schema has changed: what fails there otherwise, fails again, and each try
 * costs memory. */
int um_store_pool_recover(um_store_call_t *call, um_dbconn_t *conn, const um_statement_t *failed);
/** Before and after waiting for what another thread asks of the database. APR_EGENERAL: too many threads wait, and the
 * database does not answer. */
apr_status_t um_store_pool_join(um_store_call_t *call);
void um_store_pool_part(um_store_call_t *call);
/** No connection goes back inside a transaction, whatever failed before. */
void um_store_pool_release(um_store_call_t *call, int write, um_dbconn_t *conn);

#endif
