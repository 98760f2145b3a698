/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include "caller_cache.h"
#include "core_settings.h"
#include "demand.h"
#include "email_change.h"
#include "event.h"
#include "mail_kind.h"
#include "mail_settings.h"
#include "notification.h"
#include "profile_input.h"
#include "store.h"
#include "store_email_change.h"
#include "store_mail.h"
#include "store_user.h"
#include "throttle.h"
#include "user_state.h"

#include <apr_strings.h>
#include <string.h>

/* How often an update is tried when other requests keep changing the address. */
#define UPDATE_TRIES 3

/* The update changed no row, or it violated a unique index because another account took the address at the same time.
 * The error text is not a reliable sign, so look for the address. otherwise: the status if the address is not taken. */
static um_status_e not_updated(um_ctx_t *ctx, um_store_call_t *call, const um_user_keys_t *keys, const char *id,
                               um_status_e otherwise)
{
    int taken = 0;

    if (keys->email_claim && *keys->email_claim
        && um_store_user_email_taken(call, keys->email_claim, id, &taken) == APR_SUCCESS && taken) {
        um_profile_taken_email(ctx);
        return UM_INVALID;
    }
    return otherwise;
}

typedef struct update_t {
    um_ctx_t *ctx;
    const um_user_t *user;      /* as it was last read */
    const um_user_t *change;
    const um_user_keys_t *keys;
    um_mail_t *notice, *verify; /* or NULL */
    const char *pending_email;  /* an address that has to be confirmed; NULL: none */
    um_email_change_t *pending; /* its row */
    int withdraws;              /* an address that was to be confirmed */
    int is_unmet;               /* ctx->demand is not met */
    um_user_t *updated;
    um_event_t *readdressed;    /* the account has another address; NULL: none yet */
    um_event_t *changed;        /* it has another profile; NULL: none yet */
    um_state_change_t *state;   /* NULL: it stays */
    int changes_email;          /* to another address than that of the account as it was last read */
    const char *names;          /* of the fields that change; "": none */
    int compares;               /* no field changes, if the account is still as it was last read */
} update_t;

/* Names that are as long as the detail of an event may be, and dots in place of the others. */
static const char *cut_names(apr_pool_t *pool, const char *names)
{
    char *cut = apr_pstrndup(pool, names, UM_EVENT_LONGEST_DETAIL - strlen(" ..."));
    char *end = strlen(names) > UM_EVENT_LONGEST_DETAIL ? strrchr(cut, ' ') : NULL;

    if (end) {
        *end = '\0';
    }
    return end ? apr_pstrcat(pool, cut, " ...", NULL) : names;
}

/* Names the fields that the update sets to another value than user has; another address has an event of its own. */
static void set_names(update_t *update, const um_user_t *user)
{
    um_user_t fields = *update->change;

    fields.email = update->changes_email ? NULL : fields.email;
    update->names = cut_names(update->ctx->pool, um_profile_changes(update->ctx, user, &fields));
    if (update->changed) {
        update->changed->detail = update->names;
    }
}

static apr_status_t compare_fields(um_tx_t *tx, update_t *update)
{
    um_user_t *now;
    apr_status_t rv = um_store_user_lock_tx(tx, update->ctx->pool, update->user->id, &now);

    set_names(update, rv == APR_SUCCESS && now ? now : update->user);
    return rv;
}

static apr_status_t update_rows(um_tx_t *tx, void *baton)
{
    update_t *update = baton;
    apr_pool_t *pool = update->ctx->pool;
    apr_status_t rv = um_demand_check(update->ctx, tx, &update->is_unmet);

    if (rv == APR_SUCCESS && update->compares) {
        rv = compare_fields(tx, update);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = um_store_user_update_tx(tx, pool, update->change, update->keys, update->user->email,
                                 um_ctx_seconds(update->ctx), &update->updated);
    if (rv == APR_SUCCESS && !update->updated) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && update->pending) {
        rv = um_email_change_put(tx, pool, update->user, update->pending);
    }
    if (rv == APR_SUCCESS && update->withdraws) {
        rv = um_store_email_change_drop(tx, update->user->id);
    }
    if (rv == APR_SUCCESS && update->notice) {
        rv = um_store_mail_insert_tx(tx, pool, update->notice);
    }
    if (rv == APR_SUCCESS && update->verify) {
        rv = um_store_mail_insert_tx(tx, pool, update->verify);
    }
    if (rv == APR_SUCCESS && update->changes_email) {
        rv = um_event_insert(tx, update->ctx, update->readdressed);
    }
    if (rv == APR_SUCCESS && *update->names) {
        rv = um_event_insert(tx, update->ctx, update->changed);
    }
    return rv == APR_SUCCESS && update->state ? um_user_state_apply(tx, update->state, &update->updated) : rv;
}

/* Makes the event, and the mails that tell the old address of the new one and verify the new one. Another spelling of
 * the same address gets none. */
static um_status_e make_mails(um_ctx_t *ctx, const um_user_t *user, update_t *update)
{
    const um_mail_settings_t *mail_settings = ctx->site->mail_settings;
    const char *email = update->change->email;
    um_status_e status = UM_OK;

    update->notice = update->verify = NULL;
    if (update->pending_email) {
        return um_email_change_make(ctx, user, update->pending_email, update->keys, &update->pending, &update->verify);
    }
    update->changes_email = email && um_email_change_is_other(ctx, user, update->keys);
    if (!update->changes_email) {
        return UM_OK;
    }
    if (!update->readdressed) {
        update->readdressed = um_event_add(ctx, UM_EVENT_EMAIL_CHANGED, user->id);
    }
    if (!mail_settings) {
        return UM_OK;
    }
    if (mail_settings->sends && ctx->settings->notify_email_change) {
        status = um_notification_create(ctx, UM_MAIL_KIND_EMAIL_CHANGED, user, user->email, email, &update->notice);
    }
    if (status == UM_OK && ctx->settings->email_verification != UM_VERIFY_OFF) {
        status = um_notification_create(ctx, UM_MAIL_KIND_VERIFY, user, email, "", &update->verify);
    }
    return status;
}

/* Makes the event that names the fields that change. When none does, another request may have changed one since user
 * was read, and this update would change it back. So it has to be compared again, unless the update has an event
 * already. */
static void make_event(um_ctx_t *ctx, const um_user_t *user, update_t *update)
{
    int is_given = update->change->custom != NULL;

#define IS_GIVEN(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, is_given |= update->change->name != NULL;)
    UM_PROFILE(IS_GIVEN)
#undef IS_GIVEN
    set_names(update, user);
    update->compares = is_given && !*update->names && !update->changes_email;
    if (!update->changed && (update->compares || *update->names)) {
        update->changed = um_event_add(ctx, UM_EVENT_ACCOUNT_UPDATED, user->id);
        update->changed->detail = update->names;
    }
}

/* The answer to COMMIT was lost. If the account is as this update wants it, it does not matter which request did it. */
static int is_done(um_store_call_t *call, update_t *update)
{
    const um_user_t *change = update->change;
    um_user_t *now = NULL;
    const char *pending = NULL;

    update->updated = NULL;
    if (um_store_user_by_id(call, change->id, &now) == APR_SUCCESS && now
        && !*um_profile_changes(update->ctx, now, change)
        && (!update->state || um_user_state_is(update->state, now))) {
        update->updated = now;
    }
    if (update->pending && !um_email_change_is_stored(update->ctx, update->user, update->pending)) {
        update->updated = NULL;
    }
    if (update->withdraws && (um_email_change_find(update->ctx, change->id, &pending) != UM_OK || pending)) {
        update->updated = NULL;
    }
    return update->updated != NULL;
}

/* Whether one statement does it all, with an event at most. It is a transaction by itself, and costs less. */
static int is_single(const update_t *update)
{
    return !update->notice && !update->verify && !update->ctx->demand && !update->state && !update->withdraws
           && !update->compares && !(update->changes_email && *update->names);
}

static const um_store_event_t *single_event(const update_t *update)
{
    return update->changes_email ? um_event_row(update->ctx, update->readdressed)
           : *update->names ? um_event_row(update->ctx, update->changed) : NULL;
}

static void settle_events(update_t *update, apr_status_t rv)
{
    if (update->changes_email) {
        um_event_settle(update->readdressed, rv, update->updated != NULL);
    }
    if (*update->names) {
        um_event_settle(update->changed, rv, update->updated != NULL);
    }
}

/* UM_ABSENT: the account is gone, or its address is no longer that of user. */
static um_status_e update_once(um_ctx_t *ctx, const um_user_t *user, update_t *update)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = make_mails(ctx, user, update);
    apr_status_t rv;

    update->user = user;
    if (status != UM_OK) {
        return status;
    }
    make_event(ctx, user, update);
    call.event = single_event(update);
    rv = is_single(update) ? um_store_user_update(&call, update->change, update->keys, user->email,
                                                  um_ctx_seconds(ctx), &update->updated)
                           : um_store_transaction(&call, update_rows, update);
    if (rv == UM_STORE_UNKNOWN && is_done(&call, update)) {
        rv = APR_SUCCESS;
    }
    settle_events(update, rv);
    /* The caller cache has names, addresses and groups, which protected Locations show. */
    um_caller_cache_invalidate(ctx, user->id);
    if (update->state && um_user_state_settle(update->state, rv)) {
        return UM_INVALID;
    }
    if (rv == APR_SUCCESS && update->updated) {
        return UM_OK;
    }
    if (update->is_unmet) {
        return um_demand_unmet(ctx, user->id);
    }
    return not_updated(ctx, &call, update->keys, user->id,
                       rv == APR_SUCCESS || rv == UM_STORE_ROLLED_BACK ? UM_ABSENT : um_ctx_unavailable(ctx, &call));
}

/* The present address alone says that it is to stay. Beside other fields it says nothing: forms send all fields. */
static int is_withdrawal(const update_t *update, const um_user_t *user, const um_profile_input_t *input)
{
    int given = input->custom != NULL;

#define COUNT(name, ...) given += input->name != NULL;
    UM_PROFILE(COUNT)
#undef COUNT
    return input->email && given == 1 && !update->state && !um_email_change_is_other(update->ctx, user, update->keys);
}

/* Where an address belongs to one account, the answer tells whether another account has it, as that of a registration
 * does. So both have one allowance. Staff can read the addresses anyway. */
static um_status_e take_probe(const update_t *update, const um_user_t *user, um_throttle_uses_t *uses)
{
    um_ctx_t *ctx = update->ctx;
    int is_own = ctx->actor && strcmp(ctx->actor, user->id) == 0;
    um_status_e status = UM_OK;

    uses->count = 0;
    if (is_own && update->keys->email_claim && *update->keys->email_claim
        && um_email_change_is_other(ctx, user, update->keys)) {
        status = um_throttle_take_address(ctx, UM_THROTTLE_REGISTER, uses);
    }
    if (status == UM_THROTTLED) {
        um_event_throttled(ctx, UM_THROTTLE_REGISTER, user->id);
    }
    return status;
}

/* Tries again while other requests change the address: the mails must go to the address of now. */
static um_status_e update_until_done(um_ctx_t *ctx, const um_user_t *user, update_t *update)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = update_once(ctx, user, update);

    for (int i = 1; status == UM_ABSENT && update->change->email; i++) {
        um_user_t *now;

        if (um_store_user_by_id(&call, user->id, &now) != APR_SUCCESS) {
            return um_ctx_unavailable(ctx, &call);
        }
        if (!now) {
            break;
        }
        if (i == UPDATE_TRIES) {
            ctx->cause = "the address of the account is changed all the time";
            return UM_BUSY;
        }
        status = update_once(ctx, now, update);
    }
    return status;
}

um_status_e um_user_update(um_ctx_t *ctx, const um_user_t *user, const um_profile_input_t *input,
                           const um_user_t **updated)
{
    return um_user_update_state(ctx, user, input, NULL, updated);
}

um_status_e um_user_update_state(um_ctx_t *ctx, const um_user_t *user, const um_profile_input_t *input,
                                 const um_user_state_t *state, const um_user_t **updated)
{
#define COPY_TEXT(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, .name = input->name,)
    um_user_t change = { .id = user->id, UM_PROFILE(COPY_TEXT) .custom = input->custom };
#undef COPY_TEXT
    um_user_keys_t keys = { 0 };
    update_t update = { .ctx = ctx, .change = &change, .keys = &keys };
    um_throttle_uses_t uses;
    um_status_e status;

    um_profile_check_texts(ctx, input);
    if (input->email) {
        um_profile_check_email(ctx, input->email, &change, &keys);
        if (!*input->email && ctx->settings->login == UM_LOGIN_EMAIL) {
            um_ctx_error(ctx, "email", UM_MESSAGE_BLANK);
        }
    }
    update.state = um_user_state_prepare(ctx, state);
    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    update.withdraws = is_withdrawal(&update, user, input);
    if (change.email && um_email_change_is_pending(ctx, user, change.email, &keys)) {
        update.pending_email = change.email;
        change.email = NULL;
        /* Whether another account has it is decided when it is confirmed. */
        keys.email_claim = NULL;
    }
    status = take_probe(&update, user, &uses);
    if (status != UM_OK) {
        return status;
    }
    status = update_until_done(ctx, user, &update);
    if (status == UM_BUSY || status == UM_UNAVAILABLE) {
        um_throttle_give_back(ctx, &uses);
    }
    *updated = update.updated;
    return status;
}
