/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_admin.h"

#include "email.h"
#include "event.h"
#include "store.h"
#include "store_user.h"

#include <apr_strings.h>

um_status_e um_mail_admin_list(um_ctx_t *ctx, const char *after, int most, apr_array_header_t **rows)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_mail_admin_list(&call, after, 0, um_ctx_seconds(ctx), most, rows) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_mail_admin_of_user(um_ctx_t *ctx, const um_user_t *user, int most, apr_array_header_t **rows)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *key = *user->email ? um_email_key(ctx->pool, user->email) : NULL;

    if (!key) {
        *rows = apr_array_make(ctx->pool, 1, sizeof(um_mail_row_t));
        return UM_OK;
    }
    return um_store_mail_admin_of_user(&call, user->id, key, um_ctx_seconds(ctx), most, rows) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_mail_admin_counts(um_ctx_t *ctx, apr_int64_t since, um_mail_counts_t *counts)
{
    um_store_call_t call = um_ctx_store(ctx);

    return um_store_mail_admin_counts(&call, um_ctx_seconds(ctx), since, counts) == APR_SUCCESS
           ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* Adds the event of a change that is to be made, with the account and the kind of the mail. A request has no account
 * yet; its event has its id. */
static um_status_e start(um_ctx_t *ctx, um_store_call_t *call, um_event_e kind, const char *id, um_event_t **event)
{
    um_mail_row_t *mail = NULL;

    if (id && um_store_mail_admin_one(call, id, um_ctx_seconds(ctx), &mail) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, call);
    }
    *event = um_event_begin(ctx, call, kind, mail ? mail->user_id : NULL, mail ? mail->kind : id ? id : "all");
    return UM_OK;
}

um_status_e um_mail_admin_retry(um_ctx_t *ctx, const char *id, int *count)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = NULL;
    um_status_e status = start(ctx, &call, UM_EVENT_MAIL_RETRIED, id, &event);
    apr_status_t rv;

    *count = 0;
    if (status != UM_OK) {
        return status;
    }
    rv = um_store_mail_admin_retry(&call, id, um_ctx_seconds(ctx), count);
    um_event_settle(event, rv, *count);
    ctx->wrote_mail = *count > 0;
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_mail_admin_drop(um_ctx_t *ctx, const char *id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = NULL;
    um_status_e status = start(ctx, &call, UM_EVENT_MAIL_DROPPED, id, &event);
    apr_status_t rv;
    int count;

    if (status != UM_OK) {
        return status;
    }
    rv = um_store_mail_admin_drop(&call, id, um_ctx_seconds(ctx), &count);
    um_event_settle(event, rv, count);
    return rv != APR_SUCCESS ? um_ctx_unavailable(ctx, &call) : count ? UM_OK : UM_ABSENT;
}
