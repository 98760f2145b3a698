/* SPDX-License-Identifier: Apache-2.0 */
#include "password_reset.h"

#include "caller_cache.h"
#include "concurrency_limit.h"
#include "event.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "one_time_token.h"
#include "password.h"
#include "password_policy.h"
#include "profile_input.h"
#include "random.h"
#include "store.h"
#include "store_mail.h"
#include "store_one_time_token.h"
#include "store_user.h"

#include <string.h>

um_status_e um_password_reset_request(um_ctx_t *ctx, const char *email)
{
    um_status_e status;

    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    status = um_notification_request(ctx, UM_MAIL_KIND_RESET, email);
    um_notification_asked(ctx, UM_EVENT_RESET_ASKED, email, status);
    return status;
}

/* --- for one account --- */

typedef struct sending_t {
    um_ctx_t *ctx;
    um_mail_t *mail;
    um_event_t *event;
} sending_t;

static apr_status_t send_rows(um_tx_t *tx, void *baton)
{
    const sending_t *sending = baton;
    apr_status_t rv = um_store_mail_insert_tx(tx, sending->ctx->pool, sending->mail);

    return rv == APR_SUCCESS ? um_event_insert(tx, sending->ctx, sending->event) : rv;
}

/* The worker would give up such a mail and tell nobody. */
static um_status_e check_receiver(um_ctx_t *ctx, const um_user_t *user)
{
    if (!ctx->site->mail_settings || !ctx->site->mail_settings->sends) {
        um_ctx_error(ctx, UM_NO_FIELD, UM_MESSAGE_MAIL_NONE);
    }
    else if (!user->is_active) {
        um_ctx_error(ctx, UM_NO_FIELD, UM_MESSAGE_MAIL_INACTIVE);
    }
    else if (!*user->email) {
        um_ctx_error(ctx, UM_NO_FIELD, UM_MESSAGE_MAIL_NO_ADDRESS);
    }
    return ctx->errors->nelts ? UM_INVALID : UM_OK;
}

um_status_e um_password_reset_send(um_ctx_t *ctx, const um_user_t *user)
{
    um_store_call_t call = um_ctx_store(ctx);
    sending_t sending = { .ctx = ctx };
    um_status_e status = check_receiver(ctx, user);
    apr_status_t rv;

    if (status == UM_OK) {
        /* In the language of the site, because the one of the request is that of whoever asks for somebody else. */
        ctx->language = NULL;
        status = um_notification_create(ctx, user->is_invited ? UM_MAIL_KIND_INVITE : UM_MAIL_KIND_RESET, user,
                                        user->email, "", &sending.mail);
    }
    if (status != UM_OK) {
        return status;
    }
    sending.event = um_event_add(ctx, user->is_invited ? UM_EVENT_INVITED : UM_EVENT_RESET_SENT, user->id);
    sending.event->detail = user->is_invited ? "again" : NULL;
    rv = um_store_transaction(&call, send_rows, &sending);
    um_event_settle(sending.event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* A token and its account. */
typedef struct found_t {
    const char *hash;
    um_store_token_user_t is;
} found_t;

static um_status_e find(um_ctx_t *ctx, const char *token, found_t *found)
{
    um_store_call_t call = um_ctx_store(ctx);

    *found = (found_t){ .hash = um_one_time_token_hash(ctx, token) };
    if (found->hash
        && um_store_one_time_token_user(&call, found->hash, um_ctx_seconds(ctx), &found->is) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return found->is.user && found->is.user->is_active ? UM_OK : UM_ABSENT;
}

um_status_e um_password_reset_validate(um_ctx_t *ctx, const char *token)
{
    found_t found;

    return ctx->errors->nelts ? UM_INVALID : find(ctx, token, &found);
}

/* --- confirming --- */

typedef struct confirm_t {
    um_ctx_t *ctx;
    const found_t *found;
    const um_user_t *changed;
    um_mail_t *notice;          /* or NULL */
    um_event_t *event;
} confirm_t;

/* The token is used up here and not when it was found, because the address may be changed while the password is
 * hashed. */
static apr_status_t confirm_rows(um_tx_t *tx, void *baton)
{
    confirm_t *confirm = baton;
    const found_t *found = confirm->found;
    apr_pool_t *pool = confirm->ctx->pool;
    int done = 0;
    apr_status_t rv = um_store_one_time_token_reset(tx, pool, confirm->changed, &found->is, found->hash,
                                                    um_ctx_seconds(confirm->ctx), &done);

    if (rv == APR_SUCCESS && !done) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && confirm->notice) {
        rv = um_store_mail_insert_tx(tx, pool, confirm->notice);
    }
    return rv == APR_SUCCESS ? um_event_insert(tx, confirm->ctx, confirm->event) : rv;
}

static um_status_e store(um_ctx_t *ctx, confirm_t *confirm)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_status_t rv = um_store_transaction(&call, confirm_rows, confirm);
    um_user_t *now = NULL;

    um_caller_cache_invalidate(ctx, confirm->changed->id);
    if (rv == UM_STORE_ROLLED_BACK) {
        return UM_ABSENT;
    }
    if (rv == UM_STORE_UNKNOWN && um_store_user_by_id(&call, confirm->changed->id, &now) == APR_SUCCESS && now
        && strcmp(now->version, confirm->changed->version) == 0) {
        rv = APR_SUCCESS;
    }
    um_event_settle(confirm->event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

static um_status_e change(um_ctx_t *ctx, const found_t *found, um_secret_t password, um_event_t *event)
{
    um_user_t changed = *found->is.user;
    confirm_t confirm = { .ctx = ctx, .found = found, .changed = &changed, .event = event };
    um_status_e status = um_password_hash(ctx, password, &changed.password);

    if (status == UM_OK && um_random_uuid(ctx->pool, ctx->now, &changed.version) != APR_SUCCESS) {
        status = um_ctx_failed(ctx, "the random generator failed");
    }
    /* The first password of an invited account is no change that its owner needs to hear of. */
    if (status == UM_OK && !found->is.user->is_invited) {
        status = um_notification_password_changed(ctx, found->is.user, &confirm.notice);
    }
    return status == UM_OK ? store(ctx, &confirm) : status;
}

static um_status_e confirm_token(um_ctx_t *ctx, const char *token, um_secret_t password, um_event_t *event)
{
    um_password_policy_person_t person;
    found_t found;
    um_status_e status = find(ctx, token, &found);

    if (status != UM_OK) {
        return status;
    }
    event->user_id = ctx->subject = found.is.user->id;
    if (found.is.user->is_invited) {
        event->kind = UM_EVENT_INVITATION_ACCEPTED;
    }
    person = um_profile_person_of_user(found.is.user);
    um_password_check(ctx, "password", password, &person);
    return ctx->errors->nelts ? UM_INVALID : change(ctx, &found, password, event);
}

um_status_e um_password_reset_confirm(um_ctx_t *ctx, const char *token, um_secret_t password)
{
    um_event_t *event;
    um_status_e status;

    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    event = um_event_add(ctx, UM_EVENT_RESET_CONFIRMED, NULL);
    status = confirm_token(ctx, token, password, event);
    /* A password that the policy refuses says nothing about who calls. */
    if (status != UM_OK && status != UM_INVALID && !event->outcome) {
        ctx->reason = UM_REASON_BAD_TOKEN;
        um_event_settle_status(ctx, event, status);
    }
    return status;
}
