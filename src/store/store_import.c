/* SPDX-License-Identifier: Apache-2.0 */
#include "store_import.h"

#include "store_private.h"
#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>
#include <string.h>

#define FIRST_ID "00000000-0000-0000-0000-000000000000"

/* Rows of a batch are spread over the indexes: a page is written less often when it stays in the cache, and copied less
 * often from the log into the file. The settings end with the connection. */
static apr_status_t set_cache(um_tx_t *tx, void *unused)
{
    apr_status_t rv = um_store_tx_text(tx, "pragma cache_size = -32768");

    (void)unused;
    return rv == APR_SUCCESS ? um_store_tx_text(tx, "pragma wal_autocheckpoint = 16000") : rv;
}

apr_status_t um_store_import_begin(um_store_call_t *call)
{
    return um_store_dialect(call->store) == UM_DIALECT_SQLITE3 ? um_store_transaction(call, set_cache, NULL)
                                                               : APR_SUCCESS;
}

apr_status_t um_store_import_look(um_tx_t *tx, const char *rows, apr_array_header_t **found)
{
    um_rows_t answer;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_IMPORT_LOOK, UM_VALUES(rows), &answer);

    *found = apr_array_make(tx->call->pool, answer.count + 1, sizeof(um_store_import_found_t));
    for (int i = 0; i < answer.count; i++) {
        const char *const *row = answer.row[i];

        APR_ARRAY_PUSH(*found, um_store_import_found_t) = (um_store_import_found_t){
            .row = (int)apr_atoi64(row[0]), .by = row[1], .id = row[2], .alias = row[3],
        };
    }
    return rv;
}

/* Runs a statement that answers names. */
static apr_status_t run_for_names(um_tx_t *tx, um_statement_e id, const char *rows, apr_array_header_t **names)
{
    um_rows_t answer;
    apr_status_t rv = um_store_tx_run(tx, id, UM_VALUES(rows), &answer);

    *names = apr_array_make(tx->call->pool, answer.count + 1, sizeof(const char *));
    for (int i = 0; i < answer.count; i++) {
        APR_ARRAY_PUSH(*names, const char *) = answer.row[i][0];
    }
    return rv;
}

apr_status_t um_store_import_insert(um_tx_t *tx, const char *rows, apr_array_header_t **names)
{
    return run_for_names(tx, UM_SQL_IMPORT_INSERT, rows, names);
}

apr_status_t um_store_import_update(um_tx_t *tx, const char *rows, apr_array_header_t **names)
{
    return run_for_names(tx, UM_SQL_IMPORT_UPDATE, rows, names);
}

apr_status_t um_store_import_leave(um_tx_t *tx, const char *rows)
{
    um_rows_t answer;

    return um_store_tx_run(tx, UM_SQL_IMPORT_LEAVE, UM_VALUES(rows), &answer);
}

apr_status_t um_store_import_join(um_tx_t *tx, const char *rows)
{
    um_rows_t answer;

    return um_store_tx_run(tx, UM_SQL_IMPORT_JOIN, UM_VALUES(rows), &answer);
}

apr_status_t um_store_import_tokens(um_tx_t *tx, const char *rows, int renew, char *owned, int count, int *stored)
{
    um_rows_t answer;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_IMPORT_TOKENS, UM_VALUES(rows, renew ? "1" : "0"), &answer);

    *stored = answer.count;
    memset(owned, *stored == count, (size_t)count);
    if (rv != APR_SUCCESS || *stored == count) {
        return rv;
    }
    /* A token that was not stored has no account, or is there already. */
    rv = um_store_tx_run(tx, UM_SQL_IMPORT_OWNERS, UM_VALUES(rows), &answer);
    for (int i = 0; i < answer.count; i++) {
        apr_int64_t n = apr_atoi64(answer.row[i][0]);

        if (n >= 0 && n < count) {
            owned[n] = 1;
        }
    }
    return rv;
}

apr_status_t um_store_import_page(um_store_call_t *call, const char *after, int most, apr_array_header_t **users)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_EXPORT_USERS,
                                   UM_VALUES(after ? after : FIRST_ID, um_store_number(call->pool, most)), &rows);

    *users = apr_array_make(call->pool, rows.count + 1, sizeof(um_store_export_t));
    for (int i = 0; i < rows.count; i++) {
        const char *const *more = rows.row[i] + UM_STORE_USER_COLUMNS;

        APR_ARRAY_PUSH(*users, um_store_export_t) = (um_store_export_t){
            .user = um_store_user_read(call->pool, rows.row[i]), .groups = more[0] ? more[0] : "", .alias = more[1],
            .created_at = apr_atoi64(more[2]), .email_verified = more[3][0] == '1',
            .last_sign_in_at = more[4] ? apr_atoi64(more[4]) : 0,
        };
    }
    return rv;
}
