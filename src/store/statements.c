/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"
#include "user_columns.h"

static const um_statement_t pgsql_statements[] = {
#define UM_UUID "cast(%s as uuid)"
#define UM_SQL2(pgsql, sqlite3) pgsql
#define UM_STATEMENT(name, kind, values, text) { "um." #name, UM_STATEMENT_##kind, values, text },
#include "statements.h"
#undef UM_UUID
#undef UM_SQL2
#undef UM_USER_GROUPS
#undef UM_USER_READDRESS
#undef UM_SESSION_INSERT
#undef UM_MAIL_INSERT
#undef UM_MAIL_VALUES
#undef UM_MAIL_COLUMNS
};

static const um_statement_t sqlite3_statements[] = {
#define UM_UUID "%s"
#define UM_SQL2(pgsql, sqlite3) sqlite3
#include "statements.h"
};

const um_statement_t *um_statements_get(um_dialect_e dialect, um_statement_e id)
{
    return dialect == UM_DIALECT_PGSQL ? &pgsql_statements[id] : &sqlite3_statements[id];
}
