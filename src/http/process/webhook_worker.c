/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "webhook_list.h"
#include "webhook_outbox.h"
#include "webhook_send.h"

#include <apr_strings.h>
#include <http_core.h>

/* A call ends after this time, while requests are under way; the next one goes on. */
#define CALL_MS 1000
#define TURN_MS 100
/* At the end of a child: how long to wait for requests that are under way, and then for the worker to release what it
 * has claimed. The worker of mails takes its time, too, and httpd kills children that take more than 10 seconds. */
#define FINISH_MS 1500
#define RELEASE_MS 1000
/* Connections to receivers are closed after this time without a delivery. */
#define IDLE_MS 10000

typedef struct host_t {
    const um_server_t *server;
    um_webhook_outbox_t *outbox;
    um_webhook_send_t *send;
    apr_int64_t idle_at;        /* when to close the connections; 0: there are none */
} host_t;

static void work_webhooks(apr_pool_t *pool);

static um_watchdog_t watchdog = { .name = "_usermgmt_webhooks_", .work = work_webhooks };

/* The worker of this process. */
static struct {
    host_t *hosts;
    int count;
    apr_uint32_t wakes;         /* how often the workers had been woken at the last look */
} worker;

/* --- the end of a child ------------------------------------------------------------------------------------------ */

/* Breaks off what a call has left under way, which is released for other processes. */
static void release_claims(apr_pool_t *pool)
{
    for (int i = 0; i < worker.count; i++) {
        um_ctx_t ctx;

        if (!um_webhook_outbox_is_idle(worker.hosts[i].outbox)) {
            um_ctx_init(&ctx, pool, worker.hosts[i].server->site, apr_time_now());
            (void)um_webhook_outbox_abort(worker.hosts[i].outbox, &ctx);
        }
    }
}

/* A call that runs sees stop, and releases what is left itself. Otherwise it is done here. */
static apr_status_t finish_webhooks(void *data)
{
    apr_pool_t *pool;

    if (um_watchdog_end(&watchdog, FINISH_MS, RELEASE_MS)) {
        apr_pool_create(&pool, data);
        release_claims(pool);
        apr_pool_destroy(pool);
    }
    return APR_SUCCESS;
}

/* A pool with memory of its own: pchild's is not locked, and the thread of the worker is not the only one. */
static apr_pool_t *make_pool(apr_pool_t *pchild)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    apr_allocator_create(&allocator);
    apr_pool_create_ex(&pool, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, pool);
    return pool;
}

static void add_host(apr_pool_t *pool, const um_server_t *server)
{
    const um_webhook_send_options_t options = { server->settings.webhook_ca_file,
                                                (int)server->settings.webhook_timeout, server->settings.webhook_allow };
    um_webhook_outbox_options_t how = { .timeout = options.timeout, .clock = apr_time_now, .tick = um_monotonic_ms };
    host_t host = { .server = server };

    if (um_webhook_send_open(pool, &options, &host.send) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM508: libcurl could not be used, so this process "
                     "sends no webhooks");
        return;
    }
    how.send = host.send;
    host.outbox = um_webhook_outbox_create(pool, server->site, &how);
    worker.hosts[worker.count++] = host;
}

static int has_webhooks(const um_server_t *server)
{
    return server->settings.enabled && server->webhooks && server->webhooks->count;
}

void um_webhook_worker_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_pool_t *pool;
    int count = 0;

    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        count += server->site && has_webhooks(server);
    }
    if (!count) {
        return;
    }
    pool = make_pool(pchild);
    worker.hosts = apr_pcalloc(pool, (apr_size_t)count * sizeof(*worker.hosts));
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        if (server->site && has_webhooks(server)) {
            add_host(pool, server);
        }
    }
    apr_pool_pre_cleanup_register(pchild, pool, finish_webhooks);
}

/* --- a call ------------------------------------------------------------------------------------------------------ */

static void log_webhooks(const um_server_t *server, const um_webhook_round_t *round)
{
    for (int i = 0; i < round->lines->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM509: %s",
                     APR_ARRAY_IDX(round->lines, i, const char *));
    }
    for (int i = 0; i < round->disabled->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM513: %s has answered 410 Gone, so no more webhooks "
                     "are stored for it or sent to it. Remove its line of UserMgmtWebhook, or: usermgmt webhook enable "
                     "URL",
                     APR_ARRAY_IDX(round->disabled, i, const char *));
    }
    if (round->delivered) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, server->server, "UM510: %d webhooks delivered", round->delivered);
    }
}

static void work_host(host_t *host, apr_pool_t *pool, int looks)
{
    const um_server_t *server = host->server;
    um_webhook_round_t round;
    um_status_e status;
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, server->site, apr_time_now());
    um_audit_describe_worker(&ctx, server);
    status = um_webhook_outbox_work(host->outbox, &ctx, looks, TURN_MS, &round);
    log_webhooks(server, &round);
    um_audit_write(server, &ctx);
    if (status != UM_OK) {
        ap_log_error(APLOG_MARK, ctx.is_logged ? APLOG_DEBUG : APLOG_ERR, 0, server->server, "UM511: webhooks could "
                     "not be processed: %s", ctx.cause ? ctx.cause : "no cause given");
    }
    if (!um_webhook_outbox_is_idle(host->outbox)) {
        host->idle_at = um_monotonic_ms() + IDLE_MS;
    }
    else if (host->idle_at && um_monotonic_ms() >= host->idle_at) {
        um_webhook_send_disconnect(host->send);
        host->idle_at = 0;
    }
}

/* Whether anything is under way. */
static int work_hosts(apr_pool_t *pool)
{
    apr_uint32_t wakes = um_shared_memory_wake_count();
    int looks = wakes != worker.wakes, is_busy = 0;
    apr_pool_t *turn;

    worker.wakes = wakes;
    apr_pool_create(&turn, pool);
    for (int i = 0; i < worker.count; i++) {
        if (watchdog.stop) {
            um_webhook_outbox_stop(worker.hosts[i].outbox);
        }
        work_host(&worker.hosts[i], turn, looks);
        is_busy |= !um_webhook_outbox_is_idle(worker.hosts[i].outbox);
        apr_pool_clear(turn);
    }
    apr_pool_destroy(turn);
    return is_busy;
}

static void work_webhooks(apr_pool_t *pool)
{
    apr_int64_t ends = um_monotonic_ms() + CALL_MS;

    while (work_hosts(pool) && !watchdog.cut && (watchdog.stop || um_monotonic_ms() < ends)) {
        continue;
    }
}

/* --- for the other worker, and the start -------------------------------------------------------------------------- */

int um_webhook_worker_tidy(um_ctx_t *ctx, int status, int *more)
{
    int is_left = 0;

    if (status == UM_OK) {
        status = (int)um_webhook_tidy(ctx, &is_left);
        *more |= is_left;
    }
    return status;
}

int um_webhook_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int wanted = 0;

    (void)plog;
    (void)ptemp;
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        wanted |= has_webhooks(server);
    }
    return wanted && ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG
           ? um_watchdog_register(&watchdog, pconf, main_server) : OK;
}
