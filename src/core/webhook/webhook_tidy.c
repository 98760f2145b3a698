/* SPDX-License-Identifier: Apache-2.0 */
#include "core_settings.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_list.h"
#include "webhook_outbox.h"

#include <string.h>

#define BATCH 200
#define HOUR 3600
#define MONTH (30 * 86400)
/* Seconds. No row waits longer for its next attempt: see um_webhook_body_delay() and webhook_send.c. */
#define LONGEST_WAIT (2 * 86400)
/* No more receivers are expected to share a database. */
#define MOST_RECEIVERS 1000

static int is_configured(const um_webhook_list_t *list, const char *url)
{
    for (int i = 0; i < list->count; i++) {
        if (strcmp(list->webhook[i].url, url) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Gives up rows whose receiver is not in the configuration. An hour is left to nodes that have a new configuration
 * already, and a month to other hosts. */
static apr_status_t drop_orphans(um_ctx_t *ctx, um_store_call_t *call, int *most)
{
    const um_webhook_list_t *list = ctx->site->webhooks;
    apr_int64_t now = um_ctx_seconds(ctx);
    const char *site = "", *url = "";
    apr_status_t rv = um_store_webhook_next(call, site, url, &site, &url);

    for (int i = 0; rv == APR_SUCCESS && site && i < MOST_RECEIVERS; i++) {
        int is_ours = list && strcmp(site, list->site) == 0, count = 0;

        if (!is_ours || !is_configured(list, url)) {
            rv = um_store_webhook_give_up(call, site, url, now - (is_ours ? HOUR : MONTH), now,
                                          is_ours ? "UserMgmtWebhook does not name this receiver any more"
                                                  : "no host sends webhooks of this site", BATCH, &count);
            *most = count > *most ? count : *most;
        }
        if (rv == APR_SUCCESS) {
            rv = um_store_webhook_next(call, site, url, &site, &url);
        }
    }
    return rv;
}

um_status_e um_webhook_tidy(um_ctx_t *ctx, int *more)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t now = um_ctx_seconds(ctx);
    int purged = 0, late = 0, orphans = 0;

    *more = 0;
    if (um_store_webhook_purge(&call, now - ctx->settings->webhook_retention, BATCH, &purged) != APR_SUCCESS
        || um_store_webhook_hurry(&call, now, now + LONGEST_WAIT, BATCH, &late) != APR_SUCCESS
        || drop_orphans(ctx, &call, &orphans) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    *more = purged == BATCH || late == BATCH || orphans == BATCH;
    return UM_OK;
}
