/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "letter.h"
#include "random.h"
#include "store_ticket.h"

#include <apr_strings.h>

#define BATCH 50
/* A batch ends after this, so that its lease can be short and a killed worker's mails are not late for long. */
#define BATCH_SECONDS 20
/* Beyond a batch and one message more: for two nodes' clocks. */
#define LEASE_MARGIN 20
#define PURGE_BATCH 500

#define FIRST_DELAY 30
#define LONGEST_DELAY 3600
#define DOWN_DELAY 15

/* What a batch has in hand. */
typedef struct batch_t {
    um_cx_t *cx;
    const um_outbox_t *outbox;
    um_outbox_round_t *round;
    const char *claim;
    apr_time_t ends;
    apr_array_header_t *letters; /* um_letter_t */
} batch_t;

static void note(batch_t *batch, const um_mail_t *mail, const char *what, const char *why)
{
    APR_ARRAY_PUSH(batch->round->lines, const char *) = apr_psprintf(batch->cx->pool, "mail %s (%s, try %d) %s: %s",
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
    if (seconds > LONGEST_DELAY) {
        seconds = LONGEST_DELAY;
    }
    (void)um_random_bytes(&dice, 1);
    return seconds * 3 / 4 + seconds * dice / 512;
}

/* --- recording --- */

static apr_int64_t seconds_now(const batch_t *batch)
{
    return apr_time_sec(batch->outbox->clock());
}

static um_status_e record_end(batch_t *batch, const um_mail_t *mail, um_mail_state_e state, const char *why)
{
    um_store_call_t call = um_cx_store(batch->cx);

    if (state == UM_MAIL_GIVEN_UP) {
        batch->round->given_up++;
        note(batch, mail, "given up", why);
    }
    else {
        batch->round->sent++;
    }
    return um_store_mail_done(&call, NULL, mail, batch->claim, state, seconds_now(batch), why) == APR_SUCCESS
               ? UM_OK : um_cx_away(batch->cx, &call);
}

static um_status_e record_later(batch_t *batch, const um_mail_t *mail, int down, const char *why)
{
    const um_mailing_t *mailing = batch->cx->site->mailing;
    um_store_call_t call = um_cx_store(batch->cx);
    apr_int64_t now = seconds_now(batch);
    /* That the server is away is not the mail's fault: only its age counts then. */
    int attempts = down ? mail->attempts - 1 : mail->attempts;

    if (attempts >= mailing->attempts || now - mail->created_at >= mailing->max_age) {
        return record_end(batch, mail, UM_MAIL_GIVEN_UP, why);
    }
    batch->round->later++;
    note(batch, mail, "put off", why);
    return um_store_mail_later(&call, mail, batch->claim, now + (down ? DOWN_DELAY : delay(mail->attempts)), attempts,
                               why) == APR_SUCCESS ? UM_OK : um_cx_away(batch->cx, &call);
}

/* --- sending --- */

static um_status_e send_letter(batch_t *batch, const um_letter_t *letter)
{
    const um_mailing_t *mailing = batch->cx->site->mailing;
    const um_mail_t *mail = letter->mail;
    const char *bytes;
    const char *why = "";
    apr_size_t len;

    if (um_mailing_render(batch->cx, mail, letter->token, &bytes, &len) != UM_OK) {
        return record_end(batch, mail, UM_MAIL_GIVEN_UP, batch->cx->cause);
    }
    switch (um_transport_send(batch->outbox->transport, batch->cx->pool, mailing->from_address, mail->address, bytes,
                              len, batch->outbox->cut, &why)) {
    case UM_TRANSPORT_SENT:
        return record_end(batch, mail, UM_MAIL_SENT, "");
    case UM_TRANSPORT_NEVER:
        return record_end(batch, mail, UM_MAIL_GIVEN_UP, why);
    case UM_TRANSPORT_LATER:
        /* Cut off by us: the release that follows gives it back with the others. */
        return *batch->outbox->cut ? UM_OK : record_later(batch, mail, 0, why);
    case UM_TRANSPORT_DOWN:
        break;
    }
    batch->round->down = 1;
    return record_later(batch, mail, 1, why);
}

static int goes_on(const batch_t *batch)
{
    return !batch->round->down && !*batch->outbox->stop && batch->outbox->clock() < batch->ends;
}

static um_status_e send_all(batch_t *batch)
{
    um_store_call_t call = um_cx_store(batch->cx);
    um_status_e status = UM_OK;
    int i;

    for (i = 0; i < batch->letters->nelts && status == UM_OK && goes_on(batch); i++) {
        status = send_letter(batch, &APR_ARRAY_IDX(batch->letters, i, um_letter_t));
    }
    /* Also what was claimed and is no letter any more is released; it is done by then, and the release leaves it
     * alone. */
    if ((i < batch->letters->nelts || *batch->outbox->cut)
        && um_store_mail_release(&call, batch->claim, seconds_now(batch) + (batch->round->down ? DOWN_DELAY : 0))
               != APR_SUCCESS) {
        return um_cx_away(batch->cx, &call);
    }
    return status;
}

um_status_e um_outbox_work(um_cx_t *cx, const um_outbox_t *outbox, um_outbox_round_t *round)
{
    um_store_call_t call = um_cx_store(cx);
    batch_t batch = { .cx = cx, .outbox = outbox, .round = round };
    apr_int64_t now = um_cx_seconds(cx);
    apr_array_header_t *mails;
    int due = 0;
    um_status_e status;

    *round = (um_outbox_round_t){ .lines = apr_array_make(cx->pool, 4, sizeof(const char *)) };
    if (um_store_mail_due(&call, now, &due) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (!due) {
        return UM_OK;
    }
    if (um_random_uuid(cx->pool, cx->now, &batch.claim) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    batch.ends = outbox->clock() + apr_time_from_sec(BATCH_SECONDS);
    if (um_store_mail_claim(&call, batch.claim, now, now + BATCH_SECONDS + outbox->timeout + LEASE_MARGIN, BATCH,
                            &mails) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    round->more = mails->nelts > 0;
    status = um_letter_prepare(cx, batch.claim, mails, &batch.letters);
    return status == UM_OK ? send_all(&batch) : status;
}

/* --- clearing up --- */

um_status_e um_outbox_purge(um_cx_t *cx, apr_int64_t keep, int *more)
{
    um_store_call_t call = um_cx_store(cx);
    apr_int64_t now = um_cx_seconds(cx);
    int mails = 0, others = 0;

    if (um_store_mail_purge(&call, now - keep, PURGE_BATCH, &mails) != APR_SUCCESS
        || um_store_ticket_purge(&call, now, now - UM_MAILING_HOUR, PURGE_BATCH, &others) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    *more = mails == PURGE_BATCH || others >= PURGE_BATCH;
    return UM_OK;
}
