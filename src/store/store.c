/* SPDX-License-Identifier: Apache-2.0 */
#include "store_private.h"
#include "schema.h"
#include "store_rekey.h"
#include "store_request.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <string.h>

/* While the database is away. mod_dbd logs two lines for each trial. */
#define LONGEST_TRIAL_INTERVAL_MS 5000

/* Requests for mail that go to the database together: as many rows as the longest statement for them has. */
#define MOST_REQUESTS 8

um_store_t *um_store_create(apr_pool_t *pool, um_dialect_e dialect, const um_connection_pool_t *connections,
                            int prepare)
{
    um_store_t *store = apr_pcalloc(pool, sizeof(*store));

    store->dialect = dialect;
    store->connections = *connections;
    store->prepare = prepare;
    store->breaker.longest = LONGEST_TRIAL_INTERVAL_MS;
    if (um_combiner_create(pool, MOST_REQUESTS, um_store_request_combine, store, &store->requests) != APR_SUCCESS) {
        store->requests = NULL;
    }
    return store;
}

um_dialect_e um_store_dialect(const um_store_t *store)
{
    return store->dialect;
}

void um_store_keep_schema(um_store_t *store)
{
    store->keeps_schema = 1;
}

/* --- one statement --- */

const char *um_store_number(apr_pool_t *pool, apr_int64_t number)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

typedef struct one_t {
    um_statement_e id;
    const char *const *values;
    int count;
    um_rows_t *rows;
} one_t;

/* A writing statement on SQLite. That the file is read-only or busy shows at BEGIN, which is text: a kept statement
 * that fails has to be made anew, and the driver gives back nothing of the old one. */
static apr_status_t run_one(um_tx_t *tx, void *baton)
{
    one_t *one = baton;

    return um_store_tx_run(tx, one->id, one->values, one->count, one->rows);
}

apr_status_t um_store_raw(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows)
{
    const um_statement_t *statement = um_statements_get(call->store->dialect, id);
    int write = statement->kind == UM_STATEMENT_WRITE;
    um_dbconn_t conn;
    apr_status_t rv;

    *rows = (um_rows_t){ 0 };
    if (count != statement->values) {
        call->cause = apr_psprintf(call->pool, "%s takes %d values, was given %d", statement->name, statement->values,
                                   count);
        return APR_EGENERAL;
    }
    if (write && call->store->dialect == UM_DIALECT_SQLITE3) {
        one_t one = { id, values, count, rows };

        return um_store_raw_transaction(call, run_one, &one);
    }
    if (um_store_pool_acquire(call, write, &conn) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
    for (int i = 1; i < UM_STORE_TRIES && rv != APR_SUCCESS && um_store_pool_recover(call, &conn, statement); i++) {
        rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
        rows->again = 1;
    }
    if (rv == APR_SUCCESS) {
        call->cause = NULL;
    }
    um_store_pool_release(call, write, &conn);
    return rv;
}

apr_status_t um_store_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows)
{
    *rows = (um_rows_t){ 0 };
    if (um_store_ready(call) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return um_store_raw(call, id, values, count, rows);
}

/* --- the schema --- */

/* Keys of addresses that a process makes anew at its start: the work of a second or two. */
#define MOST_KEYS 2000

static const char *lacks(apr_pool_t *pool, const um_schema_state_t *state)
{
    return apr_psprintf(pool, "the database lacks the schema's step %s: apply it with \"usermgmt schema upgrade\" or "
                        "with the database's own shell",
                        APR_ARRAY_IDX(state->missing, 0, const um_schema_step_t *)->name);
}

apr_status_t um_store_ready(um_store_call_t *call)
{
    um_store_t *store = call->store;
    um_schema_state_t state;

    if (apr_atomic_read32(&store->ready)) {
        return APR_SUCCESS;
    }
    if (um_schema_look(call, &state) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (state.too_new) {
        call->cause = um_schema_too_new(call->pool, &state);
        return APR_EGENERAL;
    }
    if (state.missing->nelts && (store->dialect == UM_DIALECT_PGSQL || store->keeps_schema)) {
        call->cause = lacks(call->pool, &state);
        return APR_EGENERAL;
    }
    if (state.missing->nelts && um_schema_upgrade(call, NULL) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    /* The rest is for the next process: this is the start of one, or the first request that it answers. */
    if (!store->keeps_schema && um_store_rekey(call, MOST_KEYS) != APR_SUCCESS) {
        call->cause = NULL;
    }
    apr_atomic_set32(&store->ready, 1);
    return APR_SUCCESS;
}

/* --- SQLite's files --- */

const char *um_store_sqlite_file(apr_pool_t *pool, const char *params)
{
    const char *path = params;

    if (strncmp(path, "file:", 5) == 0) {
        path = apr_pstrmemdup(pool, path + 5, strcspn(path + 5, "?"));
        path += strncmp(path, "///", 3) == 0 ? 2 : 0;
    }
    return strcmp(path, ":memory:") == 0 || !*path ? NULL : path;
}

const char *um_store_sqlite_folder(apr_pool_t *pool, const char *file)
{
    const char *slash = strrchr(file, '/');

    return !slash ? "." : slash == file ? "/" : apr_pstrmemdup(pool, file, (apr_size_t)(slash - file));
}
