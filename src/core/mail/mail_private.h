/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAIL_PRIVATE_H
#define UM_MAIL_PRIVATE_H
/* What the files of the outbox share. */
#include "ctx.h"
#include "store_mail.h"

typedef struct um_outbox_t um_outbox_t;                 /* outbox.h */
typedef struct um_outbox_round_t um_outbox_round_t;     /* outbox.h */
typedef struct um_tx_t um_tx_t;                         /* store.h */

/* --- mail_prepare.c: makes a claimed mail ready to be sent --- */

/** A mail that can be sent, with its token. */
typedef struct um_mail_prepared_t {
    const um_mail_t *mail;      /**< with the account's present address and name; NULL: nothing is to be sent */
    const char *token;          /**< in clear text, only here; "": its kind has none */
    const char *refused;        /**< why the mail was given up, as recorded; NULL: it was not */
} um_mail_prepared_t;

/** Finds the accounts that a request is for, makes the token, and applies the limits for account and address, in a
 * transaction that may be repeated from its start. A request that is for nobody is recorded as done. When it is for
 * several accounts, each further one gets a row of its own; when there are more than a page of them, one more row looks
 * for the rest later. A mail that must not be sent is recorded as given up.
 * @return APR_EGENERAL: pass it on. UM_STORE_ROLLED_BACK with ctx->cause: the mail cannot be prepared now */
apr_status_t um_mail_prepare(um_tx_t *tx, um_ctx_t *ctx, const char *claim, const um_mail_t *mail,
                             um_mail_prepared_t *prepared);

/* --- outbox_state.c: what becomes of the mails of a batch --- */

/** Seconds that all mails wait while the server is down. */
#define UM_OUTBOX_DOWN_DELAY 15

/** How the sending of a mail ended, yet to be recorded. */
typedef struct um_outbox_record_t {
    const um_mail_t *mail;      /**< NULL: there is nothing to record */
    int is_retried;             /**< it is due again at due; otherwise it ended in state */
    um_mail_state_e state;
    apr_int64_t due;            /**< seconds since the epoch */
    int attempts;
    const char *why;
} um_outbox_record_t;

/** The mails that a worker has claimed and works off. */
typedef struct um_outbox_batch_t {
    um_ctx_t *ctx;
    um_outbox_t *outbox;
    um_outbox_round_t *round;
    const char *claim;
    apr_int64_t ends;           /**< ms of the outbox's tick */
    um_outbox_record_t record;  /**< of the mail before; written in the transaction that prepares the next one */
    const um_mail_t *deferred;  /**< its attempt failed as if the server were down; NULL: none */
    const char *deferred_why;
    int has_answered;           /**< the server has answered an attempt of this batch */
    int transactions;           /**< so far */
} um_outbox_batch_t;

/** What happens to a batch. */
typedef enum {
    UM_OUTBOX_SENT,             /**< the server has accepted the mail */
    UM_OUTBOX_RETRY,            /**< the server answered, and the mail may be accepted later */
    UM_OUTBOX_REFUSED,          /**< the server answered, and will never accept the mail */
    UM_OUTBOX_SERVER_FAILED,    /**< the attempt failed as if no mail could be sent */
    UM_OUTBOX_BATCH_ENDED       /**< no further mail of the batch is tried */
} um_outbox_event_e;

/** Makes all changes of state that follow from an event: of the mail, of a mail that failed before it, and of what is
 * known about the server. UM_UNAVAILABLE.
 * @param mail, why  NULL for UM_OUTBOX_BATCH_ENDED */
um_status_e um_outbox_event(um_outbox_batch_t *batch, um_outbox_event_e event, const um_mail_t *mail, const char *why);

/** Whether a mail has waited for longer than the site wants. */
int um_outbox_is_too_old(const um_outbox_batch_t *batch, const um_mail_t *mail);

/** Sets the record: the mail is done. */
void um_outbox_end(um_outbox_batch_t *batch, const um_mail_t *mail, um_mail_state_e state, const char *why);

/** Sets the record: the mail's attempt failed through its own fault. The mail is retried later, or given up after the
 * last attempt. */
void um_outbox_failed(um_outbox_batch_t *batch, const um_mail_t *mail, const char *why);

/** Leaves a mail to another node, for which it is due soon, and writes that. No attempt is counted. It is given up when
 * it is too old. */
um_status_e um_outbox_leave(um_outbox_batch_t *batch, const um_mail_t *mail, const char *why);

/** Writes the record, if there is one, in a transaction. */
apr_status_t um_outbox_write(um_outbox_batch_t *batch, um_tx_t *tx);

/** Writes the record, if there is one, in a transaction of its own. UM_UNAVAILABLE. */
um_status_e um_outbox_flush(um_outbox_batch_t *batch);

/** Adds a line about a mail to those that the worker logs. */
void um_outbox_log(um_outbox_batch_t *batch, const um_mail_t *mail, const char *what, const char *why);

#endif
