/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook_admin.h"

#include "event.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_list.h"
#include "webhook_send.h"

#include <apr_strings.h>
#include <string.h>

/* --- webhooks ----------------------------------------------------------------------------------------------------- */

/* Adds the event of a change that is to be made, with the account and the type of the webhook. */
static um_status_e start_event(um_ctx_t *ctx, um_store_call_t *call, um_event_e kind, const char *id,
                               um_event_t **event)
{
    um_webhook_row_t *row = NULL;

    if (id && um_store_webhook_one(call, id, um_ctx_seconds(ctx), &row) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, call);
    }
    *event = um_event_begin(ctx, call, kind, row ? row->user_id : NULL, row ? row->kind : id ? id : "all");
    return UM_OK;
}

um_status_e um_webhook_admin_retry(um_ctx_t *ctx, const char *id, int *count)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = NULL;
    um_status_e status = start_event(ctx, &call, UM_EVENT_WEBHOOK_RETRIED, id, &event);
    apr_status_t rv;

    *count = 0;
    if (status != UM_OK) {
        return status;
    }
    rv = um_store_webhook_retry(&call, id, um_ctx_seconds(ctx), count);
    um_event_settle(event, rv, *count);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_webhook_admin_drop(um_ctx_t *ctx, const char *id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = NULL;
    um_status_e status = start_event(ctx, &call, UM_EVENT_WEBHOOK_DROPPED, id, &event);
    apr_status_t rv;
    int count;

    if (status != UM_OK) {
        return status;
    }
    rv = um_store_webhook_drop(&call, id, um_ctx_seconds(ctx), &count);
    um_event_settle(event, rv, count);
    return rv != APR_SUCCESS ? um_ctx_unavailable(ctx, &call) : count ? UM_OK : UM_ABSENT;
}

/* --- receivers ---------------------------------------------------------------------------------------------------- */

/* The event has the host alone: it is sent to the other receivers, and a path may be known to its receiver only. */
static um_event_t *add_receiver_event(um_ctx_t *ctx, um_store_call_t *call, um_event_e kind, const char *url)
{
    const char *host = strstr(url, "://");

    return um_event_begin(ctx, call, kind, NULL,
                          host ? apr_pstrmemdup(ctx->pool, host + 3, strcspn(host + 3, "/?")) : NULL);
}

um_status_e um_webhook_admin_disable(um_ctx_t *ctx, const char *site, const char *url, int *done)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = add_receiver_event(ctx, &call, UM_EVENT_WEBHOOK_DISABLED, url);
    apr_status_t rv = um_store_webhook_disable(&call, site, url, um_ctx_seconds(ctx), done);

    um_event_settle(event, rv, *done);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_webhook_admin_enable(um_ctx_t *ctx, const char *url, int *count)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_array_header_t *list;
    apr_status_t rv = um_store_webhook_receivers(&call, &list);

    *count = 0;
    for (int i = 0; rv == APR_SUCCESS && i < list->nelts; i++) {
        const um_webhook_receiver_t *one = &APR_ARRAY_IDX(list, i, um_webhook_receiver_t);

        if (strcmp(one->url, url) == 0 || strcmp(um_webhook_send_name(ctx->pool, one->url), url) == 0) {
            um_event_t *event = add_receiver_event(ctx, &call, UM_EVENT_WEBHOOK_ENABLED, one->url);
            int done;

            rv = um_store_webhook_enable(&call, one->site, one->url, &done);
            um_event_settle(event, rv, done);
            *count += done;
        }
    }
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

um_status_e um_webhook_admin_disabled(um_ctx_t *ctx, int *count)
{
    const um_webhook_list_t *webhooks = ctx->site->webhooks;
    um_store_call_t call = um_ctx_store(ctx);
    apr_array_header_t *list;

    *count = 0;
    if (um_store_webhook_receivers(&call, &list) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    for (int i = 0; i < webhooks->count; i++) {
        for (int k = 0; k < list->nelts; k++) {
            const um_webhook_receiver_t *one = &APR_ARRAY_IDX(list, k, um_webhook_receiver_t);

            *count += strcmp(one->site, webhooks->site) == 0 && strcmp(one->url, webhooks->webhook[i].url) == 0;
        }
    }
    return UM_OK;
}
