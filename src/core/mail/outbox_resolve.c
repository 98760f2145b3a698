/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "core_settings.h"
#include "mail_settings.h"
#include "store.h"
#include "store_request.h"

/* Requests that are resolved at a time. SQLite takes a few milliseconds, in which no other thread can write. */
#define REQUESTS 200
#define RESOLVE_MS 200

um_status_e um_outbox_resolve(um_ctx_t *ctx, const um_outbox_t *outbox, int *more)
{
    const um_mail_settings_t *mail_settings = ctx->site->mail_settings;
    um_request_limit_t limit = { um_ctx_seconds(ctx) - UM_MAIL_LIMIT_PERIOD, (int)ctx->settings->mail_hourly_limit };
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t ends = outbox->tick() + RESOLVE_MS;
    apr_status_t rv = um_store_request_due(&call, mail_settings->host, more);
    int count;

    while (rv == APR_SUCCESS && *more && !*outbox->stop && outbox->tick() < ends) {
        rv = um_store_request_resolve(&call, mail_settings->host, um_ctx_seconds(ctx), &limit, REQUESTS, &count);
        *more = count == REQUESTS;
    }
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
