/* SPDX-License-Identifier: Apache-2.0 */
#include "store_admin.h"

#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_admin.h"
#include "webhook_list.h"

#include <pthread.h>

/* However often the metrics are read, and by however many: a process asks its database once in this time. */
#define KEEP_MS 15000
#define DAY 86400

struct um_overview_cache_t {
    pthread_mutex_t mutex;
    um_overview_t overview;
    um_webhook_counts_t webhooks;
    apr_int64_t at;             /* um_monotonic_ms of the last look; 0: none yet */
    int is_known, is_up;
};

um_overview_cache_t *um_overview_create(apr_pool_t *pchild)
{
    um_overview_cache_t *cache = apr_pcalloc(pchild, sizeof(*cache));

    pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

static void ask_overview(const um_server_t *server, apr_pool_t *pool)
{
    um_overview_cache_t *cache = server->overview;
    um_webhook_counts_t webhooks = { 0 };
    um_overview_t overview;
    um_ctx_t ctx;
    um_store_call_t call;
    apr_int64_t since;
    int is_up;

    um_ctx_init(&ctx, pool, server->site, apr_time_now());
    call = um_ctx_store(&ctx);
    since = um_ctx_seconds(&ctx) - DAY;
    is_up = um_store_overview(&call, um_ctx_seconds(&ctx), since, &overview) == APR_SUCCESS;
    if (is_up && ctx.site->webhooks->count) {
        is_up = um_store_webhook_counts(&call, um_ctx_seconds(&ctx), since, &webhooks) == APR_SUCCESS
                && um_webhook_admin_disabled(&ctx, &webhooks.disabled) == UM_OK;
    }
    pthread_mutex_lock(&cache->mutex);
    cache->is_up = cache->is_known = is_up;
    cache->overview = overview;
    cache->webhooks = webhooks;
    pthread_mutex_unlock(&cache->mutex);
}

int um_overview_of(const um_server_t *server, apr_pool_t *pool, um_overview_t *overview, int *is_up)
{
    um_overview_cache_t *cache = server->overview;
    apr_int64_t now = um_monotonic_ms();
    int is_time, is_known;

    pthread_mutex_lock(&cache->mutex);
    is_time = !cache->at || now - cache->at >= KEEP_MS;
    if (is_time) {
        cache->at = now;
    }
    pthread_mutex_unlock(&cache->mutex);
    if (is_time) {
        ask_overview(server, pool);
    }
    pthread_mutex_lock(&cache->mutex);
    *overview = cache->overview;
    *is_up = cache->is_up;
    is_known = cache->is_known;
    pthread_mutex_unlock(&cache->mutex);
    return is_known;
}

int um_overview_webhooks(const um_server_t *server, um_webhook_counts_t *counts)
{
    um_overview_cache_t *cache = server->overview;
    int is_known;

    pthread_mutex_lock(&cache->mutex);
    *counts = cache->webhooks;
    is_known = cache->is_known;
    pthread_mutex_unlock(&cache->mutex);
    return is_known;
}
