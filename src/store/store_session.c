/* SPDX-License-Identifier: Apache-2.0 */
#include "store_session.h"

#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>


void um_store_session_values(apr_pool_t *pool, const um_session_t *session, const char **values)
{
    values[0] = session->id;
    values[1] = um_store_number(pool, session->created_at);
    values[2] = um_store_number(pool, session->expires_at);
    values[3] = session->address;
    values[4] = session->user_agent;
    values[5] = session->family_hash;
    values[6] = session->refresh_hash;
    values[7] = um_store_number(pool, session->ends_at);
    values[8] = session->user_id;
    values[9] = session->user_version;
}

typedef struct insert_t {
    apr_pool_t *pool;
    const um_session_t *session;
    int *done;
} insert_t;

static apr_status_t insert_in_transaction(um_tx_t *tx, void *baton)
{
    const insert_t *insert = baton;

    return um_store_session_insert_tx(tx, insert->pool, insert->session, insert->done);
}

apr_status_t um_store_session_insert(um_store_call_t *call, const um_session_t *session, int *done)
{
    insert_t insert = { call->pool, session, done };
    const char *values[UM_STORE_SESSION_VALUES];
    um_rows_t rows;
    apr_status_t rv;

    if (um_store_dialect(call->store) == UM_DIALECT_SQLITE3) {
        return um_store_transaction(call, insert_in_transaction, &insert);
    }
    um_store_session_values(call->pool, session, values);
    rv = um_store_run(call, UM_SQL_SESSION_INSERT, values, UM_STORE_SESSION_VALUES, &rows);
    *done = rows.count > 0;
    if (rv == APR_SUCCESS && !*done && rows.again) {
        return um_store_session_exists(call, session->id, done);
    }
    return rv;
}

apr_status_t um_store_session_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_session_t *session, int *done)
{
    const char *values[UM_STORE_SESSION_VALUES];
    const char *at = um_store_number(pool, session->created_at);
    um_rows_t rows;
    apr_status_t rv;

    um_store_session_values(pool, session, values);
    rv = um_store_tx_run(tx, UM_SQL_SESSION_INSERT, values, UM_STORE_SESSION_VALUES, &rows);
    *done = rows.count > 0;
    if (rv == APR_SUCCESS && *done && um_store_tx_dialect(tx) == UM_DIALECT_SQLITE3) {
        rv = um_store_tx_run(tx, UM_SQL_SESSION_NOTE, UM_VALUES(at, session->user_id, at), &rows);
    }
    return rv;
}

apr_status_t um_store_session_exists(um_store_call_t *call, const char *id, int *there)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_BY_ID, UM_VALUES(id), &rows);

    *there = rows.count > 0;
    return rv;
}

apr_status_t um_store_session_of_token(um_store_call_t *call, const char *hash, um_session_t *session, int *found)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_OF_TOKEN, UM_VALUES(hash), &rows);

    *found = rows.count > 0;
    *session = (um_session_t){ 0 };
    if (*found) {
        session->id = rows.row[0][0];
        session->user_id = rows.row[0][1];
        session->created_at = apr_atoi64(rows.row[0][2]);
        session->expires_at = apr_atoi64(rows.row[0][3]);
    }
    return rv;
}

apr_status_t um_store_session_any_token(um_store_call_t *call, int *any)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_ANY_TOKEN, NULL, 0, &rows);

    *any = rows.count > 0;
    return rv;
}

static void read_state(apr_pool_t *pool, const um_rows_t *rows, um_session_state_t *state)
{
    *state = (um_session_state_t){ 0 };
    if (rows->count) {
        const char *const *row = rows->row[0];

        state->user = um_store_user_read(pool, row);
        state->is_valid = row[UM_STORE_USER_COLUMNS][0] == '1';
        state->expires_at = apr_atoi64(row[UM_STORE_USER_COLUMNS + 1]);
    }
}

apr_status_t um_store_session_user(um_store_call_t *call, const char *id, um_session_state_t *state)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_USER, UM_VALUES(id), &rows);

    read_state(call->pool, &rows, state);
    return rv;
}

apr_status_t um_store_session_state(um_store_call_t *call, const char *id, um_session_state_t *state)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_STATE, UM_VALUES(id), &rows);

    read_state(call->pool, &rows, state);
    if (rows.count) {
        state->groups = rows.row[0][UM_STORE_USER_COLUMNS + 2] ? rows.row[0][UM_STORE_USER_COLUMNS + 2] : "";
    }
    return rv;
}

apr_status_t um_store_session_refresh(um_store_call_t *call, const char *id, um_session_refresh_t *state)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_REFRESH, UM_VALUES(id), &rows);

    *state = (um_session_refresh_t){ 0 };
    if (rv == APR_SUCCESS && rows.count) {
        const char *const *row = rows.row[0];

        state->user = um_store_user_read(call->pool, row);
        row += UM_STORE_USER_COLUMNS;
        state->is_valid = row[0][0] == '1';
        state->created_at = apr_atoi64(row[1]);
        state->expires_at = apr_atoi64(row[2]);
        state->ends_at = apr_atoi64(row[3]);
        state->family_hash = row[4];
        state->refresh_hash = row[5];
        state->previous_hash = row[6];
        state->refresh_salt = row[7];
        state->rotated_at = apr_atoi64(row[8]);
        state->earlier_hashes = row[9];
    }
    return rv;
}

apr_status_t um_store_session_rotate(um_store_call_t *call, const um_session_rotation_t *rotation, int *done)
{
    const char *now = um_store_number(call->pool, rotation->now);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_ROTATE,
                                   UM_VALUES(rotation->new_hash, rotation->old_hash, rotation->salt,
                                             rotation->earlier_hashes, now, now,
                                             um_store_number(call->pool, rotation->expires_at), rotation->address,
                                             rotation->user_agent, rotation->id, rotation->old_hash, now), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_session_list(um_store_call_t *call, const char *user_id, apr_int64_t now, int most,
                                   apr_array_header_t **sessions)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_LIST,
                                   UM_VALUES(user_id, um_store_number(call->pool, now),
                                             um_store_number(call->pool, most)), &rows);

    *sessions = apr_array_make(call->pool, rows.count + 1, sizeof(um_session_t));
    for (int i = 0; i < rows.count; i++) {
        const char *const *row = rows.row[i];

        APR_ARRAY_PUSH(*sessions, um_session_t) = (um_session_t){
            .id = row[0],
            .user_id = user_id,
            .created_at = apr_atoi64(row[1]),
            .expires_at = apr_atoi64(row[2]),
            .refreshed_at = row[3] ? apr_atoi64(row[3]) : 0,
            .address = row[4],
            .user_agent = row[5],
        };
    }
    return rv;
}

apr_status_t um_store_session_addresses(um_store_call_t *call, const char *username_key, const char *email_key,
                                        apr_int64_t since, int most, apr_array_header_t **sessions)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_ADDRESSES,
                                   UM_VALUES(username_key, email_key, um_store_number(call->pool, since),
                                             um_store_number(call->pool, most)), &rows);

    *sessions = apr_array_make(call->pool, rows.count + 1, sizeof(um_session_t));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*sessions, um_session_t) = (um_session_t){
            .address = rows.row[i][0] ? rows.row[i][0] : "", .created_at = apr_atoi64(rows.row[i][1]),
        };
    }
    return rv;
}

apr_status_t um_store_session_end(um_store_call_t *call, const char *id, const char *user_id, apr_int64_t now,
                                  int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_SESSION_END,
                                         UM_VALUES(id, user_id, um_store_number(call->pool, now)), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

apr_status_t um_store_session_end_all(um_store_call_t *call, const char *user_id, const char *version, apr_int64_t now,
                                      int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_USER_RENEW,
                                         UM_VALUES(version, um_store_number(call->pool, now), user_id), &rows);

    *done = rows.count > 0;
    return rv;
}
