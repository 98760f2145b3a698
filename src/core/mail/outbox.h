/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_OUTBOX_H
#define UM_OUTBOX_H
/* The outbox: claims mails in the database, prepares, sends and records them. Nothing that matters is in memory only. A
 * worker that is killed at any point loses no mail; at most the mail that was being sent at that moment is sent twice,
 * with the same Message-ID. Several workers, on several nodes, share the rows by leases. */
#include "ctx.h"

#include <stdatomic.h>

typedef struct um_transport_t um_transport_t;           /* transport.h */

/** The worker of a site. */
typedef struct um_outbox_t {
    um_transport_t *transport;
    const atomic_int *stop;     /**< not 0: start no other message */
    const atomic_int *cut;      /**< not 0: also break off the message that is being sent */
    int timeout;                /**< seconds that the transport takes for one message at most */
    apr_time_t (*clock)(void);  /**< the time during a batch: apr_time_now, or a test's */
    apr_int64_t (*tick)(void);  /**< milliseconds for waiting: um_monotonic_ms, or a test's */
    char last_failed[40];       /**< id of the mail whose attempt last failed as if the server were down; "": the server
                                 * has answered since, or no attempt failed so */
} um_outbox_t;

/** The result of a round of work. */
typedef struct um_outbox_round_t {
    int sent, later, given_up;  /**< messages */
    int more;                   /**< probably more mails are due now */
    int down;                   /**< the mail server is down: pause before the next round */
    apr_array_header_t *lines;  /**< const char *: for the log, without addresses and tokens */
} um_outbox_round_t;

/** Looks up the accounts of the site's requests, for a fifth of a second at most. Requests for nobody are deleted, the
 * others become mails that are due at once. *more: there are probably more requests. UM_UNAVAILABLE. */
um_status_e um_outbox_resolve(um_ctx_t *ctx, const um_outbox_t *outbox, int *more);

/** Works off one batch of the site's mails. ctx->now follows the outbox's clock. UM_OK also when no mail was due, or
 * when single mails could not be prepared. UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_outbox_work(um_ctx_t *ctx, um_outbox_t *outbox, um_outbox_round_t *round);

/** Deletes, in one bounded batch, mails that ended more than keep seconds and more than an hour ago, and expired tokens
 * and sessions. *more: there are probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_purge(um_ctx_t *ctx, apr_int64_t keep, int *more);

/** Tidies up in one bounded batch, every now and then: adopts mails that belong to no site, gives up mails of other
 * sites that no worker has looked for in a month, and makes mails due whose next attempt is later than any of ours can
 * be. *more: there are probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_tidy(um_ctx_t *ctx, int *more);

/** After the clock was set back: makes due, in one bounded batch, unclaimed mails that wait for a later time. *more:
 * there are probably more. UM_UNAVAILABLE. */
um_status_e um_outbox_hurry(um_ctx_t *ctx, int *more);

#endif
