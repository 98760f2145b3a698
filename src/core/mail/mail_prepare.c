/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_private.h"

#include "core_settings.h"
#include "email.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "one_time_token.h"
#include "random.h"
#include "store.h"
#include "store_one_time_token.h"
#include "store_user.h"

#include <apr_strings.h>

/* Values of is_active, besides 1, that the account of a mail may have. */
#define ACTIVE_ONLY 1
#define OR_WAITING 2

typedef struct work_t {
    um_tx_t *tx;
    um_ctx_t *ctx;
    const char *claim;
    const um_mail_kind_t *kind;
    um_mail_prepared_t *prepared;
} work_t;

static int state_of(const work_t *work)
{
    return work->kind->to == UM_MAIL_TO_UNVERIFIED ? OR_WAITING : ACTIVE_ONLY;
}

static apr_int64_t limit_start(const work_t *work)
{
    return um_ctx_seconds(work->ctx) - UM_MAIL_LIMIT_PERIOD;
}

/* --- one account's mail --- */

/* The rule for each kind is in mail_kind.c. */
static um_mail_limit_t limit_of(const work_t *work, const um_mail_t *mail)
{
    const um_core_settings_t *settings = work->ctx->settings;
    um_mail_limit_t limit = {
        .email_key = um_email_key(work->ctx->pool, mail->address),
        .since = limit_start(work),
        .most = (int)settings->mail_hourly_limit,
        .first = work->kind->limit != UM_MAIL_LIMIT_STRICT,
    };

    if (work->kind->to == UM_MAIL_TO_FORMER && settings->email_verification == UM_VERIFY_OFF) {
        limit.most = 1;
    }
    return limit;
}

/* When the claim was lost meanwhile, nothing is reported. */
static apr_status_t give_up(work_t *work, const um_mail_t *mail, const char *why)
{
    um_store_call_t call = um_ctx_store(work->ctx);
    int done = 0;
    apr_status_t rv = um_store_mail_done(&call, work->tx, mail, work->claim, UM_MAIL_GIVEN_UP,
                                         um_ctx_seconds(work->ctx), why, &done);

    work->prepared->refused = done ? why : NULL;
    return rv;
}

static apr_status_t over_limit(work_t *work, const um_mail_t *mail, const um_mail_limit_t *limit)
{
    static const char why[] = "the hourly limit for mails of its kind to its address is reached";
    int done = 0;
    apr_status_t rv = APR_SUCCESS;

    if (work->kind->limit == UM_MAIL_LIMIT_POSTPONE) {
        rv = um_store_mail_postpone(work->tx, work->ctx->pool, mail, work->claim, limit->email_key,
                                    um_ctx_seconds(work->ctx) + UM_MAIL_LIMIT_PERIOD, why, &done);
    }
    return rv == APR_SUCCESS && !done ? give_up(work, mail, why) : rv;
}

static apr_status_t add_token(work_t *work, const um_mail_t *mail, const char *email_key, int *done)
{
    const um_core_settings_t *settings = work->ctx->settings;
    apr_int64_t now = um_ctx_seconds(work->ctx);
    um_one_time_token_t token = { .kind = mail->kind, .mail_id = mail->id, .user_id = mail->user_id,
                                  .state = state_of(work), .email_key = email_key, .created_at = now,
                                  .is_pending = work->kind->to == UM_MAIL_TO_PENDING,
                                  .expires_at = now + um_mail_kind_lifetime(work->kind, settings) };

    if (um_one_time_token_new(work->ctx, &work->prepared->token, &token.hash) != UM_OK) {
        return UM_STORE_ROLLED_BACK;
    }
    return um_store_one_time_token_insert(work->tx, work->ctx->pool, &token, mail->was_made,
                                          (int)settings->mail_hourly_limit, done);
}

/* Anybody can register an account with a stranger's address and any text as its name. So where addresses are verified,
 * a mail has the account's name only when it goes to a verified address, present or former. Otherwise, and when it goes
 * to an address that has to be confirmed, it has the address in place of the name. */
static const um_mail_t *with_name(work_t *work, const um_mail_t *mail, int verified)
{
    um_mail_t *unnamed;

    if (work->kind->to != UM_MAIL_TO_PENDING
        && (verified || work->kind->has_name || work->ctx->settings->email_verification == UM_VERIFY_OFF
            || work->kind->to == UM_MAIL_TO_FORMER)) {
        return mail;
    }
    unnamed = apr_pmemdup(work->ctx->pool, mail, sizeof(*mail));
    unnamed->username = mail->address;
    return unnamed;
}

static apr_status_t prepare_for_user(work_t *work, const um_mail_t *mail)
{
    um_mail_limit_t limit = limit_of(work, mail);
    int done = 0, verified = 0;
    apr_status_t rv = um_store_mail_made(work->tx, work->ctx->pool, mail, work->claim, &limit,
                                         um_ctx_seconds(work->ctx), &done, &verified);

    if (rv == APR_SUCCESS && !done) {
        return over_limit(work, mail, &limit);
    }
    if (rv == APR_SUCCESS && work->kind->has_token) {
        rv = add_token(work, mail, limit.email_key, &done);
    }
    if (rv == APR_SUCCESS && !done) {
        /* A mail that is not sent must not count against the limit of its address. */
        rv = mail->was_made ? APR_SUCCESS : um_store_mail_unmade(work->tx, mail, work->claim);
        return rv == APR_SUCCESS ? give_up(work, mail, "the account is gone, inactive, or has another address or a "
                               "password") : rv;
    }
    work->prepared->mail = with_name(work, mail, verified);
    return rv;
}

/* --- requests --- */

static um_mail_t *for_user(work_t *work, const um_mail_t *request, const um_user_t *user)
{
    um_mail_t *mail = apr_pmemdup(work->ctx->pool, request, sizeof(*request));

    mail->user_id = user->id;
    mail->username = user->username;
    mail->address = user->email;
    mail->detail = "";
    return mail;
}

/* Adds a row, which the next claim finds. */
static apr_status_t add_row(work_t *work, um_mail_t *mail)
{
    if (um_random_uuid(work->ctx->pool, work->ctx->now, &mail->id) != APR_SUCCESS) {
        work->ctx->cause = "the random generator failed";
        return UM_STORE_ROLLED_BACK;
    }
    return um_store_mail_insert_tx(work->tx, work->ctx->pool, mail);
}

/* One transaction handles one page of accounts. This row looks for the rest later. */
static apr_status_t add_rest(work_t *work, const um_mail_t *request, const um_user_t *last)
{
    um_mail_t *rest = apr_pmemdup(work->ctx->pool, request, sizeof(*request));

    rest->detail = last->id;
    return add_row(work, rest);
}

/* The first account takes over the request's row. */
static apr_status_t assign(work_t *work, const um_mail_t *request, const apr_array_header_t *users)
{
    um_mail_t *first = for_user(work, request, APR_ARRAY_IDX(users, 0, um_user_t *));
    int done = 0;
    apr_status_t rv = um_store_mail_resolve(work->tx, first, work->claim, &done);

    if (rv != APR_SUCCESS || !done) {
        return rv;
    }
    for (int i = 1; rv == APR_SUCCESS && i < users->nelts; i++) {
        rv = add_row(work, for_user(work, request, APR_ARRAY_IDX(users, i, um_user_t *)));
    }
    if (rv == APR_SUCCESS && users->nelts == UM_MAIL_REQUEST_PAGE) {
        rv = add_rest(work, request, APR_ARRAY_IDX(users, users->nelts - 1, um_user_t *));
    }
    return rv == APR_SUCCESS ? prepare_for_user(work, first) : rv;
}

static apr_status_t resolve(work_t *work, const um_mail_t *request)
{
    apr_pool_t *pool = work->ctx->pool;
    um_store_call_t call = um_ctx_store(work->ctx);
    um_mail_request_t whose = {
        .email_key = um_email_key(pool, request->address),
        .kind = request->kind,
        .state = state_of(work),
        .verified = work->kind->to != UM_MAIL_TO_UNVERIFIED,
        .since = limit_start(work),
        .limit = (int)work->ctx->settings->mail_hourly_limit,
        .behind = *request->detail ? request->detail : UM_MAIL_NO_ID,
    };
    apr_array_header_t *users;
    apr_status_t rv = um_store_one_time_token_users(work->tx, pool, &whose, &users);

    if (rv == APR_SUCCESS && users->nelts) {
        rv = assign(work, request, users);
    }
    else if (rv == APR_SUCCESS) {
        rv = um_store_mail_done(&call, work->tx, request, work->claim, UM_MAIL_SENT, um_ctx_seconds(work->ctx),
                                "for nobody", NULL);
    }
    return rv;
}

apr_status_t um_mail_prepare(um_tx_t *tx, um_ctx_t *ctx, const char *claim, const um_mail_t *mail,
                             um_mail_prepared_t *prepared)
{
    work_t work = { tx, ctx, claim, um_mail_kind_find(mail->kind), prepared };

    *prepared = (um_mail_prepared_t){ .token = "" };
    return mail->user_id ? prepare_for_user(&work, mail) : resolve(&work, mail);
}
