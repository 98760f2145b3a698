/* SPDX-License-Identifier: Apache-2.0 */
#include "store_idempotency.h"

#include "store_sql.h"

apr_status_t um_store_idempotency_get(um_store_call_t *call, const char *key_hash, apr_int64_t now,
                                      um_idempotency_row_t **row)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_IDEMPOTENCY_GET,
                                   UM_VALUES(key_hash, um_store_number(call->pool, now)), &rows);

    *row = NULL;
    if (rv == APR_SUCCESS && rows.count) {
        *row = apr_pcalloc(call->pool, sizeof(**row));
        **row = (um_idempotency_row_t){ .key_hash = key_hash, .body_hash = rows.row[0][0], .user_id = rows.row[0][1],
                                        .user_version = rows.row[0][2], .has_session = rows.row[0][3][0] == '1' };
    }
    return rv;
}

apr_status_t um_store_idempotency_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_idempotency_row_t *row,
                                            apr_int64_t now, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_IDEMPOTENCY_INSERT,
                                      UM_VALUES(row->key_hash, row->body_hash, row->user_id, row->user_version,
                                                row->has_session ? "1" : "0", um_store_number(pool, row->expires_at),
                                                um_store_number(pool, now)), &rows);

    *done = rows.count > 0;
    return rv;
}
