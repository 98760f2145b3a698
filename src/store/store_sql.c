/* SPDX-License-Identifier: Apache-2.0 */
#include "store_sql.h"

#include "store_private.h"
#include "user_columns.h"

#include <apr_strings.h>

static const um_statement_t pgsql_statements[] = {
#define UM_UUID "cast(%s as uuid)"
#define UM_SQL2(pgsql, sqlite3) pgsql
#define UM_STATEMENT(name, kind, values, text) { "um." #name, UM_STATEMENT_##kind, values, text },
#include "statements.h"
#undef UM_UUID
#undef UM_SQL2
};

static const um_statement_t sqlite3_statements[] = {
#define UM_UUID "%s"
#define UM_SQL2(pgsql, sqlite3) sqlite3
#include "statements.h"
};

const um_statement_t *um_store_sql_statement(um_dialect_e dialect, um_statement_e id)
{
    return dialect == UM_DIALECT_PGSQL ? &pgsql_statements[id] : &sqlite3_statements[id];
}

const char *um_store_number(apr_pool_t *pool, apr_int64_t number)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

apr_status_t um_store_sql_alone(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                                um_rows_t *rows)
{
    return um_store_tx_alone(call, um_store_sql_statement(call->store->dialect, id), values, count, rows);
}

apr_status_t um_store_tx_run(um_tx_t *tx, um_statement_e id, const char *const *values, int count, um_rows_t *rows)
{
    return um_store_tx_statement(tx, um_store_sql_statement(um_store_tx_dialect(tx), id), values, count, rows);
}
