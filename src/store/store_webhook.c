/* SPDX-License-Identifier: Apache-2.0 */
#include "store_webhook.h"

#include "store_mail.h"
#include "store_sql.h"

#include <apr_strings.h>

/* --- by an index --- */

/* A statement in a transaction in which PostgreSQL uses indexes only: see um_store_mail_begin(). */
typedef struct indexed_t {
    um_statement_e id;
    const char *const *values;
    int count;
    const char *claim;          /* reads the rows of this claim afterwards; NULL: does not */
    um_rows_t *rows;
} indexed_t;

static apr_status_t run_indexed(um_tx_t *tx, void *baton)
{
    indexed_t *indexed = baton;
    apr_status_t rv = um_store_mail_begin(tx);

    if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(tx, indexed->id, indexed->values, indexed->count, indexed->rows);
    }
    if (rv == APR_SUCCESS && indexed->claim && indexed->rows->count) {
        rv = um_store_tx_run(tx, UM_SQL_WEBHOOK_CLAIMED, UM_VALUES(indexed->claim), indexed->rows);
    }
    return rv;
}

/* Each of these statements may be done twice. */
static apr_status_t run_batch(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                              um_rows_t *rows)
{
    indexed_t indexed = { id, values, count, NULL, rows };
    apr_status_t rv;

    *rows = (um_rows_t){ 0 };
    rv = um_store_transaction(call, run_indexed, &indexed);
    return rv == UM_STORE_UNKNOWN ? um_store_transaction(call, run_indexed, &indexed) : rv;
}

/* --- sending them --- */

static apr_int64_t number_in(const char *text)
{
    return text ? apr_atoi64(text) : 0;
}

apr_status_t um_store_webhook_due(um_store_call_t *call, const char *site, const char *url, apr_int64_t now, int *due,
                                  int *is_disabled)
{
    const char *const values[] = { site, url, um_store_number(call->pool, now) };
    um_rows_t rows = { 0 };
    apr_status_t rv = um_store_dialect(call->store) == UM_DIALECT_SQLITE3
                      ? um_store_run(call, UM_SQL_WEBHOOK_DUE, values, 3, &rows)
                      : run_batch(call, UM_SQL_WEBHOOK_DUE, values, 3, &rows);

    *due = rows.count > 0;
    *is_disabled = rows.count && number_in(rows.row[0][0]);
    return rv;
}

apr_status_t um_store_webhook_claim(um_store_call_t *call, const char *site, const char *url, const char *claim,
                                    apr_int64_t now, apr_int64_t lease_end, int most, apr_array_header_t **rows)
{
    const char *const values[] = { claim, um_store_number(call->pool, lease_end), site, url,
                                   um_store_number(call->pool, now), um_store_number(call->pool, most) };
    um_rows_t claimed = { 0 };
    indexed_t indexed = { UM_SQL_WEBHOOK_CLAIM, values, 6, claim, &claimed };
    apr_status_t rv = um_store_transaction(call, run_indexed, &indexed);

    /* The claimed rows show whether the transaction was done. */
    if (rv == UM_STORE_UNKNOWN) {
        rv = um_store_run(call, UM_SQL_WEBHOOK_CLAIMED, UM_VALUES(claim), &claimed);
    }
    *rows = apr_array_make(call->pool, most, sizeof(um_webhook_row_t));
    for (int i = 0; rv == APR_SUCCESS && i < claimed.count; i++) {
        const char *const *row = claimed.row[i];

        APR_ARRAY_PUSH(*rows, um_webhook_row_t) = (um_webhook_row_t){
            .id = row[0], .url = row[1], .event_id = row[2], .kind = row[3], .at_ms = number_in(row[4]),
            .user_id = row[5], .username = row[6], .actor = row[7], .detail = row[8], .attempts = number_in(row[9]),
            .created_at = number_in(row[10]),
        };
    }
    return rv;
}

apr_status_t um_store_webhook_done(um_store_call_t *call, const char *id, const char *claim, int is_delivered,
                                   apr_int64_t now, const char *error)
{
    um_rows_t rows;

    return um_store_run(call, UM_SQL_WEBHOOK_DONE,
                        UM_VALUES(is_delivered ? "1" : "2", um_store_number(call->pool, now), error, id, claim), &rows);
}

apr_status_t um_store_webhook_later(um_store_call_t *call, const char *id, const char *claim, apr_int64_t due,
                                    const char *error)
{
    um_rows_t rows;

    return um_store_run(call, UM_SQL_WEBHOOK_LATER,
                        UM_VALUES(um_store_number(call->pool, due), error, id, claim), &rows);
}

apr_status_t um_store_webhook_release(um_store_call_t *call, const char *claim, apr_int64_t due)
{
    um_rows_t rows;

    return run_batch(call, UM_SQL_WEBHOOK_RELEASE, UM_VALUES(um_store_number(call->pool, due), claim), &rows);
}

/* --- rows that nobody sends, and rows that have ended --- */

apr_status_t um_store_webhook_next(um_store_call_t *call, const char *site, const char *url, const char **next_site,
                                   const char **next_url)
{
    um_rows_t rows = { 0 };
    apr_status_t rv = run_batch(call, UM_SQL_WEBHOOK_NEXT, UM_VALUES(site, url), &rows);

    *next_site = rows.count ? rows.row[0][0] : NULL;
    *next_url = rows.count ? rows.row[0][1] : NULL;
    return rv;
}

apr_status_t um_store_webhook_give_up(um_store_call_t *call, const char *site, const char *url, apr_int64_t before,
                                      apr_int64_t now, const char *why, int most, int *count)
{
    const char *time = um_store_number(call->pool, now);
    um_rows_t rows;
    apr_status_t rv = run_batch(call, UM_SQL_WEBHOOK_GIVE_UP,
                                UM_VALUES(time, why, site, url, um_store_number(call->pool, before), time,
                                          um_store_number(call->pool, most)), &rows);

    *count = rows.count;
    return rv;
}

apr_status_t um_store_webhook_hurry(um_store_call_t *call, apr_int64_t now, apr_int64_t beyond, int most, int *count)
{
    um_rows_t rows;
    apr_status_t rv = run_batch(call, UM_SQL_WEBHOOK_HURRY,
                                UM_VALUES(um_store_number(call->pool, now), um_store_number(call->pool, beyond),
                                          um_store_number(call->pool, most)), &rows);

    *count = rows.count;
    return rv;
}

apr_status_t um_store_webhook_purge(um_store_call_t *call, apr_int64_t before, int most, int *count)
{
    um_rows_t rows;
    apr_status_t rv = run_batch(call, UM_SQL_WEBHOOK_PURGE,
                                UM_VALUES(um_store_number(call->pool, before), um_store_number(call->pool, most)),
                                &rows);

    *count = rows.count;
    return rv;
}

/* --- for an administrator --- */

static um_webhook_row_t admin_row(const char *const *row)
{
    return (um_webhook_row_t){
        .id = row[0], .url = row[1], .event_id = row[2], .kind = row[3], .at_ms = number_in(row[4]), .user_id = row[5],
        .username = row[6], .actor = row[7], .detail = row[8], .site = row[9], .state = row[10],
        .attempts = number_in(row[11]), .created_at = number_in(row[12]), .due_at = number_in(row[13]),
        .done_at = number_in(row[14]), .last_error = row[15],
    };
}

apr_status_t um_store_webhook_list(um_store_call_t *call, const char *after, int also_delivered, apr_int64_t now,
                                   int most, apr_array_header_t **list)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_WEBHOOK_ADMIN_LIST,
                                   UM_VALUES(um_store_number(call->pool, now), after ? after : UM_MAIL_NO_ID,
                                             also_delivered ? "9" : "1", um_store_number(call->pool, most)), &rows);

    *list = apr_array_make(call->pool, 16, sizeof(um_webhook_row_t));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        APR_ARRAY_PUSH(*list, um_webhook_row_t) = admin_row(rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_webhook_one(um_store_call_t *call, const char *id, apr_int64_t now, um_webhook_row_t **row)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_WEBHOOK_ADMIN_ONE, UM_VALUES(um_store_number(call->pool, now), id),
                                   &rows);

    *row = NULL;
    if (rv == APR_SUCCESS && rows.count) {
        *row = apr_palloc(call->pool, sizeof(**row));
        **row = admin_row(rows.row[0]);
    }
    return rv;
}

apr_status_t um_store_webhook_retry(um_store_call_t *call, const char *id, apr_int64_t now, int *count)
{
    const char *time = um_store_number(call->pool, now);
    um_rows_t rows;
    apr_status_t rv = id ? um_store_event_run(call, UM_SQL_WEBHOOK_ADMIN_RETRY, UM_VALUES(time, time, id, time), &rows)
                         : um_store_event_run(call, UM_SQL_WEBHOOK_ADMIN_RETRY_ALL, UM_VALUES(time, time, time),
                                              &rows);

    *count = rv != APR_SUCCESS ? 0 : id && um_store_event_is_proof(call, &rows) ? 1 : rows.count;
    return rv;
}

apr_status_t um_store_webhook_drop(um_store_call_t *call, const char *id, apr_int64_t now, int *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_WEBHOOK_ADMIN_DROP,
                                         UM_VALUES(id, um_store_number(call->pool, now)), &rows);

    /* Without an event a lost answer proves nothing: it is taken for done, as by all deletions. */
    *count = rv == APR_SUCCESS && (rows.count || rows.again);
    return rv;
}

apr_status_t um_store_webhook_receivers(um_store_call_t *call, apr_array_header_t **list)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_WEBHOOK_ADMIN_RECEIVERS, NULL, 0, &rows);

    *list = apr_array_make(call->pool, 4, sizeof(um_webhook_receiver_t));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        APR_ARRAY_PUSH(*list, um_webhook_receiver_t)
            = (um_webhook_receiver_t){ rows.row[i][0], rows.row[i][1], number_in(rows.row[i][2]) };
    }
    return rv;
}

apr_status_t um_store_webhook_disable(um_store_call_t *call, const char *site, const char *url, apr_int64_t now,
                                      int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_WEBHOOK_DISABLE,
                                         UM_VALUES(site, url, um_store_number(call->pool, now)), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

apr_status_t um_store_webhook_enable(um_store_call_t *call, const char *site, const char *url, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_WEBHOOK_ENABLE, UM_VALUES(site, url), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

apr_status_t um_store_webhook_counts(um_store_call_t *call, apr_int64_t now, apr_int64_t since,
                                     um_webhook_counts_t *counts)
{
    const char *time = um_store_number(call->pool, now);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_WEBHOOK_COUNTS,
                                   UM_VALUES(time, time, um_store_number(call->pool, since), time), &rows);

    *counts = (um_webhook_counts_t){ 0 };
    if (rv == APR_SUCCESS && rows.count) {
        const char *const *row = rows.row[0];

        *counts = (um_webhook_counts_t){ number_in(row[0]), number_in(row[1]), number_in(row[2]), number_in(row[3]),
                                         number_in(row[4]), 0 };
    }
    return rv;
}
