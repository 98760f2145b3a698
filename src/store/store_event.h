/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_EVENT_H
#define UM_STORE_EVENT_H
/* Rows of um_events: what was changed on accounts. All return APR_EGENERAL, with the reason in call->cause, when the
 * database did not execute the statement. Rows are in the pool of the call. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

/** A row. All text is UTF-8, and never NULL except where that is said. */
typedef struct um_store_event_t {
    const char *id;            /**< UUID of version 7, made of at_ms */
    const char *user_id;       /**< of the account that was changed; NULL: none, or several */
    const char *kind;          /**< the name of the event */
    apr_int64_t at_ms;         /**< milliseconds since the epoch */
    const char *actor;         /**< who did it: see um_ctx_t; "": nobody known */
    const char *session_id;    /**< NULL: none */
    const char *detail;
    const char *address;       /**< of the client */
    const char *user_agent;
    const char *request_id;
    const char *host;
    const char *node;
    const apr_array_header_t *webhooks; /**< um_store_webhook_t: rows that are stored with it; NULL: none */
} um_store_event_t;

/** The UM_EVENT_VALUES values of EVENT_INSERT, in their order. event NULL: all values are NULL. */
void um_store_event_values(apr_pool_t *pool, const um_store_event_t *event, const char **values);

/** Stores an event in the transaction of the change that it tells of. A transaction that is repeated stores it once,
 * because its id is made before. NULL: stores nothing. The name of the account that its webhooks tell is the one that
 * the account has in this transaction. */
apr_status_t um_store_event_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_store_event_t *event);

/** Stores an event by itself: of a change that is not in the database. */
apr_status_t um_store_event_insert(um_store_call_t *call, const um_store_event_t *event);

/** For a transaction that stored call->event: after UM_STORE_UNKNOWN, looks whether it was done. Returns APR_SUCCESS
 * when it was, APR_EGENERAL when it had not been done at that time (it may still be, later), UM_STORE_UNKNOWN when the
 * database does not answer, and any other rv as it is. */
apr_status_t um_store_event_settle(um_store_call_t *call, apr_status_t rv);

/** Ids before and after those of all events. */
#define UM_STORE_EVENT_FIRST "00000000-0000-0000-0000-000000000000"
#define UM_STORE_EVENT_LAST  "ffffffff-ffff-ffff-ffff-ffffffffffff"

/** How many events an account has. */
apr_status_t um_store_event_count(um_store_call_t *call, const char *user_id, apr_int64_t *count);

/** The events of an account before an id, the newest first, at most most: um_store_event_t. */
apr_status_t um_store_event_before(um_store_call_t *call, const char *user_id, const char *id, int most,
                                   apr_array_header_t **events);

/** The events after an id, the oldest first, at most most: um_store_event_t. user_id NULL: those of all accounts, and
 * those of none. */
apr_status_t um_store_event_after(um_store_call_t *call, const char *user_id, const char *id, int most,
                                  apr_array_header_t **events);

#endif
