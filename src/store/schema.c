/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"
#include "store_private.h"
#include "store_sql.h"

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

static int is_recorded(const um_rows_t *rows, int number)
{
    for (int i = 0; i < rows->count; i++) {
        if (strtol(rows->row[i][0], NULL, 10) == number) {
            return 1;
        }
    }
    return 0;
}

/* Compares the rows of um_schema with the steps that this program knows. */
static void compare(apr_pool_t *pool, um_dialect_e dialect, const um_rows_t *rows, um_schema_state_t *state)
{
    apr_array_header_t *missing = apr_array_make(pool, 4, sizeof(const um_schema_step_t *));
    apr_array_header_t *unknown = apr_array_make(pool, 4, sizeof(const char *));
    const um_schema_step_t *step;
    int newest = 0;

    for (int i = 0; (step = um_schema_step(dialect, i)) != NULL; i++) {
        newest = step->number;
        if (!is_recorded(rows, step->number)) {
            APR_ARRAY_PUSH(missing, const um_schema_step_t *) = step;
        }
    }
    *state = (um_schema_state_t){ .missing = missing, .unknown = unknown };
    for (int i = 0; i < rows->count; i++) {
        if (strtol(rows->row[i][0], NULL, 10) > newest) {
            APR_ARRAY_PUSH(unknown, const char *) = rows->row[i][1];
            if (strtol(rows->row[i][2], NULL, 10) > newest) {
                state->too_new = rows->row[i][1];
            }
        }
    }
}

/* The statement that reads um_schema, whose columns depend on its steps. table: the row of SCHEMA_TABLE. */
static um_statement_e reading(const um_rows_t *table)
{
    return table->row[0][0][0] == '1' ? UM_SQL_SCHEMA_STEPS : UM_SQL_SCHEMA_STEPS_BARE;
}

apr_status_t um_schema_look(um_store_call_t *call, um_schema_state_t *state)
{
    um_rows_t rows = { 0 };

    if (um_store_sql_alone(call, UM_SQL_SCHEMA_TABLE, NULL, 0, &rows) != APR_SUCCESS
        || (rows.count && um_store_sql_alone(call, reading(&rows), NULL, 0, &rows) != APR_SUCCESS)) {
        return APR_EGENERAL;
    }
    compare(call->pool, um_store_dialect(call->store), &rows, state);
    return state->missing->nelts ? APR_SUCCESS : um_schema_columns(call, &state->wrong_column);
}

apr_status_t um_schema_look_tx(um_tx_t *tx, um_schema_state_t *state)
{
    um_rows_t rows = { 0 };
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_SCHEMA_TABLE, NULL, 0, &rows);

    if (rv == APR_SUCCESS && rows.count) {
        rv = um_store_tx_run(tx, reading(&rows), NULL, 0, &rows);
    }
    if (rv == APR_SUCCESS) {
        compare(tx->call->pool, um_store_tx_dialect(tx), &rows, state);
    }
    return rv;
}

const char *um_schema_too_new(apr_pool_t *pool, const um_schema_state_t *state)
{
    return apr_psprintf(pool, "the database has the schema's step %s, which does not work with this version: install "
                        "the newer version", state->too_new);
}
