/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"
#include "event.h"
#include "quarantine.h"
#include "store.h"
#include "store_user.h"
#include "unicode.h"
#include "user_admin.h"

#include <string.h>

typedef struct renaming_t {
    um_ctx_t *ctx;
    um_user_t change;           /* id, and the new name */
    um_user_keys_t keys;
    const char *key_before;
    um_user_t *renamed;
    um_event_t *event;
} renaming_t;

static apr_status_t rename_rows(um_tx_t *tx, void *baton)
{
    renaming_t *renaming = baton;
    um_ctx_t *ctx = renaming->ctx;
    apr_status_t rv = um_store_user_rename_tx(tx, ctx->pool, &renaming->change, &renaming->keys, renaming->key_before,
                                              um_ctx_seconds(ctx), &renaming->renamed);

    if (rv == APR_SUCCESS && !renaming->renamed) {
        return UM_STORE_ROLLED_BACK;
    }
    /* Another spelling of the same name sets none free. */
    if (rv == APR_SUCCESS && strcmp(renaming->key_before, renaming->keys.username_key) != 0) {
        rv = um_quarantine_hold(ctx, tx, renaming->key_before);
    }
    return rv == APR_SUCCESS ? um_event_insert(tx, ctx, renaming->event) : rv;
}

/* Checks whether another account has the new name, or it is held back. */
static um_status_e check_name(renaming_t *renaming, int takes_held_name)
{
    um_ctx_t *ctx = renaming->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = UM_OK;
    um_user_t *other;
    int held = 0;

    if (um_store_user_by_key(&call, renaming->keys.username_key, &other) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    if (other && strcmp(other->id, renaming->change.id) != 0) {
        um_profile_taken_username(ctx);
        return UM_INVALID;
    }
    if (!other && !takes_held_name) {
        status = um_quarantine_has(ctx, renaming->keys.username_key, &held);
    }
    if (held) {
        um_ctx_error(ctx, "username", UM_MESSAGE_USERNAME_HELD);
    }
    return status == UM_OK && held ? UM_INVALID : status;
}

/* Why no row was changed, or why the statement failed: two that take one name at the same time violate the unique index
 * on PostgreSQL, and the error text is not a reliable sign. */
static um_status_e not_renamed(renaming_t *renaming, um_status_e otherwise)
{
    um_ctx_t *ctx = renaming->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_status_e status = check_name(renaming, 1);
    um_user_t *now;

    if (status != UM_OK || otherwise != UM_OK) {
        return status == UM_INVALID ? status : otherwise != UM_OK ? otherwise : status;
    }
    if (um_store_user_by_id(&call, renaming->change.id, &now) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    ctx->cause = "the account was renamed by somebody else meanwhile";
    return now ? UM_BUSY : UM_ABSENT;
}

static um_status_e write_name(renaming_t *renaming)
{
    um_ctx_t *ctx = renaming->ctx;
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *now = NULL;
    apr_status_t rv;

    renaming->event = um_event_add(ctx, UM_EVENT_ACCOUNT_RENAMED, renaming->change.id);
    rv = um_store_transaction(&call, rename_rows, renaming);
    /* The answer to COMMIT was lost. If the account has the name, it does not matter which call gave it. */
    if (rv == UM_STORE_UNKNOWN && um_store_user_by_id(&call, renaming->change.id, &now) == APR_SUCCESS && now
        && strcmp(now->username, renaming->change.username) == 0) {
        renaming->renamed = now;
        rv = APR_SUCCESS;
    }
    um_event_settle(renaming->event, rv, 1);
    um_caller_cache_invalidate(ctx, renaming->change.id);
    return rv == APR_SUCCESS ? UM_OK
           : not_renamed(renaming, rv == UM_STORE_ROLLED_BACK ? UM_OK : um_ctx_unavailable(ctx, &call));
}

um_status_e um_user_rename(um_ctx_t *ctx, const um_user_t *user, const char *name, int takes_held_name,
                           um_user_t **renamed)
{
    renaming_t renaming = { .ctx = ctx, .change = { .id = user->id } };
    um_status_e status;

    *renamed = NULL;
    um_profile_check_username(ctx, name, &renaming.change, &renaming.keys);
    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    if (um_unicode_key(ctx->pool, user->username, &renaming.key_before) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the present name of the account has no key");
    }
    status = check_name(&renaming, takes_held_name);
    if (status == UM_OK) {
        status = write_name(&renaming);
    }
    *renamed = renaming.renamed;
    return status;
}
