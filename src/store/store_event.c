/* SPDX-License-Identifier: Apache-2.0 */
#include "store_event.h"

#include "store_sql.h"
#include "store_webhook.h"

#include <apr_strings.h>
#include <string.h>

void um_store_event_values(apr_pool_t *pool, const um_store_event_t *event, const char **values)
{
    if (!event) {
        memset(values, 0, UM_EVENT_VALUES * sizeof(*values));
        return;
    }
    values[0] = event->id;
    values[1] = event->user_id;
    values[2] = event->kind;
    values[3] = um_store_number(pool, event->at_ms);
    values[4] = event->actor;
    values[5] = event->session_id;
    values[6] = event->detail;
    values[7] = event->address;
    values[8] = event->user_agent;
    values[9] = event->request_id;
    values[10] = event->host;
    values[11] = event->node;
}

static apr_status_t insert_webhook(um_tx_t *tx, apr_pool_t *pool, const um_store_webhook_t *webhook,
                                   const um_store_event_t *event)
{
    const char *now = um_store_number(pool, event->at_ms / 1000);
    um_rows_t rows;

    return um_store_tx_run(tx, UM_SQL_WEBHOOK_INSERT,
                           UM_VALUES(webhook->id, webhook->site, webhook->url, event->id, webhook->kind,
                                     um_store_number(pool, event->at_ms), event->user_id, event->user_id, event->actor,
                                     event->detail, now, now, webhook->site, webhook->url), &rows);
}

apr_status_t um_store_event_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_store_event_t *event)
{
    const char *values[UM_EVENT_VALUES];
    um_rows_t rows;
    apr_status_t rv;

    if (!event) {
        return APR_SUCCESS;
    }
    um_store_event_values(pool, event, values);
    rv = um_store_tx_run(tx, UM_SQL_EVENT_INSERT, values, UM_EVENT_VALUES, &rows);
    for (int i = 0; rv == APR_SUCCESS && event->webhooks && i < event->webhooks->nelts; i++) {
        rv = insert_webhook(tx, pool, &APR_ARRAY_IDX(event->webhooks, i, um_store_webhook_t), event);
    }
    return rv;
}

apr_status_t um_store_event_settle(um_store_call_t *call, apr_status_t rv)
{
    um_rows_t rows;

    if (rv != UM_STORE_UNKNOWN || um_store_run(call, UM_SQL_EVENT_THERE, UM_VALUES(call->event->id), &rows)
                                  != APR_SUCCESS) {
        return rv;
    }
    /* A server that has not noticed the loss may still commit. */
    call->cause = rows.count ? NULL : "the connection was lost at COMMIT, and nothing had been done when looked for";
    return rows.count ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t insert_alone(um_tx_t *tx, void *baton)
{
    const um_store_call_t *call = baton;

    return um_store_event_insert_tx(tx, call->pool, call->event);
}

apr_status_t um_store_event_insert(um_store_call_t *call, const um_store_event_t *event)
{
    const char *values[UM_EVENT_VALUES];
    um_rows_t rows;

    if (event->webhooks) {
        call->event = event;
        return um_store_event_settle(call, um_store_transaction(call, insert_alone, call));
    }
    um_store_event_values(call->pool, event, values);
    return um_store_run(call, UM_SQL_EVENT_INSERT, values, UM_EVENT_VALUES, &rows);
}

/* --- with a statement --- */

typedef struct both_t {
    um_store_call_t *call;
    um_statement_e id;
    const char *const *values;
    int count;
    um_rows_t *rows;
} both_t;

static apr_status_t run_both(um_tx_t *tx, void *baton)
{
    const both_t *both = baton;
    apr_status_t rv = um_store_tx_run(tx, both->id, both->values, both->count, both->rows);

    return rv == APR_SUCCESS && both->rows->count
           ? um_store_event_insert_tx(tx, both->call->pool, both->call->event) : rv;
}

apr_status_t um_store_event_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                                um_rows_t *rows)
{
    both_t both = { call, id, values, count, rows };
    um_rows_t stored = { 0 };
    const char **all;
    apr_status_t rv;

    *rows = (um_rows_t){ 0 };
    if (!call->event) {
        return um_store_run(call, id, values, count, rows);
    }
    if (um_store_dialect(call->store) == UM_DIALECT_SQLITE3 || call->event->webhooks) {
        return um_store_event_settle(call, um_store_transaction(call, run_both, &both));
    }
    all = apr_palloc(call->pool, (apr_size_t)(count + UM_EVENT_VALUES) * sizeof(*all));
    memcpy(all, values, (apr_size_t)count * sizeof(*all));
    um_store_event_values(call->pool, call->event, all + count);
    /* The second form of a statement is the row after it: see UM_STATEMENT_AND_EVENT. */
    rv = um_store_run(call, id + 1, all, count + UM_EVENT_VALUES, rows);
    if (rv == APR_SUCCESS && !rows->count && rows->again) {
        rv = um_store_run(call, UM_SQL_EVENT_THERE, UM_VALUES(call->event->id), &stored);
        rows->again = stored.count > 0;
    }
    return rv;
}

int um_store_event_is_proof(const um_store_call_t *call, const um_rows_t *rows)
{
    return call->event && !rows->count && rows->again;
}

/* --- reading --- */

static apr_array_header_t *read_events(apr_pool_t *pool, const um_rows_t *rows)
{
    apr_array_header_t *events = apr_array_make(pool, rows->count + 1, sizeof(um_store_event_t));

    for (int i = 0; i < rows->count; i++) {
        const char *const *row = rows->row[i];

        APR_ARRAY_PUSH(events, um_store_event_t) = (um_store_event_t){
            .id = row[0], .user_id = row[1], .kind = row[2], .at_ms = apr_atoi64(row[3]), .actor = row[4],
            .session_id = row[5], .detail = row[6], .address = row[7], .user_agent = row[8], .request_id = row[9],
            .host = row[10], .node = row[11],
        };
    }
    return events;
}

apr_status_t um_store_event_count(um_store_call_t *call, const char *user_id, apr_int64_t *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_EVENT_COUNT, UM_VALUES(user_id), &rows);

    *count = rows.count ? apr_atoi64(rows.row[0][0]) : 0;
    return rv;
}

apr_status_t um_store_event_before(um_store_call_t *call, const char *user_id, const char *id, int most,
                                   apr_array_header_t **events)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_EVENT_BEFORE,
                                   UM_VALUES(user_id, id, um_store_number(call->pool, most)), &rows);

    *events = read_events(call->pool, &rows);
    return rv;
}

apr_status_t um_store_event_after(um_store_call_t *call, const char *user_id, const char *id, int most,
                                  apr_array_header_t **events)
{
    const char *limit = um_store_number(call->pool, most);
    um_rows_t rows;
    apr_status_t rv = user_id ? um_store_run(call, UM_SQL_EVENT_AFTER, UM_VALUES(user_id, id, limit), &rows)
                              : um_store_run(call, UM_SQL_EVENT_ALL, UM_VALUES(id, limit), &rows);

    *events = read_events(call->pool, &rows);
    return rv;
}
