/* SPDX-License-Identifier: Apache-2.0 */
#include "store_request.h"

#include "batch.h"
#include "store_mail.h"
#include "store_private.h"
#include "store_sql.h"

#include <apr_strings.h>
#include <stdlib.h>

/* --- storing them --- */

#define VALUES 7

/* How many requests are stored together: the rows of the longest statement for them. */
#define MOST_TOGETHER 8

typedef struct request_t {
    um_store_call_t *call;      /* of the thread that made it */
    const um_mail_t *mail;
} request_t;

static void request_values(apr_pool_t *pool, const um_mail_t *mail, const char **values)
{
    values[0] = mail->site;
    values[1] = mail->id;
    values[2] = mail->kind;
    values[3] = mail->email_key;
    values[4] = mail->address;
    values[5] = mail->language;
    values[6] = um_store_number(pool, mail->created_at);
}

static apr_status_t insert_batch(void *store, void *const *items, int count)
{
    static const struct { int rows; um_statement_e id; } sizes[] = {
        { 1, UM_SQL_REQUEST }, { 2, UM_SQL_REQUEST_2 }, { 4, UM_SQL_REQUEST_4 }, { 8, UM_SQL_REQUEST_8 }
    };
    um_store_call_t *first = ((request_t *)items[0])->call;
    const char *values[MOST_TOGETHER * VALUES];
    um_rows_t rows;
    apr_status_t rv;
    int size = 0;

    (void)store;
    while (sizes[size].rows < count) {
        size++;
    }
    for (int i = 0; i < sizes[size].rows; i++) {
        const request_t *request = items[i < count ? i : count - 1];

        request_values(request->call->pool, request->mail, values + i * VALUES);
    }
    rv = um_store_run(first, sizes[size].id, values, sizes[size].rows * VALUES, &rows);
    for (int i = 1; i < count; i++) {
        um_store_call_t *call = ((request_t *)items[i])->call;

        call->cause = first->cause ? apr_pstrdup(call->pool, first->cause) : NULL;
        call->is_logged = first->is_logged;
    }
    return rv;
}

void um_store_request_batch(apr_pool_t *pool, um_store_t *store)
{
    if (um_batch_create(pool, MOST_TOGETHER, insert_batch, store, &store->requests) != APR_SUCCESS) {
        store->requests = NULL;
    }
}

apr_status_t um_store_request_insert(um_store_call_t *call, const um_mail_t *mail)
{
    request_t request = { call, mail };
    void *item = &request;
    apr_status_t rv;

    if (!call->store->requests) {
        return insert_batch(call->store, &item, 1);
    }
    rv = um_store_pool_wait_begin(call);
    if (rv == APR_SUCCESS) {
        rv = um_batch_run(call->store->requests, item);
        um_store_pool_wait_end(call);
    }
    return rv;
}

/* --- looking up their addresses --- */

apr_status_t um_store_request_due(um_store_call_t *call, const char *site, int *due)
{
    um_rows_t rows;
    apr_status_t rv;

    /* On SQLite um_store_request_resolve takes the write lock even when there is none. On PostgreSQL it only reads an
     * index then. */
    *due = 1;
    if (um_store_dialect(call->store) == UM_DIALECT_PGSQL) {
        return APR_SUCCESS;
    }
    rv = um_store_run(call, UM_SQL_REQUEST_DUE, UM_VALUES(site), &rows);
    *due = rows.count > 0;
    return rv;
}

typedef struct resolution_t {
    const char *const *values;  /* of REQUEST_RESOLVE: the site, how many at most, and others */
    int count;
} resolution_t;

static apr_status_t resolve_rows(um_tx_t *tx, void *baton)
{
    resolution_t *resolution = baton;
    um_rows_t rows = { 0 };
    apr_status_t rv = um_store_mail_begin(tx);

    if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(tx, UM_SQL_REQUEST_RESOLVE, resolution->values, 6, &rows);
    }
    if (rv == APR_SUCCESS && um_store_tx_dialect(tx) == UM_DIALECT_PGSQL) {
        resolution->count = rows.count ? (int)strtol(rows.row[0][0], NULL, 10) : 0;
    }
    else if (rv == APR_SUCCESS) {
        rv = um_store_tx_run(tx, UM_SQL_REQUEST_DROP,
                             UM_VALUES(resolution->values[0], resolution->values[0], resolution->values[1]), &rows);
        resolution->count = rows.count;
    }
    return rv;
}

apr_status_t um_store_request_resolve(um_store_call_t *call, const char *site, apr_int64_t now,
                                      const um_request_limit_t *limit, int most, int *count)
{
    const char *hourly = um_store_number(call->pool, limit->most);
    const char *const values[] = { site, um_store_number(call->pool, most), um_store_number(call->pool, now), hourly,
                                   um_store_number(call->pool, limit->since), hourly };
    resolution_t resolution = { values, 0 };
    apr_status_t rv = um_store_transaction(call, resolve_rows, &resolution);

    /* Whether it was done does not matter: requests that are left are found the next time. */
    *count = rv == UM_STORE_UNKNOWN ? most : resolution.count;
    return rv == UM_STORE_UNKNOWN ? APR_SUCCESS : rv;
}
