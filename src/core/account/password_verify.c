/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include "concurrency_limit.h"
#include "event.h"
#include "login_name.h"
#include "profile_input.h"
#include "store.h"
#include "store_user.h"
#include "throttle.h"
#include "unicode.h"

#include <string.h>

/* A longer password, in bytes, is never hashed, whatever the policy says: 4 bytes for each character of the longest
 * password that can be configured. */
#define MAX_HASHED 16384

/* A failure is ignored: the old hash is still valid, and the next sign-in tries again. */
static void store_fresh_hash(um_ctx_t *ctx, const um_user_t *user, const char *fresh)
{
    um_store_call_t call = um_ctx_store(ctx);

    (void)um_store_user_rehash(&call, user->id, user->password, fresh);
}

/* The key under which a name is stored and its failures are counted. NULL: no account can have the name. */
static const char *key_of(um_ctx_t *ctx, const char *username)
{
    const char *key;

    return strlen(username) <= UM_PROFILE_MAX_TYPED && um_unicode_key(ctx->pool, username, &key) == APR_SUCCESS ? key
                                                                                                           : NULL;
}

/* Cause and reason are for the logs alone: clients get the same answer for every one. */
static um_status_e refuse(um_ctx_t *ctx, um_reason_e reason, const char *cause)
{
    ctx->cause = cause;
    ctx->reason = reason;
    return UM_INVALID;
}

/* Where there are two ways to name an account, it is counted itself, too. When it is throttled, the password is hashed
 * all the same and then refused as if it were wrong: another answer, or another time, would tell whose address it is.
 * So far the client has not been throttled for what it has typed. */
static int is_account_throttled(um_ctx_t *ctx, const um_user_t *user, um_throttle_uses_t *uses)
{
    return um_throttle_take_found(ctx, user ? um_login_name_account(ctx, user->username) : NULL, uses) != UM_OK;
}

/* Within the hash limit. */
static um_status_e find_and_verify(um_ctx_t *ctx, const um_login_name_t *name, um_secret_t password, um_user_t **user,
                                   um_throttle_uses_t *found)
{
    const char *fresh = NULL;
    int is_throttled = 0;
    um_concurrency_limit_pass_t pass;
    um_status_e status = um_password_enter(ctx, &pass);

    if (status != UM_OK) {
        return status;
    }
    /* The query comes after the wait, so that a refused call costs the database nothing. It takes a hundredth of the
     * time of a hash, and a database that hangs holds the turn no longer than the store waits for an answer. */
    status = um_login_name_find(ctx, name, user);
    if (status == UM_OK) {
        is_throttled = is_account_throttled(ctx, *user, found);
        status = um_password_verify(ctx, *user, password, NULL, &fresh);
    }
    um_password_leave(ctx, &pass);
    if (*user) {
        ctx->subject = (*user)->id;
    }
    if (is_throttled && (status == UM_OK || status == UM_INVALID)) {
        return refuse(ctx, UM_REASON_THROTTLED, "too many tries at the account");
    }
    if (status == UM_INVALID) {
        return *user ? refuse(ctx, UM_REASON_WRONG_PASSWORD, "wrong password")
                     : refuse(ctx, UM_REASON_UNKNOWN_NAME, "there is no such account");
    }
    if (status == UM_OK && *user && !(*user)->is_active) {
        return refuse(ctx, UM_REASON_INACTIVE, "the account is inactive");
    }
    if (status == UM_OK && *user && fresh) {
        store_fresh_hash(ctx, *user, fresh);
    }
    return status;
}

um_status_e um_password_verify_user(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **who)
{
    um_login_name_t name;
    um_user_t *user = NULL;
    um_throttle_uses_t uses, found = { 0 };
    um_status_e status;

    *who = NULL;
    (void)um_login_name_read(ctx, username, &name);
    status = um_throttle_take_sign_in(ctx, name.key, &uses);
    if (status == UM_OK && password.len > MAX_HASHED) {
        return refuse(ctx, UM_REASON_WRONG_PASSWORD, "no account can have such a password");
    }
    if (status == UM_OK) {
        status = find_and_verify(ctx, &name, password, &user, &found);
        um_throttle_settle(ctx, &uses, status);
        um_throttle_settle(ctx, &found, status);
        *who = user;
    }
    return status;
}

um_status_e um_password_verify_old(um_ctx_t *ctx, const um_user_t *user, um_secret_t old_password,
                              const um_secret_t *new_password, const char **fresh)
{
    um_concurrency_limit_pass_t pass;
    um_throttle_uses_t uses;
    um_status_e status;

    status = um_throttle_take_own(ctx, key_of(ctx, user->username), &uses);
    if (status != UM_OK || old_password.len > MAX_HASHED) {
        return status == UM_OK ? UM_INVALID : status;
    }
    status = um_password_enter(ctx, &pass);
    if (status == UM_OK) {
        status = um_password_verify(ctx, user, old_password, new_password, fresh);
        um_password_leave(ctx, &pass);
    }
    um_throttle_settle(ctx, &uses, status);
    return status;
}
