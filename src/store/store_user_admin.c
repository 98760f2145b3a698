/* SPDX-License-Identifier: Apache-2.0 */
#include "store_user_admin.h"

#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>

static um_user_t *changed_user(apr_pool_t *pool, const um_rows_t *rows)
{
    return rows->count ? um_store_user_read(pool, rows->row[0]) : NULL;
}

apr_status_t um_store_user_of_email(um_store_call_t *call, const char *email_key, int most, apr_array_header_t **users)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USERS_OF_EMAIL,
                                   UM_VALUES(email_key, um_store_number(call->pool, most)), &rows);

    *users = apr_array_make(call->pool, rows.count + 1, sizeof(um_user_t *));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*users, um_user_t *) = um_store_user_read(call->pool, rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_user_details(um_store_call_t *call, const char *id, apr_int64_t now, um_user_details_t *details,
                                   int *found)
{
    const char *at = um_store_number(call->pool, now);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_DETAILS, UM_VALUES(at, at, id), &rows);

    *details = (um_user_details_t){ 0 };
    *found = rows.count > 0;
    if (*found) {
        const char *const *row = rows.row[0];

        *details = (um_user_details_t){
            .updated_at = apr_atoi64(row[0]),
            .sessions = apr_atoi64(row[1]),
            .latest_session_at = row[2] ? apr_atoi64(row[2]) : 0,
        };
    }
    return rv;
}

apr_status_t um_store_user_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys,
                                     apr_int64_t now, int *done)
{
    const char *values[UM_STORE_USER_VALUES];
    um_rows_t rows;
    apr_status_t rv;

    um_store_user_values(pool, user, keys, now, values);
    rv = um_store_tx_run(tx, UM_SQL_USER_INSERT, values, UM_STORE_USER_VALUES, &rows);
    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_user_grant_tx(um_tx_t *tx, const char *id, int is_staff, int is_verified)
{
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_USER_GRANT, UM_VALUES(is_staff ? "1" : "0", is_verified ? "1" : "0", id), &rows);
}

apr_status_t um_store_user_rename_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, const um_user_keys_t *keys,
                                     const char *key_before, apr_int64_t now, um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_RENAME,
                                      UM_VALUES(change->username, keys->username_key, um_store_number(pool, now),
                                                change->id, key_before, keys->username_key), &rows);

    *user = changed_user(pool, &rows);
    return rv;
}

apr_status_t um_store_user_set_password_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, apr_int64_t now,
                                           um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_SET_PASSWORD,
                                      UM_VALUES(change->password, change->version, um_store_number(pool, now),
                                                change->id), &rows);

    *user = changed_user(pool, &rows);
    return rv;
}

apr_status_t um_store_user_verify(um_store_call_t *call, const char *id, const char *email, apr_int64_t now,
                                  um_user_t **user)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_USER_VERIFY,
                                         UM_VALUES(um_store_number(call->pool, now), id, email), &rows);

    *user = changed_user(call->pool, &rows);
    return rv;
}
