/* SPDX-License-Identifier: Apache-2.0 */
#include "letter.h"

#include "email.h"
#include "random.h"
#include "store_ticket.h"
#include "ticket.h"

#include <apr_strings.h>
#include <string.h>

/* Values of is_active beside 1 that the account of a mail may have. */
#define ACTIVE_ONLY 1
#define WAITING_TOO 2

typedef struct work_t {
    um_cx_t *cx;
    const char *claim;
    const apr_array_header_t *mails;
    apr_array_header_t *letters;
    um_status_e status;         /* when a step failed that is not the database's */
} work_t;

static int is_kind(const um_mail_t *mail, const char *kind)
{
    return strcmp(mail->kind, kind) == 0;
}

static int state_of(const um_mail_t *mail)
{
    return is_kind(mail, UM_MAILING_VERIFY) ? WAITING_TOO : ACTIVE_ONLY;
}

/* --- tokens --- */

/* A mail whose account is gone meanwhile is recorded as given up and is no letter. */
static apr_status_t add_letter(um_tx_t *tx, work_t *work, const um_mail_t *mail)
{
    const um_mailing_t *mailing = work->cx->site->mailing;
    apr_int64_t now = um_cx_seconds(work->cx);
    int is_reset = is_kind(mail, UM_MAILING_RESET);
    um_ticket_t ticket = { .kind = mail->kind, .mail_id = mail->id, .user_id = mail->user_id, .state = state_of(mail),
                           .email_key = um_email_key(work->cx->pool, mail->address), .created_at = now };
    const char *token = "";
    apr_status_t rv;
    int done = 1;

    if (is_reset || is_kind(mail, UM_MAILING_VERIFY)) {
        ticket.expires_at = now + (is_reset ? mailing->reset_lifetime : mailing->verify_lifetime);
        work->status = um_ticket_new(work->cx, &token, &ticket.hash);
        if (work->status != UM_OK) {
            return UM_STORE_ROLLED_BACK;
        }
        rv = um_store_ticket_insert(tx, work->cx->pool, &ticket, 1, mailing->hourly, &done);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    if (!done) {
        um_store_call_t call = um_cx_store(work->cx);

        return um_store_mail_done(&call, tx, mail, work->claim, UM_MAIL_GIVEN_UP, now,
                                  "the account is gone, inactive, or has another address");
    }
    APR_ARRAY_PUSH(work->letters, um_letter_t) = (um_letter_t){ mail, token };
    return APR_SUCCESS;
}

/* --- wishes --- */

static um_mail_t *for_user(work_t *work, const um_mail_t *wish, const um_user_t *user)
{
    um_mail_t *mail = apr_pmemdup(work->cx->pool, wish, sizeof(*wish));

    mail->user_id = user->id;
    mail->username = user->username;
    mail->address = user->email;
    return mail;
}

/* The first account takes over the wish's row; each further one gets a row of its own, which the next claim finds. */
static apr_status_t add_user(um_tx_t *tx, work_t *work, const um_mail_t *wish, const um_user_t *user, int is_first)
{
    um_mail_t *mail = for_user(work, wish, user);
    apr_status_t rv;
    int done = 0;

    if (is_first) {
        rv = um_store_mail_resolve(tx, mail, work->claim, &done);
        return rv == APR_SUCCESS && done ? add_letter(tx, work, mail) : rv;
    }
    if (um_random_uuid(work->cx->pool, work->cx->now, &mail->id) != APR_SUCCESS) {
        work->status = um_cx_failed(work->cx, "the random generator failed");
        return UM_STORE_ROLLED_BACK;
    }
    return um_store_mail_insert_tx(tx, work->cx->pool, mail);
}

static apr_status_t resolve(um_tx_t *tx, work_t *work, const um_mail_t *wish)
{
    apr_pool_t *pool = work->cx->pool;
    um_store_call_t call = um_cx_store(work->cx);
    um_ticket_wish_t whose = {
        .email_key = um_email_key(pool, wish->address),
        .kind = wish->kind,
        .state = state_of(wish),
        .verified = is_kind(wish, UM_MAILING_VERIFY) ? 0 : 1,
        .since = um_cx_seconds(work->cx) - UM_MAILING_HOUR,
        .limit = work->cx->site->mailing->hourly,
    };
    apr_array_header_t *users;
    apr_status_t rv = um_store_ticket_users(tx, pool, &whose, &users);

    for (int i = 0; rv == APR_SUCCESS && i < users->nelts; i++) {
        rv = add_user(tx, work, wish, APR_ARRAY_IDX(users, i, um_user_t *), i == 0);
    }
    if (rv == APR_SUCCESS && !users->nelts) {
        rv = um_store_mail_done(&call, tx, wish, work->claim, UM_MAIL_SENT, um_cx_seconds(work->cx), "for nobody");
    }
    return rv;
}

static apr_status_t prepare(um_tx_t *tx, void *baton)
{
    work_t *work = baton;
    apr_status_t rv = APR_SUCCESS;

    apr_array_clear(work->letters);
    for (int i = 0; rv == APR_SUCCESS && i < work->mails->nelts; i++) {
        const um_mail_t *mail = APR_ARRAY_IDX(work->mails, i, const um_mail_t *);

        rv = mail->user_id ? add_letter(tx, work, mail) : resolve(tx, work, mail);
    }
    return rv;
}

um_status_e um_letter_prepare(um_cx_t *cx, const char *claim, const apr_array_header_t *mails,
                              apr_array_header_t **letters)
{
    um_store_call_t call = um_cx_store(cx);
    work_t work = { cx, claim, mails, apr_array_make(cx->pool, mails->nelts + 1, sizeof(um_letter_t)), UM_OK };
    apr_status_t rv = mails->nelts ? um_store_transaction(&call, prepare, &work) : APR_SUCCESS;

    *letters = work.letters;
    if (work.status != UM_OK) {
        return work.status;
    }
    return rv == APR_SUCCESS ? UM_OK : um_cx_away(cx, &call);
}
