/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include "email.h"
#include "random.h"
#include "unicode.h"

#include <apr_strings.h>
#include <string.h>

/* --- the rules of the members --- */

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

void um_user_bad_username(um_cx_t *cx)
{
    um_cx_error(cx, "username", "invalid", "Enter a valid username. This value may contain only letters, numbers, "
                "and @/./+/-/_ characters.");
}

void um_user_bad_email(um_cx_t *cx)
{
    um_cx_error(cx, "email", "invalid", "Enter a valid email address.");
}

int um_user_is_username(apr_pool_t *pool, const char *text)
{
    const char *name;

    return um_unicode_nfkc(pool, text, &name) == APR_SUCCESS && um_unicode_is_name(name);
}

static void check_username(um_cx_t *cx, const char *typed, um_user_t *user, um_user_keys_t *keys)
{
    const char *name;

    if (um_unicode_nfkc(cx->pool, typed, &name) != APR_SUCCESS || !um_unicode_is_name(name)
        || um_unicode_key(cx->pool, name, &keys->username_key) != APR_SUCCESS) {
        um_user_bad_username(cx);
    }
    /* Some single characters become many: what is stored counts. */
    else if (um_unicode_count(name, strlen(name)) > UM_USER_MAX_USERNAME) {
        um_cx_error(cx, "username", "max_length", "Ensure this field has no more than 150 characters.");
    }
    else {
        user->username = name;
        return;
    }
    keys->username_key = NULL;
}

static void check_email(um_cx_t *cx, const char *typed, um_user_t *user, um_user_keys_t *keys)
{
    if (*typed && !um_email_valid(typed)) {
        um_user_bad_email(cx);
        return;
    }
    user->email = *typed ? um_email_normalize(cx->pool, typed) : "";
    keys->email_key = *typed ? um_email_key(cx->pool, typed) : "";
    keys->email_claim = cx->site->unique_email ? keys->email_key : "";
}

static void name_taken(um_cx_t *cx)
{
    um_cx_error(cx, "username", "unique", "A user with that username already exists.");
}

static void email_taken(um_cx_t *cx)
{
    um_cx_error(cx, "email", "unique", "A user with that email address already exists.");
}

/* --- registering --- */

static um_status_e check_taken(um_cx_t *cx, const um_user_keys_t *keys)
{
    um_store_call_t call = um_cx_store(cx);
    int name, email;

    if (um_store_user_taken(&call, keys, &name, &email) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    if (name) {
        name_taken(cx);
    }
    if (email) {
        email_taken(cx);
    }
    return UM_OK;
}

static um_status_e check_new(um_cx_t *cx, const um_user_input_t *input, um_user_t *user, um_user_keys_t *keys)
{
    um_policy_person_t person = { input->username, input->first_name, input->last_name, input->email };
    um_status_e status = UM_OK;

    user->first_name = text_or_empty(input->first_name);
    user->last_name = text_or_empty(input->last_name);
    if (input->username) {
        check_username(cx, input->username, user, keys);
    }
    if (input->password.text) {
        um_password_check(cx, "password", input->password, &person);
    }
    check_email(cx, text_or_empty(input->email), user, keys);
    if (keys->username_key || (keys->email_claim && *keys->email_claim)) {
        status = check_taken(cx, keys);
    }
    return status == UM_OK && cx->errors->nelts ? UM_INVALID : status;
}

typedef struct registration_t {
    um_cx_t *cx;
    um_user_t *user;
    um_user_keys_t *keys;
    um_session_new_t session;
} registration_t;

static apr_status_t register_rows(um_tx_t *tx, void *baton)
{
    registration_t *new = baton;
    apr_pool_t *pool = new->cx->pool;
    int done = 0;
    apr_status_t rv = um_store_user_insert(tx, pool, new->user, new->keys, um_cx_seconds(new->cx), &done);

    if (rv == APR_SUCCESS && done) {
        rv = um_store_session_insert_tx(tx, pool, &new->session.record, &done);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return done ? APR_SUCCESS : UM_STORE_ROLLED_BACK;
}

static um_status_e store_registration(um_cx_t *cx, registration_t *new)
{
    um_store_call_t call = um_cx_store(cx);
    apr_status_t rv = um_store_transaction(&call, register_rows, new);
    um_status_e status;
    int there = 0;

    if (rv == UM_STORE_ROLLED_BACK) {
        /* Somebody else was faster between our look and our insert. */
        status = check_taken(cx, new->keys);
        if (status == UM_OK && !cx->errors->nelts) {
            name_taken(cx);
        }
        return status == UM_OK ? UM_INVALID : status;
    }
    if (rv == UM_STORE_UNKNOWN
        && um_store_session_exists(&call, new->session.record.id, &there) == APR_SUCCESS && there) {
        rv = APR_SUCCESS;
    }
    return rv == APR_SUCCESS ? UM_OK : um_cx_away(cx, &call);
}

um_status_e um_user_register(um_cx_t *cx, const um_user_input_t *input, const um_user_t **user, const char **token)
{
    um_user_t *made = apr_pcalloc(cx->pool, sizeof(*made));
    um_user_keys_t keys = { 0 };
    registration_t new = { .cx = cx, .user = made, .keys = &keys };
    um_status_e status = check_new(cx, input, made, &keys);

    if (status != UM_OK || (status = um_password_hash(cx, input->password, &made->password)) != UM_OK) {
        return status;
    }
    if (um_random_uuid(cx->pool, cx->now, &made->id) != APR_SUCCESS
        || um_random_uuid(cx->pool, cx->now, &made->version) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    made->is_active = 1;
    status = um_session_make(cx, made, &new.session);
    if (status == UM_OK) {
        status = store_registration(cx, &new);
    }
    *user = made;
    *token = new.session.token;
    return status;
}

/* --- the others --- */

um_status_e um_user_find(um_cx_t *cx, const um_caller_t *caller, const char *id, const um_user_t **user)
{
    um_store_call_t call = um_cx_store(cx);
    um_user_t *other = NULL;

    if (id && strcmp(id, caller->user->id) == 0) {
        *user = caller->user;
        return UM_OK;
    }
    if (id && caller->user->is_staff) {
        if (um_store_user_by_id(&call, id, &other) != APR_SUCCESS) {
            return um_cx_away(cx, &call);
        }
        *user = other;
    }
    return other ? UM_OK : UM_ABSENT;
}

/* A claimed address that another account has fails as a broken unique index, whose text must not be read: so look. */
static um_status_e update_failed(um_cx_t *cx, um_store_call_t *call, const um_user_keys_t *keys, const char *id)
{
    um_status_e status = um_cx_away(cx, call);
    int taken = 0;

    if (keys->email_claim && *keys->email_claim
        && um_store_user_email_taken(call, keys->email_claim, id, &taken) == APR_SUCCESS && taken) {
        email_taken(cx);
        return UM_INVALID;
    }
    return status;
}

um_status_e um_user_update(um_cx_t *cx, const char *id, const um_user_input_t *input, const um_user_t **user)
{
    um_store_call_t call = um_cx_store(cx);
    um_user_t change = { .id = id, .first_name = input->first_name, .last_name = input->last_name };
    um_user_keys_t keys = { 0 };
    um_user_t *updated = NULL;

    if (input->email) {
        check_email(cx, input->email, &change, &keys);
    }
    if (cx->errors->nelts) {
        return UM_INVALID;
    }
    if (um_store_user_update(&call, &change, &keys, um_cx_seconds(cx), &updated) != APR_SUCCESS) {
        return update_failed(cx, &call, &keys, id);
    }
    *user = updated;
    return updated ? UM_OK : UM_ABSENT;
}

um_status_e um_user_by_name(um_cx_t *cx, const char *name, um_user_t **user)
{
    um_store_call_t call = um_cx_store(cx);
    const char *key;

    *user = NULL;
    if (um_unicode_key(cx->pool, name, &key) == APR_SUCCESS
        && um_store_user_by_key(&call, key, user) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    return *user ? UM_OK : UM_ABSENT;
}

um_status_e um_user_set_state(um_cx_t *cx, um_user_t *user)
{
    um_store_call_t call = um_cx_store(cx);
    int done;

    if (um_random_uuid(cx->pool, cx->now, &user->version) != APR_SUCCESS) {
        return um_cx_failed(cx, "the random generator failed");
    }
    if (um_store_user_state(&call, user, um_cx_seconds(cx), &done) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}

um_status_e um_user_delete(um_cx_t *cx, const char *id)
{
    um_store_call_t call = um_cx_store(cx);
    int done;

    if (um_store_user_delete(&call, id, &done) != APR_SUCCESS) {
        return um_cx_away(cx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}
