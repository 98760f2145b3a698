/* SPDX-License-Identifier: Apache-2.0 */
#include "store_mail.h"

#include "store_sql.h"

#include <apr_strings.h>
#include <stdlib.h>

void um_store_mail_values(apr_pool_t *pool, const um_mail_t *mail, const char **values)
{
    const char *at = um_store_number(pool, mail->created_at);

    values[0] = mail->id;
    values[1] = mail->kind;
    values[2] = at;
    values[3] = mail->address;
    values[4] = mail->user_id;
    values[5] = mail->username;
    values[6] = mail->detail;
    values[7] = mail->language;
    values[8] = mail->site;
    values[9] = at;
}

apr_status_t um_store_mail_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail)
{
    const char *values[UM_STORE_MAIL_VALUES];
    um_rows_t rows;

    um_store_mail_values(pool, mail, values);
    return um_store_tx_run(tx, UM_SQL_MAIL_INSERT, values, UM_STORE_MAIL_VALUES, &rows);
}

/* --- sending them --- */

apr_status_t um_store_mail_begin(um_tx_t *tx)
{
    return um_store_tx_dialect(tx) == UM_DIALECT_PGSQL ? um_store_tx_text(tx, "set local enable_seqscan = off")
                                                       : APR_SUCCESS;
}

typedef struct look_t {
    um_statement_e first;
    const char *const *values;
    int count;
    const char *claim;          /* reads the rows of this claim afterwards; NULL: does not */
    um_rows_t *rows;
} look_t;

static apr_status_t look_rows(um_tx_t *tx, void *baton)
{
    look_t *look = baton;
    apr_status_t rv = um_store_mail_begin(tx);

    if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(tx, look->first, look->values, look->count, look->rows);
    }
    if (rv == APR_SUCCESS && look->claim && look->rows->count) {
        rv = um_store_tx_run(tx, UM_SQL_MAIL_CLAIMED, UM_VALUES(look->claim), look->rows);
    }
    return rv;
}

apr_status_t um_store_mail_due(um_store_call_t *call, const char *site, apr_int64_t now, int *due)
{
    const char *const values[] = { site, um_store_number(call->pool, now) };
    um_rows_t rows = { 0 };
    look_t look = { UM_SQL_MAIL_DUE, values, 2, NULL, &rows };
    apr_status_t rv;

    /* Not in a transaction on SQLite, where every transaction takes the write lock. */
    if (um_store_dialect(call->store) == UM_DIALECT_SQLITE3) {
        rv = um_store_run(call, UM_SQL_MAIL_DUE, values, 2, &rows);
    }
    else {
        rv = um_store_transaction(call, look_rows, &look);
    }
    *due = rows.count > 0;
    return rv == UM_STORE_UNKNOWN ? APR_SUCCESS : rv;
}

static um_mail_t *read_mail(apr_pool_t *pool, const char *const *row)
{
    um_mail_t *mail = apr_pcalloc(pool, sizeof(*mail));

    mail->id = row[0];
    mail->kind = row[1];
    mail->address = row[2];
    mail->user_id = row[3];
    mail->username = row[4];
    mail->detail = row[5];
    mail->language = row[6];
    mail->site = row[7];
    mail->attempts = (int)strtol(row[8], NULL, 10);
    mail->created_at = apr_atoi64(row[9]);
    mail->last_error = row[10];
    mail->was_made = row[11] != NULL;
    return mail;
}

apr_status_t um_store_mail_claim(um_store_call_t *call, const char *site, const char *claim, apr_int64_t now,
                                 apr_int64_t lease_end, int most, apr_array_header_t **mails)
{
    const char *const values[] = { claim, um_store_number(call->pool, lease_end), site,
                                   um_store_number(call->pool, now), um_store_number(call->pool, most) };
    um_rows_t rows = { 0 };
    look_t look = { UM_SQL_MAIL_CLAIM, values, 5, claim, &rows };
    apr_status_t rv = um_store_transaction(call, look_rows, &look);

    /* The claimed rows show whether the transaction was done. */
    if (rv == UM_STORE_UNKNOWN) {
        rv = um_store_run(call, UM_SQL_MAIL_CLAIMED, UM_VALUES(claim), &rows);
    }
    *mails = apr_array_make(call->pool, most, sizeof(um_mail_t *));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        APR_ARRAY_PUSH(*mails, um_mail_t *) = read_mail(call->pool, rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_mail_resolve(um_tx_t *tx, const um_mail_t *mail, const char *claim, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_MAIL_RESOLVE,
                                      UM_VALUES(mail->user_id, mail->username, mail->address, mail->id, claim), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_mail_made(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                const um_mail_limit_t *limit, apr_int64_t now, int *done, int *verified)
{
    const char *since = um_store_number(pool, limit->since), *most = um_store_number(pool, limit->most);
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_MAIL_MADE,
                                      UM_VALUES(limit->email_key, um_store_number(pool, now), mail->id, claim,
                                                limit->email_key, mail->kind, since, most, most,
                                                limit->first ? "1" : "0", limit->email_key, mail->kind, since,
                                                mail->user_id), &rows);

    *done = rows.count > 0;
    *verified = rows.count && rows.row[0][1] && rows.row[0][1][0] == '1';
    return rv;
}

apr_status_t um_store_mail_postpone(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                    const char *email_key, apr_int64_t due, const char *why, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_MAIL_POSTPONE,
                                      UM_VALUES(um_store_number(pool, due), why, mail->id, claim, email_key,
                                                email_key), &rows);

    *done = rows.count > 0;
    return rv;
}

apr_status_t um_store_mail_unmade(um_tx_t *tx, const um_mail_t *mail, const char *claim)
{
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_MAIL_UNMADE, UM_VALUES(mail->id, claim), &rows);
}

apr_status_t um_store_mail_done(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                um_mail_state_e state, apr_int64_t now, const char *error, int *done)
{
    const char *const values[] = { state == UM_MAIL_SENT ? "1" : "2", um_store_number(call->pool, now), error, mail->id,
                                   claim };
    um_rows_t rows;
    apr_status_t rv = tx ? um_store_tx_run(tx, UM_SQL_MAIL_DONE, values, 5, &rows)
                         : um_store_run(call, UM_SQL_MAIL_DONE, values, 5, &rows);

    if (done) {
        *done = rows.count > 0;
    }
    return rv;
}

apr_status_t um_store_mail_later(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                 apr_int64_t due, int attempts, const char *error)
{
    um_rows_t rows;
    const char *at = um_store_number(call->pool, due);
    const char *count = um_store_number(call->pool, attempts);

    if (tx) {
        return um_store_tx_run(tx, UM_SQL_MAIL_LATER, UM_VALUES(at, count, error, mail->id, claim), &rows);
    }
    return um_store_run(call, UM_SQL_MAIL_LATER, UM_VALUES(at, count, error, mail->id, claim), &rows);
}

apr_status_t um_store_mail_release(um_store_call_t *call, const char *claim, const char *but, apr_int64_t due)
{
    const char *const values[] = { um_store_number(call->pool, due), claim, but };
    um_rows_t rows = { 0 };
    look_t look = { UM_SQL_MAIL_RELEASE, values, 3, NULL, &rows };
    apr_status_t rv = um_store_transaction(call, look_rows, &look);

    /* Done or not, doing it twice is the same as once. */
    return rv == UM_STORE_UNKNOWN ? um_store_transaction(call, look_rows, &look) : rv;
}
