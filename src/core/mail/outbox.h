/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_OUTBOX_H
#define UM_OUTBOX_H
/* Working off the outbox: claim, and for each mail make its token, send, record. Nothing in memory matters: a worker
 * that is killed at any point loses no mail, and at most the one that was being handed over at that moment is sent
 * twice, with the same Message-ID. Several workers on several nodes share the rows by leases. */
#include "notification.h"
#include "transport.h"

/** One worker of a site. */
typedef struct um_outbox_t {
    um_transport_t *transport;
    const atomic_int *stop;     /**< nonzero: begin no other message */
    const atomic_int *cut;      /**< nonzero: break off the one under way too */
    int timeout;                /**< seconds that the transport takes for one message at most */
    apr_time_t (*clock)(void);  /**< the time during a batch; apr_time_now, or a test's */
    apr_int64_t (*tick)(void);  /**< by which it waits: um_monotonic_ms, or a test's */
    char suspect[40];           /**< id of the mail for which the server was last said to be away; "" at first */
} um_outbox_t;

/** What a round of work came to. */
typedef struct um_outbox_round_t {
    int sent, later, given_up;  /**< messages */
    int more;                   /**< probably more is due now */
    int down;                   /**< the mail server is away: pause before the next round */
    apr_array_header_t *lines;  /**< const char *: for the log, without addresses and tokens */
} um_outbox_round_t;

/** Finds out whose the addresses of the site's requests are, for a fifth of a second at most: those of nobody are
 * deleted, the others become mails, due at once. *more: there are probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_resolve(um_ctx_t *ctx, const um_outbox_t *outbox, int *more);

/** Works off one batch of the site's mails. ctx->now moves on with the outbox's clock. UM_OK also when nothing was due,
 * and when single mails could not be made ready; UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_outbox_work(um_ctx_t *ctx, um_outbox_t *outbox, um_outbox_round_t *round);

/** Deletes what ended keep seconds ago and more than an hour, in one bounded batch: mails, and tokens and sessions that
 * ran out. *more: there is probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_purge(um_ctx_t *ctx, apr_int64_t keep, int *more);

/** What is to be done now and then, in one bounded batch: takes over mails of no site, gives up those of another that
 * nobody has sent for a month, and makes due what waits for a time that no mail of ours waits for. *more: there is
 * probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_tidy(um_ctx_t *ctx, int *more);

/** The clock was set back: makes due, in one bounded batch, what waits for a later time and is in nobody's hands.
 * *more: there is probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_hurry(um_ctx_t *ctx, int *more);

#endif
