/* SPDX-License-Identifier: Apache-2.0 */
/* What others call: a database's record, the check of its schema, and statements and transactions after it. */
#include "schema.h"
#include "store_private.h"
#include "store_rekey.h"
#include "store_sql.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <string.h>

/* The longest time between two trials while the database is unreachable. mod_dbd logs two lines for each trial. */
#define LONGEST_TRIAL_INTERVAL_MS 5000

um_store_t *um_store_create(apr_pool_t *pool, um_dialect_e dialect, const um_connection_pool_t *connections,
                            int prepare)
{
    um_store_t *store = apr_pcalloc(pool, sizeof(*store));

    store->dialect = dialect;
    store->connections = *connections;
    store->prepare = prepare;
    store->breaker.longest = LONGEST_TRIAL_INTERVAL_MS;
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

/* --- the schema --- */

/* The schema as it should be, or call->cause. */
static apr_status_t check_schema(um_store_call_t *call)
{
    um_store_t *store = call->store;
    um_schema_state_t state;

    if (um_store_pool_set_wal(call) != APR_SUCCESS || um_schema_look(call, &state) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (state.too_new) {
        call->cause = um_schema_too_new(call->pool, &state);
        return APR_EGENERAL;
    }
    if (state.missing->nelts && (store->dialect == UM_DIALECT_PGSQL || store->keeps_schema)) {
        call->cause = apr_psprintf(call->pool, "the database lacks the schema's step %s: apply it with \"usermgmt "
                                   "schema upgrade\" or with the database's own shell",
                                   APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *)->name);
        return APR_EGENERAL;
    }
    /* Not um_schema_look again: SQLite refuses its prepared statements after the steps. */
    if (state.missing->nelts && (um_schema_upgrade(call, NULL, NULL, NULL) != APR_SUCCESS
                                 || um_schema_columns(call, &state.wrong_column) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    call->cause = state.wrong_column;
    return state.wrong_column ? APR_EGENERAL : APR_SUCCESS;
}

apr_status_t um_store_ready(um_store_call_t *call)
{
    um_store_t *store = call->store;

    if (apr_atomic_read32(&store->ready)) {
        return APR_SUCCESS;
    }
    if (check_schema(call) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    /* The rest is for the next process: this is the start of one, or the first request that it answers. */
    if (!store->keeps_schema && um_store_rekey_some(call) != APR_SUCCESS) {
        call->cause = NULL;
    }
    apr_atomic_set32(&store->ready, 1);
    return APR_SUCCESS;
}

/* --- statements and transactions --- */

apr_status_t um_store_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows)
{
    *rows = (um_rows_t){ 0 };
    if (um_store_ready(call) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return um_store_sql_alone(call, id, values, count, rows);
}

apr_status_t um_store_transaction(um_store_call_t *call, um_store_tx_fn *fn, void *baton)
{
    apr_status_t rv = um_store_ready(call);

    return rv == APR_SUCCESS ? um_store_tx_do(call, fn, baton) : rv;
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
