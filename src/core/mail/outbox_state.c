/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_private.h"

#include "core_settings.h"
#include "outbox.h"
#include "random.h"
#include "store.h"

#include <apr_strings.h>
#include <string.h>

#define FIRST_DELAY 30          /* s before the second attempt */
#define LONGEST_DELAY 3600      /* s between two attempts */
#define LONGEST_LONE_DELAY 300  /* s, while only one mail's attempts fail as if it were, and no other mail is there */

/* --- times --- */

/* Twice as long after each attempt, and up to a quarter more or less, so that mails that failed together do not all
 * come back in the same second. dice is a random number from 0 to 255. */
static apr_int64_t retry_delay(int attempts, unsigned char dice)
{
    apr_int64_t seconds = FIRST_DELAY;

    for (int i = 1; i < attempts && seconds < LONGEST_DELAY; i++) {
        seconds *= 2;
    }
    seconds = seconds > LONGEST_DELAY ? LONGEST_DELAY : seconds;
    return seconds * 3 / 4 + seconds * dice / 512;
}

/* The older the mail is (in seconds), the longer it waits. */
static apr_int64_t lone_delay(apr_int64_t age)
{
    apr_int64_t seconds = age / 8;

    seconds = seconds > LONGEST_LONE_DELAY ? LONGEST_LONE_DELAY : seconds;
    return seconds < UM_OUTBOX_DOWN_DELAY ? UM_OUTBOX_DOWN_DELAY : seconds;
}

static apr_int64_t age_of(const um_outbox_batch_t *batch, const um_mail_t *mail)
{
    return um_ctx_seconds(batch->ctx) - mail->created_at;
}

int um_outbox_is_too_old(const um_outbox_batch_t *batch, const um_mail_t *mail)
{
    return age_of(batch, mail) >= batch->ctx->settings->mail_max_age;
}

/* --- the record --- */

void um_outbox_log(um_outbox_batch_t *batch, const um_mail_t *mail, const char *what, const char *why)
{
    APR_ARRAY_PUSH(batch->round->lines, const char *) = apr_psprintf(batch->ctx->pool, "mail %s (%s, try %d) %s: %s",
                                                                     mail->id, mail->kind, mail->attempts, what, why);
}

void um_outbox_end(um_outbox_batch_t *batch, const um_mail_t *mail, um_mail_state_e state, const char *why)
{
    if (state == UM_MAIL_GIVEN_UP) {
        batch->round->given_up++;
        um_outbox_log(batch, mail, "given up", why);
    }
    else {
        batch->round->sent++;
    }
    batch->record = (um_outbox_record_t){ .mail = mail, .state = state, .why = why };
}

static void retry(um_outbox_batch_t *batch, const um_mail_t *mail, int attempts, apr_int64_t delay, int is_logged,
                  const char *why)
{
    if (attempts >= batch->ctx->settings->mail_attempts || um_outbox_is_too_old(batch, mail)) {
        um_outbox_end(batch, mail, UM_MAIL_GIVEN_UP, why);
        return;
    }
    if (is_logged) {
        um_outbox_log(batch, mail, "put off", why);
    }
    batch->round->later++;
    batch->record = (um_outbox_record_t){ .mail = mail, .is_retried = 1, .due = um_ctx_seconds(batch->ctx) + delay,
                                          .attempts = attempts, .why = why };
}

void um_outbox_failed(um_outbox_batch_t *batch, const um_mail_t *mail, const char *why)
{
    unsigned char dice = 128;

    (void)um_random_bytes(&dice, 1);
    retry(batch, mail, mail->attempts, retry_delay(mail->attempts, dice), 1, why);
}

apr_status_t um_outbox_write(um_outbox_batch_t *batch, um_tx_t *tx)
{
    const um_outbox_record_t *record = &batch->record;
    um_store_call_t call = um_ctx_store(batch->ctx);

    if (!record->mail) {
        return APR_SUCCESS;
    }
    return record->is_retried ? um_store_mail_later(&call, tx, record->mail, batch->claim, record->due,
                                                    record->attempts, record->why)
                              : um_store_mail_done(&call, tx, record->mail, batch->claim, record->state,
                                                   um_ctx_seconds(batch->ctx), record->why, NULL);
}

static apr_status_t flush_rows(um_tx_t *tx, void *batch)
{
    apr_status_t rv = um_store_mail_begin(tx);

    return rv == APR_SUCCESS ? um_outbox_write(batch, tx) : rv;
}

um_status_e um_outbox_flush(um_outbox_batch_t *batch)
{
    um_store_call_t call = um_ctx_store(batch->ctx);
    apr_status_t rv = APR_SUCCESS;

    if (batch->record.mail) {
        rv = um_store_transaction(&call, flush_rows, batch);
    }
    if (rv == UM_STORE_UNKNOWN) {
        /* Writing the same record twice does no harm. */
        rv = um_store_transaction(&call, flush_rows, batch);
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(batch->ctx, &call);
    }
    batch->record.mail = NULL;
    return UM_OK;
}

/* --- events --- */

/* The failure was the mail's own fault, so the attempt counts. */
static um_status_e blame_mail(um_outbox_batch_t *batch, const um_mail_t *mail, const char *why)
{
    um_outbox_failed(batch, mail, why);
    return um_outbox_flush(batch);
}

/* The server is down, which is not the mail's fault: the attempt does not count, only the mail's age does. */
static um_status_e blame_server(um_outbox_batch_t *batch, const um_mail_t *mail, apr_int64_t delay, int is_logged,
                                const char *why)
{
    retry(batch, mail, mail->attempts - 1, delay, is_logged, why);
    return um_outbox_flush(batch);
}

/* A newer version of the module that works on the same database has made it, and can send it. */
um_status_e um_outbox_leave(um_outbox_batch_t *batch, const um_mail_t *mail, const char *why)
{
    um_status_e status = um_outbox_flush(batch);

    return status == UM_OK ? blame_server(batch, mail, UM_OUTBOX_DOWN_DELAY, strcmp(mail->last_error, why) != 0, why)
                           : status;
}

static void record_answer(um_outbox_batch_t *batch, um_outbox_event_e event, const um_mail_t *mail, const char *why)
{
    if (event == UM_OUTBOX_RETRY) {
        um_outbox_failed(batch, mail, why);
    }
    else {
        um_outbox_end(batch, mail, event == UM_OUTBOX_SENT ? UM_MAIL_SENT : UM_MAIL_GIVEN_UP, why);
    }
}

/* A failure that looks as if the server were down may be the fault of one mail alone, and must then not hold up the
 * others. So the server counts as down only when the attempts of two different mails in a row fail so. After the first
 * of them that mail is deferred: the next event tells whose fault it was. */
um_status_e um_outbox_event(um_outbox_batch_t *batch, um_outbox_event_e event, const um_mail_t *mail, const char *why)
{
    char *last_failed = batch->outbox->last_failed;
    const um_mail_t *deferred = batch->deferred;
    um_status_e status = um_outbox_flush(batch);
    int is_second;

    if (status != UM_OK) {
        return status;
    }
    batch->deferred = NULL;
    switch (event) {
    case UM_OUTBOX_SERVER_FAILED:
        is_second = *last_failed && strcmp(last_failed, mail->id) != 0;
        apr_cpystrn(last_failed, mail->id, sizeof(batch->outbox->last_failed));
        if (!is_second) {
            batch->deferred = mail;
            batch->deferred_why = why;
            break;
        }
        batch->round->down = 1;
        if (deferred) {
            status = blame_server(batch, deferred, UM_OUTBOX_DOWN_DELAY, 0, batch->deferred_why);
        }
        /* One line is enough. */
        return status == UM_OK ? blame_server(batch, mail, UM_OUTBOX_DOWN_DELAY, 1, why) : status;

    case UM_OUTBOX_SENT:
    case UM_OUTBOX_RETRY:
    case UM_OUTBOX_REFUSED:
        *last_failed = '\0';
        batch->has_answered = 1;
        if (deferred) {
            status = blame_mail(batch, deferred, batch->deferred_why);
        }
        if (status == UM_OK) {
            record_answer(batch, event, mail, why);
        }
        break;

    case UM_OUTBOX_BATCH_ENDED:
        if (deferred && batch->has_answered) {
            *last_failed = '\0';
            status = blame_mail(batch, deferred, batch->deferred_why);
        }
        else if (deferred) {
            /* No other mail has told whose fault it was. */
            status = blame_server(batch, deferred, lone_delay(age_of(batch, deferred)), 1, batch->deferred_why);
        }
        break;
    }
    return status;
}
