/* SPDX-License-Identifier: Apache-2.0 */
#include "store_one_time_token.h"

#include "store_event.h"
#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>

apr_status_t um_store_one_time_token_users(um_tx_t *tx, apr_pool_t *pool, const um_mail_request_t *request,
                                           apr_array_header_t **users)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USERS_BY_EMAIL,
                                      UM_VALUES(request->email_key, request->behind,
                                                um_store_number(pool, request->state),
                                                um_store_number(pool, request->verified), request->kind, request->kind,
                                                um_store_number(pool, request->since),
                                                um_store_number(pool, request->limit)), &rows);

    *users = apr_array_make(pool, 1, sizeof(um_user_t *));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*users, um_user_t *) = um_store_user_read(pool, rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_one_time_token_insert(um_tx_t *tx, apr_pool_t *pool, const um_one_time_token_t *token, int again,
                                            int limit, int *done)
{
    um_rows_t rows;
    apr_status_t rv = APR_SUCCESS;

    *done = 0;
    if (again) {
        rv = um_store_tx_run(tx, UM_SQL_ONE_TIME_TOKEN_DROP,
                             UM_VALUES(token->user_id, token->mail_id, token->user_id, token->mail_id), &rows);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = um_store_tx_run(tx, token->is_pending ? UM_SQL_EMAIL_CHANGE_TOKEN : UM_SQL_ONE_TIME_TOKEN_INSERT,
                         UM_VALUES(token->hash, token->kind, token->mail_id,
                                   um_store_number(pool, token->created_at),
                                   um_store_number(pool, token->expires_at), token->user_id,
                                   um_store_number(pool, token->state), token->email_key, token->kind), &rows);
    *done = rows.count > 0;
    if (rv == APR_SUCCESS && *done && token->is_pending) {
        rv = um_store_tx_run(tx, UM_SQL_EMAIL_CHANGE_EXPIRES,
                             UM_VALUES(um_store_number(pool, token->expires_at), token->user_id, token->email_key),
                             &rows);
    }
    if (rv == APR_SUCCESS && *done) {
        rv = um_store_tx_run(tx, UM_SQL_ONE_TIME_TOKEN_BOUND,
                             UM_VALUES(token->user_id, token->kind, token->hash, um_store_number(pool, limit)),
                             &rows);
    }
    return rv;
}

apr_status_t um_store_one_time_token_user(um_store_call_t *call, const char *hash, apr_int64_t now,
                                          um_store_token_user_t *found)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_ONE_TIME_TOKEN_USER,
                                   UM_VALUES(hash, um_store_number(call->pool, now)), &rows);

    *found = (um_store_token_user_t){ 0 };
    if (rows.count) {
        found->user = um_store_user_read(call->pool, rows.row[0]);
        found->email_key = rows.row[0][UM_STORE_USER_COLUMNS];
        found->kind = rows.row[0][UM_STORE_USER_COLUMNS + 1];
    }
    return rv;
}

/* Locks the account's row first and then the token's, as the deletion of an account does. Two transactions with
 * different orders would wait for each other. */
apr_status_t um_store_one_time_token_reset(um_tx_t *tx, apr_pool_t *pool, const um_user_t *changed,
                                           const um_store_token_user_t *found, const char *hash, apr_int64_t now,
                                           int *done)
{
    const char *at = um_store_number(pool, now);
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_RESET,
                                      UM_VALUES(changed->password, changed->version, at, changed->id,
                                                found->user->version, found->email_key), &rows);

    if (rv == APR_SUCCESS && rows.count) {
        rv = um_store_tx_run(tx, UM_SQL_ONE_TIME_TOKEN_TAKE, UM_VALUES(hash, found->kind, at), &rows);
    }
    *done = rv == APR_SUCCESS && rows.count > 0;
    return rv;
}

apr_status_t um_store_one_time_token_settle(um_store_call_t *call, const char *hash, apr_status_t rv)
{
    um_rows_t rows;

    if (call->event) {
        return um_store_event_settle(call, rv);
    }
    /* A token that is still there was not used up, even if it is no longer valid. */
    return rv == UM_STORE_UNKNOWN
           && um_store_run(call, UM_SQL_ONE_TIME_TOKEN_THERE, UM_VALUES(hash), &rows) == APR_SUCCESS && !rows.count
           ? APR_SUCCESS : rv;
}

apr_status_t um_store_one_time_token_is_verified(um_store_call_t *call, const char *user_id, const char *email_key,
                                                 int *verified)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_USER_IS_VERIFIED, UM_VALUES(user_id, email_key), &rows);

    *verified = rows.count && rows.row[0][0] && rows.row[0][0][0] == '1';
    return rv;
}

apr_status_t um_store_one_time_token_verify(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t now,
                                            const char **user_id, int *done)
{
    const char *at = um_store_number(pool, now);
    um_rows_t rows;
    /* The account's row first, as in um_store_one_time_token_reset(). */
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_USER_VERIFIED, UM_VALUES(at, hash, hash), &rows);
    int verified = rows.count > 0;

    if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(tx, UM_SQL_ONE_TIME_TOKEN_TAKE, UM_VALUES(hash, "verify", at), &rows);
    }
    if (rv == APR_SUCCESS && rows.count) {
        *user_id = rows.row[0][0];
    }
    *done = rv == APR_SUCCESS && verified && rows.count > 0;
    return rv;
}
