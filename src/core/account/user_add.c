/* SPDX-License-Identifier: Apache-2.0 */
#include "core_settings.h"
#include "event.h"
#include "group.h"
#include "mail_kind.h"
#include "notification.h"
#include "password.h"
#include "password_policy.h"
#include "quarantine.h"
#include "store.h"
#include "store_mail.h"
#include "store_user.h"
#include "user_admin.h"

#include <string.h>

typedef struct adding_t {
    um_ctx_t *ctx;
    const um_user_add_t *add;
    um_user_t *user;
    um_user_keys_t keys;
    um_mail_t *mail;                /* to verify the address; or NULL */
    apr_array_header_t *events;     /* um_event_t *: the account, then its rights, then one for each group */
    int first_group_event;
    const char *missing_group;
} adding_t;

/* --- before the database is written --- */

/* Checks whether the name or the address is taken. */
static um_status_e check_free(um_ctx_t *ctx, const um_user_keys_t *keys, int takes_held_name)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = UM_OK;
    int name, email, held = 0;

    if (um_store_user_taken(&call, keys, &name, &email) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (!name && !takes_held_name) {
        status = um_quarantine_has(ctx, keys->username_key, &held);
    }
    if (name) {
        um_profile_taken_username(ctx);
    }
    if (held) {
        um_ctx_error(ctx, "username", UM_MESSAGE_USERNAME_HELD);
    }
    if (email) {
        um_profile_taken_email(ctx);
    }
    return status == UM_OK && ctx->errors->nelts ? UM_INVALID : status;
}

/* Copies the fields that are given; the others are "". An account waits only for an address that it has. */
static void check_fields(adding_t *adding)
{
    const um_profile_input_t *input = &adding->add->profile;
    um_password_policy_person_t person = um_profile_person_of_input(input);
    um_user_t *user = adding->user;

#define COPY_TEXT(name, label, kind, ...) UM_PROFILE_IF_TEXT(kind, user->name = input->name ? input->name : "";)
    UM_PROFILE(COPY_TEXT)
#undef COPY_TEXT
    user->custom = input->custom;
    um_profile_check_texts(adding->ctx, input);
    um_profile_check_username(adding->ctx, input->username ? input->username : "", user, &adding->keys);
    um_profile_check_email(adding->ctx, input->email ? input->email : "", user, &adding->keys);
    if (adding->ctx->settings->login == UM_LOGIN_EMAIL && !(input->email && *input->email)) {
        um_ctx_error(adding->ctx, "email", UM_MESSAGE_REQUIRED);
    }
    if (input->password.text) {
        um_password_check(adding->ctx, "password", input->password, &person);
    }
    user->is_staff = adding->add->is_staff;
    user->is_waiting = um_notification_verification(adding->ctx) == UM_VERIFY_REQUIRED && !adding->add->is_verified
                       && user->email && *user->email;
    user->is_active = !user->is_waiting;
}

static void plan_event(adding_t *adding, um_event_e kind, const char *detail)
{
    um_event_t *event = um_event_add(adding->ctx, kind, adding->user->id);

    event->detail = detail;
    APR_ARRAY_PUSH(adding->events, um_event_t *) = event;
}

static int is_verified(const adding_t *adding)
{
    return adding->add->is_verified && *adding->user->email;
}

/* A group that is named twice has one event, because it is the events that add_groups() goes by. A name that cannot be
 * that of a group is one that does not exist. */
static void plan_group(adding_t *adding, const char *typed)
{
    const char *name = um_group_stored_name(adding->ctx->pool, typed);

    name = name ? name : typed;
    for (int i = adding->first_group_event; i < adding->events->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(adding->events, i, const um_event_t *)->detail, name) == 0) {
            return;
        }
    }
    plan_event(adding, UM_EVENT_GROUP_ADDED, name);
}

/* The events are made before the transaction, so that a transaction that is repeated stores each once. */
static void plan_events(adding_t *adding)
{
    const apr_array_header_t *groups = adding->add->groups;

    adding->events = apr_array_make(adding->ctx->pool, 4, sizeof(um_event_t *));
    plan_event(adding, UM_EVENT_ACCOUNT_ADDED, NULL);
    if (adding->user->is_staff) {
        plan_event(adding, UM_EVENT_STAFF_GIVEN, NULL);
    }
    if (is_verified(adding)) {
        plan_event(adding, UM_EVENT_EMAIL_VERIFIED, NULL);
    }
    adding->first_group_event = adding->events->nelts;
    for (int i = 0; groups && i < groups->nelts; i++) {
        plan_group(adding, APR_ARRAY_IDX(groups, i, const char *));
    }
}

static um_status_e prepare(adding_t *adding)
{
    um_ctx_t *ctx = adding->ctx;
    um_user_t *user = adding->user;
    um_status_e status = um_profile_make_ids(ctx, user);

    user->password = UM_USER_PASSWORD_NONE;
    if (status == UM_OK && adding->add->profile.password.text) {
        status = um_password_hash(ctx, adding->add->profile.password, &user->password);
    }
    if (status == UM_OK && !adding->add->is_verified && um_notification_verification(ctx) != UM_VERIFY_OFF) {
        status = um_notification_create(ctx, UM_MAIL_KIND_VERIFY, user, user->email, "", &adding->mail);
    }
    plan_events(adding);
    return status;
}

/* --- writing --- */

static apr_status_t add_groups(um_tx_t *tx, adding_t *adding)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = adding->first_group_event; rv == APR_SUCCESS && i < adding->events->nelts; i++) {
        const char *group = APR_ARRAY_IDX(adding->events, i, const um_event_t *)->detail;
        int done = 0;

        rv = um_store_group_add_tx(tx, adding->user->id, group, &done);
        if (rv == APR_SUCCESS && !done) {
            adding->missing_group = group;
            rv = UM_STORE_ROLLED_BACK;
        }
    }
    return rv;
}

static apr_status_t add_rows(um_tx_t *tx, void *baton)
{
    adding_t *adding = baton;
    apr_pool_t *pool = adding->ctx->pool;
    int done = 0;
    apr_status_t rv;

    adding->missing_group = NULL;
    rv = um_store_user_insert_tx(tx, pool, adding->user, &adding->keys, um_ctx_seconds(adding->ctx), &done);
    if (rv == APR_SUCCESS && !done) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && (adding->user->is_staff || is_verified(adding))) {
        rv = um_store_user_grant_tx(tx, adding->user->id, adding->user->is_staff, is_verified(adding));
    }
    if (rv == APR_SUCCESS) {
        rv = add_groups(tx, adding);
    }
    if (rv == APR_SUCCESS && adding->mail) {
        rv = um_store_mail_insert_tx(tx, pool, adding->mail);
    }
    for (int i = 0; rv == APR_SUCCESS && i < adding->events->nelts; i++) {
        rv = um_event_insert(tx, adding->ctx, APR_ARRAY_IDX(adding->events, i, const um_event_t *));
    }
    return rv;
}

static um_status_e write_account(adding_t *adding)
{
    um_ctx_t *ctx = adding->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *there = NULL;
    apr_status_t rv = um_store_transaction(&call, add_rows, adding);
    um_status_e status;

    /* The answer to COMMIT was lost: the id was made for this call, so the row tells. */
    if (rv == UM_STORE_UNKNOWN && um_store_user_by_id(&call, adding->user->id, &there) == APR_SUCCESS && there) {
        rv = APR_SUCCESS;
    }
    for (int i = 0; i < adding->events->nelts; i++) {
        um_event_settle(APR_ARRAY_IDX(adding->events, i, um_event_t *), rv, 1);
    }
    if (rv != UM_STORE_ROLLED_BACK) {
        return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
    }
    if (adding->missing_group) {
        return UM_ABSENT;
    }
    /* Somebody else took the name or the address after the check. */
    status = check_free(ctx, &adding->keys, adding->add->takes_held_name);
    if (status == UM_OK) {
        um_profile_taken_username(ctx);
    }
    return status == UM_OK ? UM_INVALID : status;
}

um_status_e um_user_add(um_ctx_t *ctx, const um_user_add_t *add, const um_user_t **user, const char **missing_group)
{
    adding_t adding = { .ctx = ctx, .add = add };
    um_status_e status;

    adding.user = apr_pcalloc(ctx->pool, sizeof(*adding.user));
    *missing_group = NULL;
    check_fields(&adding);
    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    status = check_free(ctx, &adding.keys, add->takes_held_name);
    if (status == UM_OK) {
        status = prepare(&adding);
    }
    if (status == UM_OK) {
        status = write_account(&adding);
    }
    *user = adding.user;
    *missing_group = adding.missing_group;
    return status;
}
