/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"
#include "event.h"
#include "store.h"
#include "store_user.h"
#include "user_admin.h"

/* Why no row was changed. */
static um_status_e not_verified(um_ctx_t *ctx, const char *id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *now;

    if (um_store_user_by_id(&call, id, &now) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    ctx->cause = "the address of the account was changed by somebody else meanwhile";
    return now ? UM_BUSY : UM_ABSENT;
}

um_status_e um_user_verify(um_ctx_t *ctx, const um_user_t *user, um_user_t **verified)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event;
    apr_status_t rv;

    *verified = NULL;
    if (!*user->email) {
        um_ctx_error(ctx, UM_NO_FIELD, UM_MESSAGE_MAIL_NO_ADDRESS);
        return UM_INVALID;
    }
    event = um_event_add(ctx, UM_EVENT_EMAIL_VERIFIED, user->id);
    call.event = um_event_row(ctx, event);
    rv = um_store_user_verify(&call, user->id, user->email, um_ctx_seconds(ctx), verified);
    um_event_settle(event, rv, *verified != NULL);
    um_caller_cache_invalidate(ctx, user->id);
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return *verified ? UM_OK : not_verified(ctx, user->id);
}
