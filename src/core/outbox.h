/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_OUTBOX_H
#define UM_OUTBOX_H
/* Working off the outbox: claim, make the tokens, send, record. Nothing in memory matters: a worker that is killed
 * at any point loses no mail, and at most the one that was being handed over at that moment is sent twice, with the
 * same Message-ID. Several workers on several nodes share the rows by leases. */
#include "mailing.h"
#include "transport.h"

/** One worker. */
typedef struct um_outbox_t {
    um_transport_t *transport;
    volatile int *stop;         /**< nonzero: begin no other message */
    volatile int *cut;          /**< nonzero: break off the one under way too */
    int timeout;                /**< seconds that the transport takes for one message at most */
    apr_time_t (*clock)(void);  /**< the time during a batch; apr_time_now, or a test's */
} um_outbox_t;

/** What a round of work came to. */
typedef struct um_outbox_round_t {
    int sent, later, given_up;  /**< messages */
    int more;                   /**< probably more is due now */
    int down;                   /**< the mail server is away: pause before the next round */
    apr_array_header_t *lines;  /**< const char *: for the log, without addresses and tokens */
} um_outbox_round_t;

/** Works off one batch. UM_OK also when nothing was due; UM_AWAY, UM_FAILED. */
um_status_e um_outbox_work(um_cx_t *cx, const um_outbox_t *outbox, um_outbox_round_t *round);

/** Deletes what ended keep seconds ago, in one bounded batch: mails, and tokens and sessions that ran out. *more: there
 * is probably more. UM_AWAY. */
um_status_e um_outbox_purge(um_cx_t *cx, apr_int64_t keep, int *more);

#endif
