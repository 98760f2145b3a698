/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "core_settings.h"
#include "mail_prepare.h"
#include "random.h"
#include "store.h"

#include <apr_strings.h>
#include <string.h>

#define BATCH 50
/* Transactions of a batch that um_store_mail_begin begins. With more mails than that at a time the table is none that
 * PostgreSQL would read from end to end. */
#define BEGINNINGS 10
/* A batch ends after this, so that its lease can be short and a killed worker's mails are not late for long. */
#define BATCH_SECONDS 20
/* Beyond a batch and one message more: for two nodes' clocks. */
#define LEASE_MARGIN 20

#define FIRST_DELAY 30
#define LONGEST_DELAY 3600
#define DOWN_DELAY 15
/* While one mail alone says that the server is away, and no other is there to tell whether it is the mail's fault. */
#define LONGEST_LONE_DELAY 300

/* How the sending of a mail ended, yet to be recorded. */
typedef struct record_t {
    const um_mail_t *mail;      /* NULL: nothing is to be recorded */
    int waits;                  /* it is put off; else it has ended in state */
    um_mail_state_e state;
    apr_int64_t due;
    int attempts;
    const char *why;
} record_t;

/* What a batch has in hand. */
typedef struct batch_t {
    um_ctx_t *ctx;
    um_outbox_t *outbox;
    um_outbox_round_t *round;
    const char *claim;
    apr_int64_t ends;           /* tick */
    record_t record;            /* of the mail before: goes into the transaction in which the next is made ready */
    const um_mail_t *suspect;   /* said that the server is away, which the next has to confirm; or NULL */
    const char *suspicion;      /* its words */
    int has_spoken;             /* the server, to any mail of the batch */
    int steps;                  /* transactions so far */
} batch_t;

static void note(batch_t *batch, const um_mail_t *mail, const char *what, const char *why)
{
    APR_ARRAY_PUSH(batch->round->lines, const char *) = apr_psprintf(batch->ctx->pool, "mail %s (%s, try %d) %s: %s",
                                                                     mail->id, mail->kind, mail->attempts, what, why);
}

/* Twice as long after each try, and a quarter more or less, lest all come back at the same second. */
static apr_int64_t delay(int attempts)
{
    apr_int64_t seconds = FIRST_DELAY;
    unsigned char dice = 128;

    for (int i = 1; i < attempts && seconds < LONGEST_DELAY; i++) {
        seconds *= 2;
    }
    seconds = seconds > LONGEST_DELAY ? LONGEST_DELAY : seconds;
    (void)um_random_bytes(&dice, 1);
    return seconds * 3 / 4 + seconds * dice / 512;
}

/* --- recording --- */

static apr_status_t write_record(batch_t *batch, um_store_call_t *call, um_tx_t *tx)
{
    const record_t *record = &batch->record;

    if (!record->mail) {
        return APR_SUCCESS;
    }
    return record->waits ? um_store_mail_later(call, tx, record->mail, batch->claim, record->due, record->attempts,
                                               record->why)
                         : um_store_mail_done(call, tx, record->mail, batch->claim, record->state,
                                              um_ctx_seconds(batch->ctx), record->why, NULL);
}

static apr_status_t record_rows(um_tx_t *tx, void *baton)
{
    batch_t *batch = baton;
    um_store_call_t call = um_ctx_store(batch->ctx);
    apr_status_t rv = um_store_mail_begin(tx);

    return rv == APR_SUCCESS ? write_record(batch, &call, tx) : rv;
}

/* By itself: where no other mail follows. What is recorded twice is the same. */
static um_status_e flush(batch_t *batch)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    apr_status_t rv = APR_SUCCESS;

    if (batch->record.mail) {
        rv = um_store_transaction(&call, record_rows, batch);
    }
    if (rv == UM_STORE_UNKNOWN) {
        rv = um_store_transaction(&call, record_rows, batch);
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(batch->ctx, &call);
    }
    batch->record.mail = NULL;
    return UM_OK;
}

static void end_with(batch_t *batch, const um_mail_t *mail, um_mail_state_e state, const char *why)
{
    if (state == UM_MAIL_GIVEN_UP) {
        batch->round->given_up++;
        note(batch, mail, "given up", why);
    }
    else {
        batch->round->sent++;
    }
    batch->record = (record_t){ .mail = mail, .state = state, .why = why };
}

static int is_too_old(const batch_t *batch, const um_mail_t *mail)
{
    return um_ctx_seconds(batch->ctx) - mail->created_at >= batch->ctx->settings->mail_max_age;
}

/* tells: unless it is one of many of which the same is to be said. */
static void put_off(batch_t *batch, const um_mail_t *mail, int attempts, apr_int64_t wait, int tells, const char *why)
{
    if (attempts >= batch->ctx->settings->mail_attempts || is_too_old(batch, mail)) {
        end_with(batch, mail, UM_MAIL_GIVEN_UP, why);
        return;
    }
    if (tells) {
        note(batch, mail, "put off", why);
    }
    batch->round->later++;
    batch->record = (record_t){ .mail = mail, .waits = 1, .due = um_ctx_seconds(batch->ctx) + wait,
                                .attempts = attempts, .why = why };
}

static void put_off_for_itself(batch_t *batch, const um_mail_t *mail, const char *why)
{
    put_off(batch, mail, mail->attempts, delay(mail->attempts), 1, why);
}

/* --- the server is away, or is it? --- */

/* What one mail's failure says of the server may be about that mail alone, and then it must hold up no other. So the
 * server is away when two different mails in a row say so. Who said so first waits for the second's word. */
static void suspect(batch_t *batch, const um_mail_t *mail, const char *why)
{
    batch->suspect = mail;
    batch->suspicion = why;
    apr_cpystrn(batch->outbox->suspect, mail->id, sizeof(batch->outbox->suspect));
}

/* That the server is away is not the mail's fault: no try counts then, only its age. */
static um_status_e absolve(batch_t *batch, apr_int64_t wait, int tells)
{
    const um_mail_t *mail = batch->suspect;

    batch->suspect = NULL;
    if (mail) {
        put_off(batch, mail, mail->attempts - 1, wait, tells, batch->suspicion);
    }
    return flush(batch);
}

static um_status_e say_down(batch_t *batch, const um_mail_t *mail, const char *why)
{
    um_status_e status;
    int is_second = *batch->outbox->suspect && strcmp(batch->outbox->suspect, mail->id) != 0;

    if (!is_second) {
        suspect(batch, mail, why);
        return UM_OK;
    }
    batch->round->down = 1;
    status = absolve(batch, DOWN_DELAY, 0);
    if (status != UM_OK) {
        return status;
    }
    suspect(batch, mail, why);
    return absolve(batch, DOWN_DELAY, 1);
}

/* The server has spoken with another mail: it was that mail's own fault. */
static um_status_e accuse(batch_t *batch)
{
    const um_mail_t *mail = batch->suspect;

    *batch->outbox->suspect = '\0';
    batch->suspect = NULL;
    batch->has_spoken = 1;
    if (!mail) {
        return UM_OK;
    }
    put_off_for_itself(batch, mail, batch->suspicion);
    return flush(batch);
}

/* The batch is over. Where the server has spoken to others just before, the last is taken to be at fault itself; where
 * nobody has said whose fault it was: the longer it goes on, the longer are the pauses. */
static um_status_e leave_open(batch_t *batch)
{
    const um_mail_t *mail = batch->suspect;
    apr_int64_t wait;

    if (!mail) {
        return UM_OK;
    }
    if (batch->has_spoken) {
        return accuse(batch);
    }
    wait = (um_ctx_seconds(batch->ctx) - mail->created_at) / 8;
    return absolve(batch, wait < DOWN_DELAY ? DOWN_DELAY : wait > LONGEST_LONE_DELAY ? LONGEST_LONE_DELAY : wait, 1);
}

/* --- one mail --- */

typedef struct step_t {
    batch_t *batch;
    const um_mail_t *mail;
    um_mail_prepared_t prepared;
} step_t;

/* The record of the mail before and the making of the next share a transaction: its commit is what costs. */
static apr_status_t step_rows(um_tx_t *tx, void *baton)
{
    step_t *step = baton;
    um_store_call_t call = um_ctx_store(step->batch->ctx);
    apr_status_t rv = step->batch->steps++ < BEGINNINGS ? um_store_mail_begin(tx) : APR_SUCCESS;

    if (rv == APR_SUCCESS) {
        rv = write_record(step->batch, &call, tx);
    }
    return rv == APR_SUCCESS ? um_mail_prepare(tx, step->batch->ctx, step->batch->claim, step->mail,
                                               &step->prepared) : rv;
}

/* The prepared could not be made. What was to be recorded with it is recorded by itself; if even that does not work it
 * is the database. */
static um_status_e not_made(batch_t *batch, const um_mail_t *mail, apr_status_t rv, const char *why)
{
    um_status_e status = flush(batch);

    if (status != UM_OK) {
        return status;
    }
    if (rv == UM_STORE_UNKNOWN) {
        /* Perhaps it was made: only the next claim can see what the row is now. */
        batch->record = (record_t){ .mail = mail, .waits = 1, .due = um_ctx_seconds(batch->ctx),
                                    .attempts = mail->attempts - 1, .why = mail->last_error };
    }
    else {
        put_off_for_itself(batch, mail, apr_pstrcat(batch->ctx->pool, "it could not be prepared: ",
                                                    why ? why : "no cause given", NULL));
    }
    return flush(batch);
}

static um_status_e make(batch_t *batch, const um_mail_t *mail, um_mail_prepared_t *prepared)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    step_t step = { .batch = batch, .mail = mail };
    apr_status_t rv = um_store_transaction(&call, step_rows, &step);

    *prepared = (um_mail_prepared_t){ .mail = NULL };
    if (rv != APR_SUCCESS) {
        return not_made(batch, mail, rv, rv == UM_STORE_ROLLED_BACK ? batch->ctx->cause : call.cause);
    }
    batch->record.mail = NULL;
    *prepared = step.prepared;
    if (prepared->refused) {
        batch->round->given_up++;
        note(batch, mail, "given up", prepared->refused);
    }
    return UM_OK;
}

static um_status_e send_prepared(batch_t *batch, const um_mail_prepared_t *prepared)
{
    const um_mail_settings_t *mail_settings = batch->ctx->site->mail_settings;
    const um_mail_t *mail = prepared->mail;
    um_transport_e verdict;
    um_status_e status;
    const char *bytes;
    const char *why = "";
    apr_size_t len;

    if (um_notification_render(batch->ctx, mail, prepared->token, &bytes, &len) != UM_OK) {
        end_with(batch, mail, UM_MAIL_GIVEN_UP, batch->ctx->cause);
        return UM_OK;
    }
    verdict = um_transport_send(batch->outbox->transport, batch->ctx->pool, mail_settings->from_address, mail->address,
                                bytes,
                                len, batch->outbox->cut, &why);
    batch->ctx->now = batch->outbox->clock();
    if (verdict == UM_TRANSPORT_DOWN) {
        return say_down(batch, mail, why);
    }
    if (verdict == UM_TRANSPORT_LATER && *batch->outbox->cut) {
        /* Cut off by us: the release that follows gives it back with the others. */
        return UM_OK;
    }
    status = accuse(batch);
    if (status != UM_OK) {
        return status;
    }
    if (verdict == UM_TRANSPORT_LATER) {
        put_off_for_itself(batch, mail, why);
    }
    else {
        end_with(batch, mail, verdict == UM_TRANSPORT_SENT ? UM_MAIL_SENT : UM_MAIL_GIVEN_UP,
                 verdict == UM_TRANSPORT_SENT ? "" : why);
    }
    return UM_OK;
}

static um_status_e send_mail(batch_t *batch, const um_mail_t *mail)
{
    um_mail_prepared_t prepared;
    um_status_e status;

    batch->ctx->now = batch->outbox->clock();
    if (is_too_old(batch, mail)) {
        status = flush(batch);
        if (status == UM_OK) {
            end_with(batch, mail, UM_MAIL_GIVEN_UP,
                     *mail->last_error ? apr_pstrcat(batch->ctx->pool, mail->last_error, " (now too old)", NULL)
                                       : "too old before it was tried");
        }
        return status;
    }
    status = make(batch, mail, &prepared);
    return status == UM_OK && prepared.mail ? send_prepared(batch, &prepared) : status;
}

/* --- a batch --- */

static int goes_on(const batch_t *batch)
{
    return !batch->round->down && !*batch->outbox->stop && batch->outbox->tick() < batch->ends;
}

static um_status_e send_all(batch_t *batch, const apr_array_header_t *mails)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    um_status_e status = UM_OK;
    const char *unrecorded;
    int i;

    for (i = 0; i < mails->nelts && status == UM_OK && goes_on(batch); i++) {
        status = send_mail(batch, APR_ARRAY_IDX(mails, i, const um_mail_t *));
    }
    if (status == UM_OK) {
        status = flush(batch);
    }
    if (status == UM_OK) {
        status = leave_open(batch);
    }
    /* One that was perhaps sent, and is not known to be, stays ours until the lease ends: given back it would be sent
     * again at once. */
    unrecorded = batch->record.mail ? batch->record.mail->id : UM_MAIL_NO_ID;
    if ((i < mails->nelts || status != UM_OK || *batch->outbox->cut)
        && um_store_mail_release(&call, batch->claim, unrecorded,
                                 um_ctx_seconds(batch->ctx) + (batch->round->down ? DOWN_DELAY : 0)) != APR_SUCCESS) {
        return um_ctx_unavailable(batch->ctx, &call);
    }
    return status;
}

um_status_e um_outbox_work(um_ctx_t *ctx, um_outbox_t *outbox, um_outbox_round_t *round)
{
    const char *host = ctx->site->mail_settings->host;
    um_store_call_t call = um_ctx_store(ctx);
    batch_t batch = { .ctx = ctx, .outbox = outbox, .round = round };
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
