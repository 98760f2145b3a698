/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"
#include "store_private.h"

#include <apr_strings.h>
#include <stdlib.h>

static const um_schema_step_t steps[] = {
#include "schema_steps.inc"
};

const um_schema_step_t *um_schema_step(um_dialect_e dialect, int i)
{
    for (apr_size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
        if (steps[k].dialect == dialect && i-- == 0) {
            return &steps[k];
        }
    }
    return NULL;
}

static int recorded(const um_rows_t *rows, int number)
{
    for (int i = 0; i < rows->count; i++) {
        if (strtol(rows->row[i][0], NULL, 10) == number) {
            return 1;
        }
    }
    return 0;
}

static const um_schema_step_t *first_missing(um_dialect_e dialect, const um_rows_t *rows)
{
    const um_schema_step_t *step;

    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL && recorded(rows, step->number); i++) {
        continue;
    }
    return step;
}

apr_status_t um_schema_missing(um_store_call_t *call, const um_schema_step_t **step)
{
    um_dialect_e dialect = um_store_dialect(call->store);
    um_rows_t rows = { 0 };

    if (um_store_raw(call, UM_SQL_SCHEMA_TABLE, NULL, 0, &rows) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (rows.count && um_store_raw(call, UM_SQL_SCHEMA_STEPS, NULL, 0, &rows) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *step = first_missing(dialect, &rows);
    return APR_SUCCESS;
}

static apr_status_t apply(um_tx_t *tx, void *baton)
{
    apr_array_header_t *applied = baton;
    um_dialect_e dialect = um_store_tx_dialect(tx);
    const um_schema_step_t *step;
    um_rows_t rows = { 0 };
    apr_status_t rv;

    /* SQLite's transaction is alone by its nature; here the second of two upgrades waits and then finds it done. The
     * number is ours by being unlikely; the lock ends with the transaction, so poolers do not matter. */
    if (dialect == UM_DIALECT_PGSQL
        && (rv = um_store_tx_text(tx, "select pg_advisory_xact_lock(7234815906)")) != APR_SUCCESS) {
        return rv;
    }
    applied->nelts = 0;
    if ((rv = um_store_tx_run(tx, UM_SQL_SCHEMA_TABLE, NULL, 0, &rows)) != APR_SUCCESS) {
        return rv;
    }
    if (rows.count && (rv = um_store_tx_run(tx, UM_SQL_SCHEMA_STEPS, NULL, 0, &rows)) != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL; i++) {
        if (!recorded(&rows, step->number)) {
            if ((rv = um_store_tx_text(tx, step->sql)) != APR_SUCCESS) {
                tx->call->cause = apr_pstrcat(tx->call->pool, "the schema's step ", step->name, " failed: ",
                                              tx->call->cause, NULL);
                return rv;
            }
            APR_ARRAY_PUSH(applied, const char *) = step->name;
        }
    }
    return applied->nelts ? APR_SUCCESS : UM_STORE_ROLLED_BACK;
}

apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied)
{
    apr_status_t rv = um_store_raw_transaction(call, apply,
                                               applied ? applied : apr_array_make(call->pool, 4, sizeof(const char *)));

    return rv == UM_STORE_ROLLED_BACK ? APR_SUCCESS : rv;
}
