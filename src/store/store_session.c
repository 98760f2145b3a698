/* SPDX-License-Identifier: Apache-2.0 */
#include "store_session.h"

#include <apr_strings.h>

#define USER_COLUMNS 9

static const char *const *session_values(apr_pool_t *pool, const um_session_t *session)
{
    const char **values = apr_pcalloc(pool, 7 * sizeof(*values));

    values[0] = session->id;
    values[1] = um_store_number(pool, session->created_at);
    values[2] = um_store_number(pool, session->expires_at);
    values[3] = session->address;
    values[4] = session->user_agent;
    values[5] = session->user_id;
    values[6] = session->user_version;
    return values;
}

apr_status_t um_store_session_insert(um_store_call_t *call, const um_session_t *session, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_INSERT, session_values(call->pool, session), 7, &rows);

    *done = rows.count > 0;
    if (rv == APR_SUCCESS && !*done && rows.again) {
        return um_store_session_exists(call, session->id, done);
    }
    return rv;
}

apr_status_t um_store_session_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_session_t *session, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_SESSION_INSERT, session_values(pool, session), 7, &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_session_exists(um_store_call_t *call, const char *id, int *there)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_BY_ID, UM_VALUES(id), &rows);

    *there = rows.count > 0;
    return rv;
}

apr_status_t um_store_session_user(um_store_call_t *call, const char *id, um_user_t **user, int *stands,
                                   apr_int64_t *expires_at)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_USER, UM_VALUES(id), &rows);

    *user = NULL;
    *stands = 0;
    if (rv == APR_SUCCESS && rows.count) {
        *user = um_store_user_read(call->pool, rows.row[0]);
        *stands = rows.row[0][USER_COLUMNS][0] == '1';
        *expires_at = apr_atoi64(rows.row[0][USER_COLUMNS + 1]);
    }
    return rv;
}

apr_status_t um_store_session_state(um_store_call_t *call, const char *id, um_session_state_t *state)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_SESSION_STATE, UM_VALUES(id), &rows);

    *state = (um_session_state_t){ 0 };
    if (rv == APR_SUCCESS && rows.count) {
        const char *const *row = rows.row[0];

        state->user = um_store_user_read(call->pool, row);
        state->stands = row[USER_COLUMNS][0] == '1';
        state->expires_at = apr_atoi64(row[USER_COLUMNS + 1]);
        state->groups = row[USER_COLUMNS + 2] ? row[USER_COLUMNS + 2] : "";
    }
    return rv;
}
