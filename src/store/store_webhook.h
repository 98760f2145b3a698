/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_WEBHOOK_H
#define UM_STORE_WEBHOOK_H
/* Rows of um_webhooks: events to be sent to the receivers of UserMgmtWebhook. All return APR_EGENERAL, with the reason
 * in call->cause, when the database did not execute the statement. Rows are in the pool of the call. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/** A row to be inserted with its event (store_event.h), due at once. */
typedef struct um_store_webhook_t {
    const char *id;            /**< UUID */
    const char *site;          /**< the host that sends it */
    const char *url;           /**< of the receiver */
    const char *kind;          /**< the type of the event in what is sent */
} um_store_webhook_t;

/* --- sending them --- */

/** A row. No text is NULL where that is not said. */
typedef struct um_webhook_row_t {
    const char *id;
    const char *url;
    const char *event_id;
    const char *kind;
    apr_int64_t at_ms;         /**< when it happened, in milliseconds since the epoch */
    const char *user_id;       /**< NULL: no account, or several */
    const char *username;      /**< "": none */
    const char *actor;         /**< "": nobody known */
    const char *detail;        /**< "": none */
    apr_int64_t attempts;      /**< how often it was claimed; of a claimed row, this time included */
    apr_int64_t created_at;    /**< seconds since the epoch, as the times below */

    /* For an administrator only: */
    const char *site;
    const char *state;         /**< "waiting", "sending", "delivered" or "given up" */
    apr_int64_t due_at;        /**< the next attempt; 0: none */
    apr_int64_t done_at;       /**< when it was delivered or given up; 0: not yet */
    const char *last_error;    /**< "": none */
} um_webhook_row_t;

/** Whether any row of a site and a receiver is due, and if so, whether the receiver is disabled. */
apr_status_t um_store_webhook_due(um_store_call_t *call, const char *site, const char *url, apr_int64_t now, int *due,
                                  int *is_disabled);

/** Claims due rows of a site and a receiver, at most most, until lease_end.
 * @param claim  a new UUID
 * @param rows   um_webhook_row_t, the oldest first */
apr_status_t um_store_webhook_claim(um_store_call_t *call, const char *site, const char *url, const char *claim,
                                    apr_int64_t now, apr_int64_t lease_end, int most, apr_array_header_t **rows);

/** Records that a row was delivered, or given up because of error. Nothing is changed when the claim is no longer ours.
 * */
apr_status_t um_store_webhook_done(um_store_call_t *call, const char *id, const char *claim, int is_delivered,
                                   apr_int64_t now, const char *error);

/** Puts a row off until due. Nothing is changed when the claim is no longer ours. */
apr_status_t um_store_webhook_later(um_store_call_t *call, const char *id, const char *claim, apr_int64_t due,
                                    const char *error);

/** Releases the rows that a claim still holds, as if they had not been claimed. They are due at due. */
apr_status_t um_store_webhook_release(um_store_call_t *call, const char *claim, apr_int64_t due);

/* --- rows that nobody sends, and rows that have ended; in batches of at most most rows --- */

/** The next site and receiver, by their names, that have waiting rows. *next_site NULL: there is none. */
apr_status_t um_store_webhook_next(um_store_call_t *call, const char *site, const char *url, const char **next_site,
                                   const char **next_url);

/** Gives up rows of a site and a receiver that are due before a time and are not being sent. *count: how many. */
apr_status_t um_store_webhook_give_up(um_store_call_t *call, const char *site, const char *url, apr_int64_t before,
                                      apr_int64_t now, const char *why, int most, int *count);

/** Makes rows due now whose due time is later than beyond. *count: how many. */
apr_status_t um_store_webhook_hurry(um_store_call_t *call, apr_int64_t now, apr_int64_t beyond, int most, int *count);

/** Deletes rows that were delivered or given up before a time. *count: how many. */
apr_status_t um_store_webhook_purge(um_store_call_t *call, apr_int64_t before, int most, int *count);

/* --- for an administrator --- */

/** At most most rows after an id, in the order of ids, which is that of time. after NULL: from the first.
 * @param also_delivered  those that were delivered, too */
apr_status_t um_store_webhook_list(um_store_call_t *call, const char *after, int also_delivered, apr_int64_t now,
                                   int most, apr_array_header_t **rows);

/** One row. *row NULL: there is none. */
apr_status_t um_store_webhook_one(um_store_call_t *call, const char *id, apr_int64_t now, um_webhook_row_t **row);

/** Lets a row be sent now, as if its event had happened now, also one that was delivered. One that is being sent stays
 * as it is, and so does one whose receiver is disabled. id NULL: all that wait or were given up. *count: how many; of
 * all of them 0, too, when the answer was lost and the worker has taken them meanwhile. Stores call->event with it. */
apr_status_t um_store_webhook_retry(um_store_call_t *call, const char *id, apr_int64_t now, int *count);

/** Deletes a row that is not being sent, and stores call->event with it. *count: how many, 0 or 1. */
apr_status_t um_store_webhook_drop(um_store_call_t *call, const char *id, apr_int64_t now, int *count);

/* --- receivers that want no more: rows of um_webhook_receivers --- */

typedef struct um_webhook_receiver_t {
    const char *site, *url;
    apr_int64_t disabled_at;   /**< seconds since the epoch */
} um_webhook_receiver_t;

/** All that are disabled: um_webhook_receiver_t. */
apr_status_t um_store_webhook_receivers(um_store_call_t *call, apr_array_header_t **list);

/** Disables a receiver, and stores call->event with it. *done: this call did it. */
apr_status_t um_store_webhook_disable(um_store_call_t *call, const char *site, const char *url, apr_int64_t now,
                                      int *done);

/** Enables it again, likewise. */
apr_status_t um_store_webhook_enable(um_store_call_t *call, const char *site, const char *url, int *done);

/* --- the metrics --- */

/** How many there are. */
typedef struct um_webhook_counts_t {
    apr_int64_t waiting, sending;
    apr_int64_t given_up;      /**< since a time */
    apr_int64_t oldest;        /**< when the oldest that is not done was made; 0: there is none */
    apr_int64_t oldest_due;    /**< since when the one that is overdue longest is due; 0: none is overdue */
    int disabled;              /**< receivers: see um_webhook_admin_disabled(); 0 by um_store_webhook_counts() */
} um_webhook_counts_t;

apr_status_t um_store_webhook_counts(um_store_call_t *call, apr_int64_t now, apr_int64_t since,
                                     um_webhook_counts_t *counts);

#endif
