/* SPDX-License-Identifier: Apache-2.0 */
#include "store_name.h"

apr_status_t um_store_name_delete(um_tx_t *tx, const char *user_id, const char **username_key)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_DELETE, UM_VALUES(user_id), &rows);

    *username_key = rows.count ? rows.row[0][1] : NULL;
    return rv;
}

apr_status_t um_store_name_hold(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t until)
{
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_NAME_HOLD, UM_VALUES(hash, um_store_number(pool, until)), &rows);
}

apr_status_t um_store_name_held(um_store_call_t *call, const char *hash, apr_int64_t now, int *held)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_NAME_HELD, UM_VALUES(hash, um_store_number(call->pool, now)), &rows);

    *held = rows.count > 0;
    return rv;
}
