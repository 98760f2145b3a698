/* SPDX-License-Identifier: Apache-2.0 */
#include "email_change.h"

#include "caller_cache.h"
#include "core_settings.h"
#include "email.h"
#include "event.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "profile_input.h"
#include "store.h"
#include "store_email_change.h"
#include "store_mail.h"
#include "store_one_time_token.h"
#include "store_user.h"

#include <apr_strings.h>
#include <string.h>

/* --- asking for one --- */

static int is_on(const um_ctx_t *ctx)
{
    return ctx->settings->email_change == UM_EMAIL_CHANGE_CONFIRM && ctx->site->mail_settings
           && ctx->site->mail_settings->sends;
}

int um_email_change_is_other(const um_ctx_t *ctx, const um_user_t *user, const um_user_keys_t *keys)
{
    return strcmp(keys->email_key, um_email_key(ctx->pool, user->email)) != 0;
}

int um_email_change_is_pending(const um_ctx_t *ctx, const um_user_t *user, const char *email,
                               const um_user_keys_t *keys)
{
    return is_on(ctx) && !user->is_invited && *email && um_email_change_is_other(ctx, user, keys);
}

um_status_e um_email_change_make(um_ctx_t *ctx, const um_user_t *user, const char *email, const um_user_keys_t *keys,
                                 um_email_change_t **change, um_mail_t **mail)
{
    apr_int64_t now = um_ctx_seconds(ctx);

    *change = apr_palloc(ctx->pool, sizeof(**change));
    /* It is pending while its mail may still be sent. When that is sent, the change expires with the token. */
    **change = (um_email_change_t){
        .email = email, .email_key = keys->email_key, .email_claim = "", .created_at = now,
        .expires_at = now + ctx->settings->mail_max_age + ctx->settings->verify_lifetime,
    };
    return um_notification_create(ctx, UM_MAIL_KIND_EMAIL_CHANGE, user, email, "", mail);
}

apr_status_t um_email_change_put(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const um_email_change_t *change)
{
    int done;
    apr_status_t rv = um_store_email_change_put(tx, pool, user, change, &done);

    return rv == APR_SUCCESS && !done ? UM_STORE_ROLLED_BACK : rv;
}

int um_email_change_is_stored(um_ctx_t *ctx, const um_user_t *user, const um_email_change_t *change)
{
    const char *email;

    return um_email_change_find(ctx, user->id, &email) == UM_OK && email && strcmp(email, change->email) == 0;
}

um_status_e um_email_change_find(um_ctx_t *ctx, const char *user_id, const char **email)
{
    um_store_call_t call = um_ctx_store(ctx);

    *email = NULL;
    return !is_on(ctx) || um_store_email_change_get(&call, user_id, um_ctx_seconds(ctx), email) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* --- confirming it --- */

typedef struct confirmation_t {
    um_ctx_t *ctx;
    const char *hash;
    um_user_t *user;
    um_email_change_t change;
    um_mail_t *notice;          /* or NULL */
    um_event_t *event;
} confirmation_t;

static apr_status_t apply_rows(um_tx_t *tx, void *baton)
{
    confirmation_t *it = baton;
    apr_pool_t *pool = it->ctx->pool;
    int done = 0;
    apr_status_t rv = um_store_email_change_apply(tx, pool, it->hash, it->user, &it->change, um_ctx_seconds(it->ctx),
                                                  &done);

    if (rv == APR_SUCCESS && !done) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && it->notice) {
        rv = um_store_mail_insert_tx(tx, pool, it->notice);
    }
    return rv == APR_SUCCESS ? um_event_insert(tx, it->ctx, it->event) : rv;
}

/* Nothing was changed. That another account has the address may also show as an error of a unique index, whose text is
 * not a reliable sign. */
static um_status_e not_applied(um_ctx_t *ctx, um_store_call_t *call, confirmation_t *it, apr_status_t rv)
{
    const char *claim = it->change.email_claim;
    int taken = 0;

    if (*claim && um_store_user_email_taken(call, claim, it->user->id, &taken) == APR_SUCCESS && taken) {
        um_profile_taken_email(ctx);
        ctx->reason = UM_REASON_TAKEN;
        return UM_INVALID;
    }
    if (rv != UM_STORE_ROLLED_BACK) {
        return um_ctx_unavailable(ctx, call);
    }
    ctx->reason = UM_REASON_BAD_TOKEN;
    return UM_ABSENT;
}

static um_status_e apply(um_ctx_t *ctx, confirmation_t *it)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_status_t rv = um_store_transaction(&call, apply_rows, it);
    um_status_e status;

    um_caller_cache_invalidate(ctx, it->user->id);
    call.event = um_event_row(ctx, it->event);
    rv = um_store_one_time_token_settle(&call, it->hash, rv);
    status = rv == APR_SUCCESS ? UM_OK : not_applied(ctx, &call, it, rv);
    if (status == UM_OK || status == UM_UNAVAILABLE) {
        um_event_settle(it->event, rv, 1);
    }
    else {
        um_event_settle_status(ctx, it->event, status);
    }
    return status;
}

um_status_e um_email_change_confirm(um_ctx_t *ctx, const char *hash)
{
    um_store_call_t call = um_ctx_store(ctx);
    confirmation_t it = { .ctx = ctx, .hash = hash };
    um_status_e status = UM_OK;

    if (!is_on(ctx)) {
        return UM_ABSENT;
    }
    if (um_store_email_change_user(&call, hash, um_ctx_seconds(ctx), &it.user, &it.change) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!it.user) {
        return UM_ABSENT;
    }
    ctx->subject = it.user->id;
    it.change.email_claim = ctx->settings->unique_email ? it.change.email_key : "";
    it.event = um_event_add(ctx, UM_EVENT_EMAIL_CHANGED, it.user->id);
    if (ctx->settings->notify_email_change) {
        status = um_notification_create(ctx, UM_MAIL_KIND_EMAIL_CHANGED, it.user, it.user->email, it.change.email,
                                        &it.notice);
    }
    return status == UM_OK ? apply(ctx, &it) : status;
}
