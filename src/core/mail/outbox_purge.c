/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include "core_settings.h"
#include "mail_settings.h"
#include "random.h"
#include "store.h"
#include "store_purge.h"

#include <apr_strings.h>
#include <string.h>

/* Rows of each kind. SQLite deletes so many within a few milliseconds, in which no other thread can write. */
#define PURGE_BATCH 200

/* Seconds. No mail waits longer for its next attempt, and no lease is longer (UserMgmtMailTimeout is at most 5
 * minutes). */
#define LONGEST_WAIT 7200

um_status_e um_outbox_purge(um_ctx_t *ctx, apr_int64_t keep, int *more)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t now = um_ctx_seconds(ctx);
    /* Mails and tokens of the last hour count against the limits, whatever became of them. */
    um_store_purge_t before = {
        .mails = now - (keep > UM_MAIL_LIMIT_PERIOD ? keep : UM_MAIL_LIMIT_PERIOD),
        .one_time_tokens = now - UM_MAIL_LIMIT_PERIOD,
        .sessions = now,
        .names = now,
        .email_changes = now,
        .idempotency = now,
        .events = um_random_uuid_from(ctx->pool, ctx->now - apr_time_from_sec(ctx->settings->events_keep)),
    };

    *more = 0;
    return um_store_purge(&call, &before, PURGE_BATCH, more) == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

/* Gives up mails of other sites that are a month old: no worker has looked for them. */
static apr_status_t drop_orphans(um_ctx_t *ctx, um_store_call_t *call, int *most)
{
    apr_int64_t now = um_ctx_seconds(ctx), before = now - UM_MAIL_LONGEST_AGE;
    const char *id = um_random_uuid_from(ctx->pool, apr_time_from_sec(before));
    apr_array_header_t *sites;
    apr_status_t rv = um_store_purge_sites(call, &sites);
    int count = 0;

    for (int i = 0; rv == APR_SUCCESS && i < sites->nelts; i++) {
        const char *site = APR_ARRAY_IDX(sites, i, const char *);

        if (strcmp(site, ctx->site->mail_settings->host) != 0) {
            rv = um_store_purge_orphans(call, site, now, before, id, PURGE_BATCH, &count);
            *most = count > *most ? count : *most;
        }
    }
    return rv;
}

um_status_e um_outbox_tidy(um_ctx_t *ctx, int *more)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t latest = um_ctx_seconds(ctx) + LONGEST_WAIT;
    const char *host = ctx->site->mail_settings->host;
    int orphans = 0, adopted = 0, late = 0;

    *more = 0;
    if ((ctx->site->mail_settings->sends && um_store_purge_adopt(&call, host, PURGE_BATCH, &adopted) != APR_SUCCESS)
        || um_store_purge_hurry(&call, host, um_ctx_seconds(ctx), latest, latest, PURGE_BATCH, &late) != APR_SUCCESS
        || drop_orphans(ctx, &call, &orphans) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    *more = orphans == PURGE_BATCH || adopted == PURGE_BATCH || late == PURGE_BATCH;
    return UM_OK;
}

um_status_e um_outbox_hurry(um_ctx_t *ctx, int *more)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_int64_t now = um_ctx_seconds(ctx);
    int count = 0;

    *more = 0;
    if (um_store_purge_hurry(&call, ctx->site->mail_settings->host, now, now, now + LONGEST_WAIT, PURGE_BATCH, &count)
        != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    *more = count == PURGE_BATCH;
    return UM_OK;
}
