/* SPDX-License-Identifier: Apache-2.0 */
#include "store_registration.h"

#include "store_event.h"
#include "store_idempotency.h"
#include "store_mail.h"
#include "store_session.h"
#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

/* The statement that inserts all rows takes the values of the three statements for one row each, without the user's id
 * and version of the session, and with the ids of session, mail and event a second time. */
#define SESSION_VALUES (UM_STORE_SESSION_VALUES - 2)
#define ALL_VALUES     (UM_STORE_USER_VALUES + SESSION_VALUES + 1 + UM_STORE_MAIL_VALUES + 1 \
                        + UM_EVENT_VALUES + 1)

/* A new account that gets a session is signed in to. */
static void user_values(apr_pool_t *pool, const um_store_registration_t *rows, apr_int64_t now, const char **values)
{
    um_store_user_values(pool, rows->user, rows->keys, now, values);
    if (rows->session) {
        values[UM_USER_VALUE_AT_last_sign_in_at] = um_store_number(pool, rows->session->created_at);
    }
}

static apr_status_t insert_all(um_store_call_t *call, const um_store_registration_t *rows, apr_int64_t now,
                               um_rows_t *result)
{
    const char *values[ALL_VALUES + 2] = { NULL };
    const char **session = values + UM_STORE_USER_VALUES;
    const char **mail = session + SESSION_VALUES + 1;
    const char **event = mail + UM_STORE_MAIL_VALUES + 1;

    user_values(call->pool, rows, now, values);
    if (rows->session) {
        um_store_session_values(call->pool, rows->session, session);
        session[SESSION_VALUES] = rows->session->id;
        session[SESSION_VALUES + 1] = NULL;
    }
    if (rows->mail) {
        um_store_mail_values(call->pool, rows->mail, mail);
        mail[UM_STORE_MAIL_VALUES] = rows->mail->id;
    }
    um_store_event_values(call->pool, call->event, event);
    event[UM_EVENT_VALUES] = call->event ? call->event->id : NULL;
    return um_store_run(call, UM_SQL_REGISTRATION, values, ALL_VALUES, result);
}

typedef struct work_t {
    apr_pool_t *pool;
    const um_store_registration_t *rows;
    apr_int64_t now;
    const um_store_event_t *event;
} work_t;

static apr_status_t insert_each(um_tx_t *tx, void *baton)
{
    const work_t *work = baton;
    const um_store_registration_t *rows = work->rows;
    const char *values[UM_STORE_USER_VALUES];
    um_rows_t result;
    apr_status_t rv = APR_SUCCESS;
    int done = 1;

    user_values(work->pool, rows, work->now, values);
    /* First: of two requests with one key the other one waits here, and then finds the key in use. */
    if (rows->idempotency) {
        rv = um_store_idempotency_insert_tx(tx, work->pool, rows->idempotency, work->now, &done);
    }
    if (rv == APR_SUCCESS && done) {
        rv = um_store_tx_run(tx, UM_SQL_USER_INSERT, values, UM_STORE_USER_VALUES, &result);
        done = result.count > 0;
    }
    if (rv == APR_SUCCESS && done && rows->session) {
        rv = um_store_session_insert_tx(tx, work->pool, rows->session, &done);
    }
    if (rv == APR_SUCCESS && done && rows->mail) {
        rv = um_store_mail_insert_tx(tx, work->pool, rows->mail);
    }
    if (rv == APR_SUCCESS && done) {
        rv = um_store_event_insert_tx(tx, work->pool, work->event);
    }
    return rv == APR_SUCCESS && !done ? UM_STORE_ROLLED_BACK : rv;
}

apr_status_t um_store_registration(um_store_call_t *call, const um_store_registration_t *rows, apr_int64_t now,
                                   int *done)
{
    work_t work = { call->pool, rows, now, call->event };
    um_rows_t result = { 0 };
    apr_status_t rv;

    /* The statement of all rows would keep a key whose account it could not insert, and has no webhooks. */
    if (um_store_dialect(call->store) == UM_DIALECT_SQLITE3 || rows->idempotency
        || (call->event && call->event->webhooks)) {
        rv = um_store_transaction(call, insert_each, &work);
        rv = call->event ? um_store_event_settle(call, rv) : rv;
        *done = rv == APR_SUCCESS;
        return rv == UM_STORE_ROLLED_BACK ? APR_SUCCESS : rv;
    }
    rv = insert_all(call, rows, now, &result);
    *done = result.count > 0;
    if (rv == APR_SUCCESS && !*done && result.again) {
        um_user_t *there = NULL;

        rv = um_store_user_by_id(call, rows->user->id, &there);
        *done = there != NULL;
    }
    return rv;
}
