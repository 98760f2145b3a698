/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "caller_cache.h"
#include "concurrency_limit.h"
#include "core_settings.h"
#include "event.h"
#include "notification.h"
#include "password_policy.h"
#include "profile_input.h"
#include "random.h"
#include "refresh.h"
#include "session.h"
#include "store.h"
#include "store_mail.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

void um_password_check(um_ctx_t *ctx, const char *field, um_secret_t password,
                       const um_password_policy_person_t *person)
{
    um_password_policy_t policy = { (int)ctx->settings->password_min_length, ctx->site->common_passwords };
    int longest = (int)ctx->settings->password_max_length;
    apr_array_header_t *faults;

    password = um_password_prepare(ctx, password);
    if (um_unicode_count(password.text, password.len) > (apr_size_t)longest) {
        um_ctx_error_with(ctx, field, UM_MESSAGE_MAX_LENGTH, apr_itoa(ctx->pool, longest));
        return;
    }
    faults = um_password_policy_check(ctx->pool, &policy, person, password.text, password.len);
    if (!faults) {
        um_ctx_error(ctx, field, UM_MESSAGE_NOT_A_STRING);
    }
    for (int i = 0; faults && i < faults->nelts; i++) {
        const um_password_policy_fault_t *fault = &APR_ARRAY_IDX(faults, i, um_password_policy_fault_t);

        um_ctx_error_with(ctx, field, fault->message, fault->value);
    }
}

/* --- signing in --- */

static um_status_e refuse_login(um_ctx_t *ctx)
{
    um_ctx_error(ctx, UM_NO_FIELD, UM_MESSAGE_LOGIN_REFUSED);
    return UM_INVALID;
}

static um_status_e login(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **who,
                         um_session_new_t *session)
{
    const um_user_t *user;
    um_status_e status = um_password_verify_user(ctx, username, password, &user);

    if (status == UM_INVALID) {
        return refuse_login(ctx);
    }
    if (status != UM_OK || (status = um_session_make(ctx, user, session)) != UM_OK
        || (status = um_refresh_add(ctx, session)) != UM_OK) {
        return status;
    }
    status = um_session_open(ctx, session);
    if (status == UM_BAD_TOKEN) {
        ctx->cause = "the account was changed meanwhile";
        ctx->reason = UM_REASON_CHANGED;
        return refuse_login(ctx);
    }
    *who = user;
    return status;
}

um_status_e um_password_login(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **who,
                              um_session_new_t *session)
{
    um_event_t *event = um_event_add(ctx, UM_EVENT_SIGN_IN, NULL);
    um_status_e status = login(ctx, username, password, who, session);

    event->name = username;
    event->user_id = ctx->subject;
    event->session_id = status == UM_OK ? session->record.id : NULL;
    um_event_settle_status(ctx, event, status);
    return status;
}

/* --- changing --- */

typedef struct change_t {
    um_ctx_t *ctx;
    const um_user_t *changed;
    const char *old_version;
    const um_session_new_t *session;
    um_mail_t *notice;          /* or NULL */
    um_event_t *event;
    int has_refresh;            /* the session gets a refresh token */
} change_t;

static apr_status_t change_rows(um_tx_t *tx, void *baton)
{
    change_t *change = baton;
    apr_pool_t *pool = change->ctx->pool;
    int done = 0;
    apr_status_t rv = um_store_user_password(tx, pool, change->changed, change->old_version,
                                             um_ctx_seconds(change->ctx),
                                             &done);

    if (rv == APR_SUCCESS && done) {
        rv = um_store_session_insert_tx(tx, pool, &change->session->record, &done);
    }
    if (rv == APR_SUCCESS && done && change->notice) {
        rv = um_store_mail_insert_tx(tx, pool, change->notice);
    }
    if (rv == APR_SUCCESS && done) {
        rv = um_event_insert(tx, change->ctx, change->event);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return done ? APR_SUCCESS : UM_STORE_ROLLED_BACK;
}

static um_status_e wrong_password(um_ctx_t *ctx, const char *user_id)
{
    ctx->cause = "wrong old password";
    ctx->reason = UM_REASON_WRONG_PASSWORD;
    ctx->subject = user_id;
    um_ctx_error(ctx, "old_password", UM_MESSAGE_PASSWORD_WRONG);
    return UM_INVALID;
}

static um_status_e store_change(um_ctx_t *ctx, change_t *change)
{
    um_store_call_t call = um_ctx_store(ctx);
    int there = 0;
    apr_status_t rv;

    change->event->session_id = change->session->record.id;
    rv = um_store_transaction(&call, change_rows, change);
    um_caller_cache_invalidate(ctx, change->changed->id);
    if (rv == UM_STORE_ROLLED_BACK) {
        return wrong_password(ctx, change->changed->id);
    }
    if (rv == UM_STORE_UNKNOWN
        && um_store_session_exists(&call, change->session->record.id, &there) == APR_SUCCESS && there) {
        rv = APR_SUCCESS;
    }
    um_event_settle(change->event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* The old password is verified before this. */
static um_status_e replace(um_ctx_t *ctx, const um_user_t *user, change_t *change, um_session_new_t *session)
{
    um_status_e status = um_session_make(ctx, change->changed, session);

    if (status == UM_OK && change->has_refresh) {
        status = um_refresh_add(ctx, session);
    }
    if (status == UM_OK) {
        status = um_notification_password_changed(ctx, user, &change->notice);
    }
    return status == UM_OK ? store_change(ctx, change) : status;
}

um_status_e um_password_change(um_ctx_t *ctx, const um_user_t *user, um_secret_t old_password, um_secret_t new_password,
                               int has_refresh, um_session_new_t *session)
{
    um_password_policy_person_t person = um_profile_person_of_user(user);
    um_user_t changed = *user;
    change_t change = { .ctx = ctx, .changed = &changed, .old_version = user->version, .session = session,
                        .has_refresh = has_refresh };
    um_status_e status;

    *session = (um_session_new_t){ 0 };
    if (new_password.text) {
        um_password_check(ctx, "new_password", new_password, &person);
    }
    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    change.event = um_event_add(ctx, UM_EVENT_PASSWORD_CHANGED, user->id);
    status = um_password_verify_old(ctx, user, old_password, &new_password, &changed.password);
    if (status == UM_INVALID) {
        status = wrong_password(ctx, user->id);
    }
    else if (status == UM_OK && um_random_uuid(ctx->pool, ctx->now, &changed.version) != APR_SUCCESS) {
        status = um_ctx_failed(ctx, "the random generator failed");
    }
    else if (status == UM_OK) {
        status = replace(ctx, user, &change, session);
    }
    if (status != UM_OK && !change.event->outcome) {
        um_event_settle_status(ctx, change.event, status);
    }
    return status;
}
