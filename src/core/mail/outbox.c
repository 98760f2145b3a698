/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_kind.h"
#include "mail_private.h"

#include "event.h"
#include "mail_settings.h"
#include "notification.h"
#include "outbox.h"
#include "random.h"
#include "store.h"
#include "transport.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

#define BATCH 50                /* mails that are claimed at a time */
#define BATCH_SECONDS 20        /* after this a batch ends, so that its lease, and the delay after a crash, is short */
#define LEASE_MARGIN 20         /* s beyond a batch and one more message: two nodes' clocks may differ */
/* um_store_mail_begin is called in the first transactions of a batch. When there are more mails than that, PostgreSQL
 * does not plan to read the whole table any more. */
#define BEGINNINGS 10

/* --- one mail --- */

typedef struct step_t {
    um_outbox_batch_t *batch;
    const um_mail_t *mail;
    um_mail_prepared_t prepared;
} step_t;

/* A commit is what costs time, so one transaction records the mail before and prepares the next one. */
static apr_status_t step_rows(um_tx_t *tx, void *baton)
{
    step_t *step = baton;
    um_outbox_batch_t *batch = step->batch;
    apr_status_t rv = batch->transactions++ < BEGINNINGS ? um_store_mail_begin(tx) : APR_SUCCESS;

    if (rv == APR_SUCCESS) {
        rv = um_outbox_write(batch, tx);
    }
    return rv == APR_SUCCESS ? um_mail_prepare(tx, batch->ctx, batch->claim, step->mail, &step->prepared) : rv;
}

/* The mail could not be prepared. The record of the mail before is written alone; if that fails too, the database is
 * unreachable. */
static um_status_e not_prepared(um_outbox_batch_t *batch, const um_mail_t *mail, apr_status_t rv, const char *why)
{
    um_status_e status = um_outbox_flush(batch);

    if (status != UM_OK) {
        return status;
    }
    if (rv == UM_STORE_UNKNOWN) {
        /* The transaction may have been committed. The next claim sees what the row is now. */
        batch->record = (um_outbox_record_t){ .mail = mail, .is_retried = 1, .due = um_ctx_seconds(batch->ctx),
                                              .attempts = mail->attempts - 1, .why = mail->last_error };
    }
    else {
        um_outbox_failed(batch, mail, apr_pstrcat(batch->ctx->pool, "it could not be prepared: ",
                                                  why ? why : "no cause given", NULL));
    }
    return um_outbox_flush(batch);
}

static um_status_e prepare(um_outbox_batch_t *batch, const um_mail_t *mail, um_mail_prepared_t *prepared)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    step_t step = { .batch = batch, .mail = mail };
    apr_status_t rv = um_store_transaction(&call, step_rows, &step);

    *prepared = (um_mail_prepared_t){ .mail = NULL };
    if (rv != APR_SUCCESS) {
        return not_prepared(batch, mail, rv, rv == UM_STORE_ROLLED_BACK ? batch->ctx->cause : call.cause);
    }
    batch->record.mail = NULL;
    *prepared = step.prepared;
    if (prepared->refused) {
        batch->round->given_up++;
        um_outbox_log(batch, mail, "given up", prepared->refused);
    }
    return UM_OK;
}

/* Where the outcome is not known, because the server failed, the mail is tried again. */
static void add_event(um_ctx_t *ctx, const um_mail_t *mail, um_transport_e verdict)
{
    um_event_t *event = verdict == UM_TRANSPORT_SENT ? um_event_done(ctx, UM_EVENT_MAIL_SENT, mail->user_id)
                        : um_event_failed(ctx, UM_EVENT_MAIL_SENT, mail->user_id, verdict == UM_TRANSPORT_NEVER
                                          ? UM_REASON_MAIL_NEVER : UM_REASON_MAIL_LATER);

    event->detail = mail->kind;
}

static um_status_e send_prepared(um_outbox_batch_t *batch, const um_mail_prepared_t *prepared)
{
    static const um_outbox_event_e events[] = {
        [UM_TRANSPORT_SENT] = UM_OUTBOX_SENT, [UM_TRANSPORT_LATER] = UM_OUTBOX_RETRY,
        [UM_TRANSPORT_NEVER] = UM_OUTBOX_REFUSED, [UM_TRANSPORT_DOWN] = UM_OUTBOX_SERVER_FAILED,
    };
    const um_mail_t *mail = prepared->mail;
    const char *bytes, *why = "";
    um_transport_e verdict;
    apr_size_t len;

    if (um_notification_render(batch->ctx, mail, prepared->token, &bytes, &len) != UM_OK) {
        um_outbox_end(batch, mail, UM_MAIL_GIVEN_UP, batch->ctx->cause);
        return UM_OK;
    }
    verdict = um_transport_send(batch->outbox->transport, batch->ctx->pool,
                                batch->ctx->site->mail_settings->from_address, mail->address, bytes, len,
                                batch->outbox->cut, &why);
    um_wipe(bytes, len);
    batch->ctx->now = batch->outbox->clock();
    if (verdict == UM_TRANSPORT_LATER && *batch->outbox->cut) {
        /* We broke it off. It is released with the rest of the batch. */
        return UM_OK;
    }
    add_event(batch->ctx, mail, verdict);
    return um_outbox_event(batch, events[verdict], mail, verdict == UM_TRANSPORT_SENT ? "" : why);
}

static um_status_e send_mail(um_outbox_batch_t *batch, const um_mail_t *mail)
{
    um_mail_prepared_t prepared;
    um_status_e status;

    batch->ctx->now = batch->outbox->clock();
    if (um_outbox_is_too_old(batch, mail)) {
        status = um_outbox_flush(batch);
        if (status == UM_OK) {
            um_outbox_end(batch, mail, UM_MAIL_GIVEN_UP,
                          *mail->last_error ? apr_pstrcat(batch->ctx->pool, mail->last_error, " (now too old)", NULL)
                                            : "too old before it was tried");
        }
        return status;
    }
    if (!um_mail_kind_find(mail->kind)) {
        return um_outbox_leave(batch, mail, "this version of the module does not know its kind");
    }
    status = prepare(batch, mail, &prepared);
    if (status == UM_OK && prepared.mail) {
        status = send_prepared(batch, &prepared);
        um_wipe(prepared.token, strlen(prepared.token));
    }
    return status;
}

/* --- a batch --- */

static um_status_e send_all(um_outbox_batch_t *batch, const apr_array_header_t *mails)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    um_status_e status = UM_OK;
    const char *unrecorded;
    int i;

    for (i = 0; i < mails->nelts && status == UM_OK && !batch->round->down && !*batch->outbox->stop
                && batch->outbox->tick() < batch->ends; i++) {
        status = send_mail(batch, APR_ARRAY_IDX(mails, i, const um_mail_t *));
    }
    if (status == UM_OK) {
        status = um_outbox_event(batch, UM_OUTBOX_BATCH_ENDED, NULL, NULL);
    }
    /* A mail that was perhaps sent, but could not be recorded, stays claimed until the lease ends. If it were released,
     * it would be sent again at once. */
    unrecorded = batch->record.mail ? batch->record.mail->id : UM_MAIL_NO_ID;
    if ((i < mails->nelts || status != UM_OK || *batch->outbox->cut)
        && um_store_mail_release(&call, batch->claim, unrecorded,
                                 um_ctx_seconds(batch->ctx) + (batch->round->down ? UM_OUTBOX_DOWN_DELAY : 0))
           != APR_SUCCESS) {
        return um_ctx_unavailable(batch->ctx, &call);
    }
    return status;
}

um_status_e um_outbox_work(um_ctx_t *ctx, um_outbox_t *outbox, um_outbox_round_t *round)
{
    const char *host = ctx->site->mail_settings->host;
    um_store_call_t call = um_ctx_store(ctx);
    um_outbox_batch_t batch = { .ctx = ctx, .outbox = outbox, .round = round };
    apr_int64_t now = um_ctx_seconds(ctx);
    apr_array_header_t *mails;
    int due = 0;

    *round = (um_outbox_round_t){ .lines = apr_array_make(ctx->pool, 4, sizeof(const char *)) };
    if (um_store_mail_due(&call, host, now, &due) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!due) {
        return UM_OK;
    }
    if (um_random_uuid(ctx->pool, ctx->now, &batch.claim) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    batch.ends = outbox->tick() + BATCH_SECONDS * 1000;
    if (um_store_mail_claim(&call, host, batch.claim, now, now + BATCH_SECONDS + outbox->timeout + LEASE_MARGIN, BATCH,
                            &mails) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    round->more = mails->nelts > 0;
    return mails->nelts ? send_all(&batch, mails) : UM_OK;
}
