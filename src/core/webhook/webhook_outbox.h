/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WEBHOOK_OUTBOX_H
#define UM_WEBHOOK_OUTBOX_H
/* Sends the rows of um_webhooks: claims them in the database, sends them, and records what became of them. Nothing that
 * matters is in memory only. A worker that is killed at any point loses no row; what was being sent at that moment is
 * sent again, with the same webhook-id. Several workers, on several nodes, share the rows by leases.
 *
 * Each receiver has its own claims, pauses and connections, and nothing waits for an answer, so one that is slow or
 * unreachable delays no other. No connection of the database is held while something is sent. */
#include "ctx.h"

typedef struct um_webhook_outbox_t um_webhook_outbox_t;
typedef struct um_webhook_row_t um_webhook_row_t;       /* store_webhook.h */
typedef struct um_webhook_send_t um_webhook_send_t;     /* webhook_send.h */

typedef struct um_webhook_outbox_options_t {
    um_webhook_send_t *send;
    int timeout;                /**< seconds that a request takes at most */
    apr_time_t (*clock)(void);  /**< apr_time_now, or a test's */
    apr_int64_t (*tick)(void);  /**< milliseconds for waiting: um_monotonic_ms, or a test's */
} um_webhook_outbox_options_t;

/** What became of deliveries. */
typedef struct um_webhook_round_t {
    int delivered, later, given_up;
    apr_array_header_t *lines;  /**< const char *: for the log */
    apr_array_header_t *disabled; /**< const char *: receivers that want no more */
} um_webhook_round_t;

/** The worker of a site, which has webhooks. One thread uses it. */
um_webhook_outbox_t *um_webhook_outbox_create(apr_pool_t *pool, const um_site_t *site,
                                              const um_webhook_outbox_options_t *options);

/** Works for at most about so many milliseconds: looks for rows that are due, starts requests, and records those that
 * are done. Requests may be under way when it returns.
 * @param looks  look for rows now, because there may be new ones; otherwise every two seconds
 * @return UM_OK; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_webhook_outbox_work(um_webhook_outbox_t *outbox, um_ctx_t *ctx, int looks, int milliseconds,
                                   um_webhook_round_t *round);

/** Whether nothing is under way or claimed. */
int um_webhook_outbox_is_idle(const um_webhook_outbox_t *outbox);

/** Starts no more requests: what is under way may end. */
void um_webhook_outbox_stop(um_webhook_outbox_t *outbox);

/** Breaks off what is under way, and releases all claims. UM_UNAVAILABLE: they end with their leases. */
um_status_e um_webhook_outbox_abort(um_webhook_outbox_t *outbox, um_ctx_t *ctx);

/* --- webhook_body.c ----------------------------------------------------------------------------------------------- */

/** The text that is sent for a row, JSON in UTF-8; the same each time. In pool. */
const char *um_webhook_body(apr_pool_t *pool, const um_webhook_row_t *row);

/** Seconds to wait after so many attempts, from 1 on. dice is a random number from 0 to 255. */
apr_int64_t um_webhook_body_delay(apr_int64_t attempts, unsigned char dice);

/* --- webhook_tidy.c ----------------------------------------------------------------------------------------------- */

/** Deletes rows that ended long ago, gives up those whose receiver is not configured any more, and makes those due that
 * wait longer than any may; in one bounded batch of each. *more: there are probably more. UM_UNAVAILABLE. */
um_status_e um_webhook_tidy(um_ctx_t *ctx, int *more);

#endif
