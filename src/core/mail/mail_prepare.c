/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_prepare.h"

#include "core_settings.h"
#include "email.h"
#include "one_time_token.h"
#include "random.h"
#include "store.h"
#include "store_one_time_token.h"

#include <apr_strings.h>
#include <string.h>

/* Values of is_active beside 1 that the account of a mail may have. */
#define ACTIVE_ONLY 1
#define WAITING_TOO 2

typedef struct work_t {
    um_tx_t *tx;
    um_ctx_t *ctx;
    const char *claim;
    um_mail_prepared_t *prepared;
} work_t;

static int is_kind(const um_mail_t *mail, const char *kind)
{
    return strcmp(mail->kind, kind) == 0;
}

static int state_of(const um_mail_t *mail)
{
    return is_kind(mail, UM_MAIL_KIND_VERIFY) ? WAITING_TOO : ACTIVE_ONLY;
}

static apr_status_t failed(work_t *work, const char *cause)
{
    work->ctx->cause = cause;
    return UM_STORE_ROLLED_BACK;
}

/* --- one account's mail --- */

/* A stranger's address, once in somebody's account, must not be sent a heap of mail. But that is no way to keep an
 * account's owner from what concerns the owner alone: a reset, and that the password or the address was changed, comes
 * once an hour whatever others of that address have got. */
static um_mail_limit_t limit_of(const work_t *work, const um_mail_t *mail)
{
    const um_core_settings_t *settings = work->ctx->settings;
    um_mail_limit_t limit = {
        .email_key = um_email_key(work->ctx->pool, mail->address),
        .since = um_ctx_seconds(work->ctx) - UM_NOTIFICATION_HOUR,
        .most = (int)settings->mail_hourly_limit,
        .first = !is_kind(mail, UM_MAIL_KIND_VERIFY),
    };

    /* Nobody knows whose an address is that is not verified. */
    if (is_kind(mail, UM_MAIL_KIND_EMAIL_CHANGED) && settings->email_verification == UM_VERIFY_OFF) {
        limit.most = 1;
    }
    return limit;
}

/* Of a claim that is lost meanwhile nothing is told. */
static apr_status_t give_up(work_t *work, const um_mail_t *mail, const char *why)
{
    um_store_call_t call = um_ctx_store(work->ctx);
    int done = 0;
    apr_status_t rv = um_store_mail_done(&call, work->tx, mail, work->claim, UM_MAIL_GIVEN_UP,
                                         um_ctx_seconds(work->ctx),
                                         why, &done);

    work->prepared->refused = done ? why : NULL;
    return rv;
}

/* What a limit keeps back. Whoever has stolen a session could use up the notices to the owner's address, by changing it
 * to and fro, and then change it for good: so the last of them waits until the limit lets it pass. */
static apr_status_t keep_back(work_t *work, const um_mail_t *mail, const um_mail_limit_t *limit)
{
    static const char why[] = "its address has had as many of its kind within the hour as it may";
    int done = 0;
    apr_status_t rv = APR_SUCCESS;

    if (is_kind(mail, UM_MAIL_KIND_EMAIL_CHANGED)) {
        rv = um_store_mail_postpone(work->tx, work->ctx->pool, mail, work->claim, limit->email_key,
                                    um_ctx_seconds(work->ctx) + UM_NOTIFICATION_HOUR, why, &done);
    }
    return rv == APR_SUCCESS && !done ? give_up(work, mail, why) : rv;
}

static apr_status_t add_token(work_t *work, const um_mail_t *mail, const char *email_key, int *done)
{
    const um_core_settings_t *settings = work->ctx->settings;
    apr_int64_t now = um_ctx_seconds(work->ctx);
    um_one_time_token_t token = { .kind = mail->kind, .mail_id = mail->id, .user_id = mail->user_id,
                                  .state = state_of(mail), .email_key = email_key, .created_at = now };

    *done = 1;
    if (is_kind(mail, UM_MAIL_KIND_RESET)) {
        token.expires_at = now + settings->reset_lifetime;
    }
    else if (is_kind(mail, UM_MAIL_KIND_VERIFY)) {
        token.expires_at = now + settings->verify_lifetime;
    }
    else {
        return APR_SUCCESS;
    }
    if (um_one_time_token_new(work->ctx, &work->prepared->token, &token.hash) != UM_OK) {
        return UM_STORE_ROLLED_BACK;
    }
    return um_store_one_time_token_insert(work->tx, work->ctx->pool, &token, mail->was_made,
                                          (int)settings->mail_hourly_limit, done);
}

/* Anybody can register an account with a stranger's address and a text for a name. So where addresses are verified, a
 * mail names the account only to one that is, or that was: a notice of its change. To others it says the address in
 * place of the name. */
static const um_mail_t *with_name(work_t *work, const um_mail_t *mail, int verified)
{
    um_mail_t *unnamed;

    if (verified || work->ctx->settings->email_verification == UM_VERIFY_OFF
        || is_kind(mail, UM_MAIL_KIND_EMAIL_CHANGED)) {
        return mail;
    }
    unnamed = apr_pmemdup(work->ctx->pool, mail, sizeof(*mail));
    unnamed->username = mail->address;
    return unnamed;
}

static apr_status_t prepare_mail(work_t *work, const um_mail_t *mail)
{
    um_mail_limit_t limit = limit_of(work, mail);
    int done = 0, verified = 0;
    apr_status_t rv = um_store_mail_made(work->tx, work->ctx->pool, mail, work->claim, &limit,
                                         um_ctx_seconds(work->ctx),
                                         &done, &verified);

    if (rv == APR_SUCCESS && !done) {
        return keep_back(work, mail, &limit);
    }
    if (rv == APR_SUCCESS) {
        rv = add_token(work, mail, limit.email_key, &done);
    }
    if (rv == APR_SUCCESS && !done) {
        /* What nobody gets must not count: else it would keep others of the address from theirs. */
        rv = mail->was_made ? APR_SUCCESS : um_store_mail_unmade(work->tx, mail, work->claim);
        return rv == APR_SUCCESS ? give_up(work, mail, "the account is gone, inactive, or has another address") : rv;
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

/* A row that the next claim finds. */
static apr_status_t add_row(work_t *work, um_mail_t *mail)
{
    if (um_random_uuid(work->ctx->pool, work->ctx->now, &mail->id) != APR_SUCCESS) {
        return failed(work, "the random generator failed");
    }
    return um_store_mail_insert_tx(work->tx, work->ctx->pool, mail);
}

/* A page is what one transaction bears; who comes behind it is looked for later. */
static apr_status_t add_rest(work_t *work, const um_mail_t *request, const um_user_t *last)
{
    um_mail_t *rest = apr_pmemdup(work->ctx->pool, request, sizeof(*request));

    rest->detail = last->id;
    return add_row(work, rest);
}

/* The first account takes over the request's row. */
static apr_status_t share_out(work_t *work, const um_mail_t *request, const apr_array_header_t *users)
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
    return rv == APR_SUCCESS ? prepare_mail(work, first) : rv;
}

static apr_status_t resolve(work_t *work, const um_mail_t *request)
{
    apr_pool_t *pool = work->ctx->pool;
    um_store_call_t call = um_ctx_store(work->ctx);
    um_mail_request_t whose = {
        .email_key = um_email_key(pool, request->address),
        .kind = request->kind,
        .state = state_of(request),
        .verified = is_kind(request, UM_MAIL_KIND_VERIFY) ? 0 : 1,
        .since = um_ctx_seconds(work->ctx) - UM_NOTIFICATION_HOUR,
        .limit = (int)work->ctx->settings->mail_hourly_limit,
        .behind = *request->detail ? request->detail : UM_MAIL_NO_ID,
    };
    apr_array_header_t *users;
    apr_status_t rv = um_store_one_time_token_users(work->tx, pool, &whose, &users);

    if (rv == APR_SUCCESS && users->nelts) {
        rv = share_out(work, request, users);
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
    work_t work = { tx, ctx, claim, prepared };

    *prepared = (um_mail_prepared_t){ .token = "" };
    return mail->user_id ? prepare_mail(&work, mail) : resolve(&work, mail);
}
