/* SPDX-License-Identifier: Apache-2.0 */
#include "account_private.h"
#include "registration.h"

#include "concurrency_limit.h"
#include "core_settings.h"
#include "event.h"
#include "idempotency.h"
#include "mail_kind.h"
#include "notification.h"
#include "password.h"
#include "profile_input.h"
#include "quarantine.h"
#include "refresh.h"
#include "store.h"
#include "store_registration.h"
#include "store_user.h"

static um_status_e check_taken(um_ctx_t *ctx, const um_user_keys_t *keys)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = UM_OK;
    int name, email;

    if (um_store_user_taken(&call, keys, &name, &email) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!name && keys->username_key) {
        status = um_quarantine_has(ctx, keys->username_key, &name);
    }
    if (name) {
        um_profile_taken_username(ctx);
    }
    if (email) {
        um_profile_taken_email(ctx);
    }
    return status;
}

um_status_e um_registration_check_others(um_ctx_t *ctx, const um_user_keys_t *keys)
{
    um_status_e status = UM_OK;

    if (keys->username_key || (keys->email_claim && *keys->email_claim)) {
        status = check_taken(ctx, keys);
    }
    return status == UM_OK && ctx->errors->nelts ? UM_INVALID : status;
}

/* The database is queried after the wait for a turn to hash, so that a call that is refused for lack of a turn costs no
 * query. A registration that is refused anyway does not wait, because it needs no hash. */
static um_status_e check_and_hash(um_ctx_t *ctx, const um_profile_input_t *input, um_user_t *user,
                                  const um_user_keys_t *keys)
{
    um_concurrency_limit_pass_t pass;
    um_status_e status;

    if (ctx->errors->nelts) {
        return um_registration_check_others(ctx, keys);
    }
    status = um_password_enter(ctx, &pass);
    if (status != UM_OK) {
        return status;
    }
    status = um_registration_check_others(ctx, keys);
    if (status == UM_OK) {
        status = um_password_make(ctx, input->password, &user->password);
    }
    um_password_leave(ctx, &pass);
    return status;
}

static int has_session(const um_registration_t *new)
{
    return !new->has_no_session && !new->user->is_waiting && !new->user->is_invited;
}

um_status_e um_registration_store(um_ctx_t *ctx, um_registration_t *new)
{
    um_store_call_t call = um_ctx_store(ctx);
    const um_store_registration_t rows = {
        .user = new->user, .keys = new->keys, .session = has_session(new) ? &new->session.record : NULL,
        .mail = new->mail, .idempotency = new->idempotency,
    };
    um_status_e status;
    apr_status_t rv;
    int done;

    new->event->user_id = new->user->id;
    new->event->session_id = rows.session ? rows.session->id : NULL;
    call.event = um_event_row(ctx, new->event);
    rv = um_store_registration(&call, &rows, um_ctx_seconds(ctx), &done);
    um_event_settle(new->event, rv, done);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (done) {
        return UM_OK;
    }
    /* Another registration took the name or the address between the check and the insert. */
    status = check_taken(ctx, new->keys);
    if (status == UM_OK && !ctx->errors->nelts) {
        um_profile_taken_username(ctx);
    }
    return status == UM_OK ? UM_INVALID : status;
}

um_status_e um_registration_again(um_ctx_t *ctx, um_status_e status, const um_profile_input_t *input, um_user_t *made,
                                  const char **token)
{
    um_status_e again = status == UM_INVALID ? um_idempotency_replay(ctx, input, made, token) : UM_ABSENT;

    if (again == UM_ABSENT) {
        return status;
    }
    apr_array_clear(ctx->errors);
    return again;
}

/* Makes the ids of the account, its version and its session, and the mail. */
static um_status_e make_rows(um_ctx_t *ctx, um_registration_t *new)
{
    um_user_t *made = new->user;
    um_status_e status = um_profile_make_ids(ctx, made);

    if (status == UM_OK && has_session(new)) {
        status = um_session_make(ctx, made, &new->session);
        if (status == UM_OK && new->session.is_refreshable) {
            status = um_refresh_add(ctx, &new->session);
        }
    }
    if (status == UM_OK && um_notification_verification(ctx) != UM_VERIFY_OFF) {
        status = um_notification_create(ctx, UM_MAIL_KIND_VERIFY, made, made->email, "", &new->mail);
    }
    return status;
}

/* Makes the account, whose name and fields are good. */
static um_status_e create(um_ctx_t *ctx, const um_profile_input_t *input, um_registration_t *new)
{
    um_status_e status = check_and_hash(ctx, input, new->user, new->keys);

    if (status == UM_OK) {
        status = make_rows(ctx, new);
    }
    if (status == UM_OK) {
        status = um_idempotency_make(ctx, input, new->user, has_session(new), &new->idempotency);
    }
    return status == UM_OK ? um_registration_store(ctx, new) : status;
}

um_status_e um_registration_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user,
                                   const char **token, const um_session_new_t **session)
{
    um_user_t *made = apr_pcalloc(ctx->pool, sizeof(*made));
    um_user_keys_t keys = { 0 };
    um_registration_t *new = apr_pcalloc(ctx->pool, sizeof(*new));
    const char *again = NULL;
    um_status_e status;

    *new = (um_registration_t){ .user = made, .keys = &keys, .session.is_refreshable = session != NULL,
                                .has_no_session = !token };
    made->is_waiting = um_notification_verification(ctx) == UM_VERIFY_REQUIRED;
    made->is_active = !made->is_waiting;
    new->event = um_event_named(ctx, UM_EVENT_REGISTERED, input->username);
    um_registration_check(ctx, input, made, &keys);
    status = ctx->errors->nelts ? UM_ABSENT : um_idempotency_replay(ctx, input, made, &again);
    if (status == UM_ABSENT) {
        int is_faulty = ctx->errors->nelts > 0;

        status = create(ctx, input, new);
        status = is_faulty ? status : um_registration_again(ctx, status, input, made, &again);
    }
    *user = made;
    if (token) {
        *token = ctx->idempotency && ctx->idempotency->is_replayed ? again : new->session.token;
    }
    if (session) {
        *session = new->session.token ? &new->session : NULL;
    }
    return status;
}
