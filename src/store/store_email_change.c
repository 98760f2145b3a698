/* SPDX-License-Identifier: Apache-2.0 */
#include "store_email_change.h"

#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#define KIND "email_change"

apr_status_t um_store_email_change_put(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user,
                                       const um_email_change_t *change, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_EMAIL_CHANGE_PUT,
                                      UM_VALUES(change->email, change->email_key,
                                                um_store_number(pool, change->created_at),
                                                um_store_number(pool, change->expires_at), user->id,
                                                user->version), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_email_change_drop(um_tx_t *tx, const char *user_id)
{
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_EMAIL_CHANGE_DROP, UM_VALUES(user_id), &rows);
}

apr_status_t um_store_email_change_get(um_store_call_t *call, const char *user_id, apr_int64_t now, const char **email)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_EMAIL_CHANGE_GET,
                                   UM_VALUES(user_id, um_store_number(call->pool, now)), &rows);

    *email = rows.count ? rows.row[0][0] : NULL;
    return rv;
}

apr_status_t um_store_email_change_user(um_store_call_t *call, const char *hash, apr_int64_t now, um_user_t **user,
                                        um_email_change_t *change)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_EMAIL_CHANGE_USER,
                                   UM_VALUES(hash, KIND, um_store_number(call->pool, now)), &rows);

    *user = NULL;
    if (rows.count) {
        *user = um_store_user_read(call->pool, rows.row[0]);
        change->email = rows.row[0][UM_STORE_USER_COLUMNS];
        change->email_key = rows.row[0][UM_STORE_USER_COLUMNS + 1];
    }
    return rv;
}

apr_status_t um_store_email_change_apply(um_tx_t *tx, apr_pool_t *pool, const char *hash, const um_user_t *user,
                                         const um_email_change_t *change, apr_int64_t now, int *done)
{
    const char *at = um_store_number(pool, now);
    int claims = *change->email_claim != '\0';
    um_rows_t rows;
    /* The account's row first and then the token's, as the deletion of an account locks them. */
    apr_status_t rv = um_store_tx_run(tx, claims ? UM_SQL_EMAIL_CHANGE_APPLY_CLAIM : UM_SQL_EMAIL_CHANGE_APPLY,
                                      ((const char *const[]){ change->email, change->email_key, change->email_claim,
                                                              at, user->id, user->email, change->email_key,
                                                              change->email_claim }), claims ? 8 : 7, &rows);

    if (rv == APR_SUCCESS && rows.count) {
        rv = um_store_tx_run(tx, UM_SQL_ONE_TIME_TOKEN_TAKE, UM_VALUES(hash, KIND, at), &rows);
    }
    *done = rv == APR_SUCCESS && rows.count > 0;
    return *done ? um_store_email_change_drop(tx, user->id) : rv;
}
