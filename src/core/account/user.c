/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include "authenticate.h"
#include "caller_cache.h"
#include "core_settings.h"
#include "demand.h"
#include "event.h"
#include "quarantine.h"
#include "random.h"
#include "store.h"
#include "store_user.h"
#include "unicode.h"

#include <string.h>

um_status_e um_user_find(um_ctx_t *ctx, const um_caller_t *caller, const char *id, const um_user_t **user)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *other = NULL;

    if (id && strcmp(id, caller->user->id) == 0) {
        *user = caller->user;
        return UM_OK;
    }
    if (id && caller->user->is_staff) {
        if (um_store_user_by_id(&call, id, &other) != APR_SUCCESS) {
            return um_ctx_unavailable(ctx, &call);
        }
        *user = other;
    }
    return other ? UM_OK : UM_ABSENT;
}

um_status_e um_user_by_name(um_ctx_t *ctx, const char *name, um_user_t **user)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *key;

    *user = NULL;
    if (um_unicode_key(ctx->pool, name, &key) == APR_SUCCESS
        && um_store_user_by_key(&call, key, user) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *user ? UM_OK : UM_ABSENT;
}

typedef apr_status_t set_fn(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user);

static um_status_e set_state(um_ctx_t *ctx, set_fn *set, um_event_e kind, um_user_t *change, um_user_t **user)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = um_event_add(ctx, kind, change->id);
    apr_status_t rv;

    if (um_random_uuid(ctx->pool, ctx->now, &change->version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    call.event = um_event_row(ctx, event);
    rv = set(&call, change, um_ctx_seconds(ctx), user);
    um_event_settle(event, rv, *user != NULL);
    um_caller_cache_invalidate(ctx, change->id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *user ? UM_OK : UM_ABSENT;
}

um_status_e um_user_set_active(um_ctx_t *ctx, const char *id, int on, um_user_t **user)
{
    um_user_t change = { .id = id, .is_active = on };

    return set_state(ctx, um_store_user_active, on ? UM_EVENT_ACCOUNT_ON : UM_EVENT_ACCOUNT_OFF, &change, user);
}

um_status_e um_user_set_staff(um_ctx_t *ctx, const char *id, int on, um_user_t **user)
{
    um_user_t change = { .id = id, .is_staff = on };

    return set_state(ctx, um_store_user_staff, on ? UM_EVENT_STAFF_GIVEN : UM_EVENT_STAFF_TAKEN, &change, user);
}

typedef struct delete_t {
    um_ctx_t *ctx;
    const char *id;
    int is_unmet;
    int done;
    um_event_t *event;
} delete_t;

static apr_status_t delete_row(um_tx_t *tx, void *baton)
{
    delete_t *deletion = baton;
    apr_status_t rv = um_demand_check(deletion->ctx, tx, &deletion->is_unmet);

    /* The event comes first, because its webhooks tell the name of the account. */
    if (rv == APR_SUCCESS) {
        rv = um_event_insert(tx, deletion->ctx, deletion->event);
    }
    if (rv == APR_SUCCESS) {
        rv = um_quarantine_delete(deletion->ctx, tx, deletion->id, &deletion->done);
    }
    return rv == APR_SUCCESS && !deletion->done ? UM_STORE_ROLLED_BACK : rv;
}

/* If the answer to COMMIT is lost, the deletion has succeeded when the account is gone. */
static um_status_e delete_in_transaction(um_ctx_t *ctx, const char *id, um_event_t *event)
{
    um_store_call_t call = um_ctx_store(ctx);
    delete_t deletion = { .ctx = ctx, .id = id, .event = event };
    apr_status_t rv = um_store_transaction(&call, delete_row, &deletion);
    um_user_t *user = NULL;

    if (rv == UM_STORE_UNKNOWN && um_store_user_by_id(&call, id, &user) == APR_SUCCESS && !user) {
        rv = APR_SUCCESS;
        deletion.done = 1;
    }
    um_event_settle(event, rv, deletion.done);
    um_caller_cache_invalidate(ctx, id);
    if (deletion.is_unmet) {
        return um_demand_unmet(ctx, id);
    }
    return rv == UM_STORE_ROLLED_BACK ? UM_ABSENT : rv != APR_SUCCESS ? um_ctx_unavailable(ctx, &call) : UM_OK;
}

um_status_e um_user_delete(um_ctx_t *ctx, const char *id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = um_event_add(ctx, UM_EVENT_ACCOUNT_DELETED, id);
    int done;
    apr_status_t rv;

    if (ctx->demand || ctx->settings->name_quarantine
        || um_event_has_webhooks(ctx, UM_EVENT_ACCOUNT_DELETED)) {
        return delete_in_transaction(ctx, id, event);
    }
    call.event = um_event_row(ctx, event);
    rv = um_store_user_delete(&call, id, &done);
    um_event_settle(event, rv, done);
    um_caller_cache_invalidate(ctx, id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return done ? UM_OK : UM_ABSENT;
}
