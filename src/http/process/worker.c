/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "mail_settings.h"
#include "module.h"
#include "monotonic.h"
#include "outbox.h"
#include "process.h"
#include "transport.h"

#include <apr_strings.h>
#include <http_core.h>

/* In each call the worker checks whether it was woken. If it was, it asks the database for mails; else it does so every
 * LOOK_SECONDS, for mails of other nodes and mails that were deferred. */
#define LOOK_SECONDS 2
/* Intervals in which old rows are deleted: mails and sessions; and the rest. */
#define PURGE_SECONDS 60
#define TIDY_SECONDS 3600
/* While mails are due, deleting old rows takes at most this fraction of the time: 1 / PURGE_SHARE. */
#define PURGE_SHARE 4
/* In one call, no work is started after this time; and none for a host after its turn, if other hosts send mail. */
#define CALL_SECONDS 30
#define TURN_SECONDS 5
/* An idle connection to the mail server is closed after this time. */
#define IDLE_SECONDS 10
/* First and longest pause while the mail server is unreachable. */
#define PAUSE_SECONDS 2
#define LONGEST_PAUSE_SECONDS 60
/* At the end of a child: how long to wait for the mail that is being sent, and then for its being aborted. httpd kills
 * children that take more than 10 seconds to end. */
#define FINISH_MS 4000
#define ABORT_MS 3000

/* A clock that goes back by less than this was not set back by somebody. */
#define CLOCK_JITTER_MS 2000

/* The worker's state for one host. Each host has its own, so a failing mail server delays no other host. Times are of
 * the monotonic clock, in milliseconds; 0 is in the past. */
typedef struct host_t {
    const um_server_t *server;
    um_outbox_t outbox;         /* transport NULL: this host sends no mail */
    apr_int64_t paused_until;
    int pause;                  /* seconds; 0: the mail server answers */
    apr_int64_t idle_at;        /* when to close the connection to the mail server; 0: there is none */
    apr_int64_t next_purge, next_tidy;
    int hurries;                /* the clock was set back, so its mails are due at times that are too late */
} host_t;

static void work(apr_pool_t *pool);

static um_watchdog_t watchdog = { .name = "_usermgmt_", .work = work };

/* The worker of this process. */
static struct {
    host_t *hosts;
    int count, senders;
    apr_uint32_t wakes;         /* how often the worker had been woken at the last call */
    apr_int64_t next_look, next_purge;
    apr_int64_t ahead;          /* milliseconds by which the wall clock is ahead of the monotonic clock; 0: not known */
    int turn;                   /* index of the next host whose old rows are deleted */
} worker;

static apr_int64_t in_seconds(int seconds)
{
    return um_monotonic_ms() + (apr_int64_t)seconds * 1000;
}

static int is_time(apr_int64_t when)
{
    return um_monotonic_ms() >= when;
}

/* --- the end of a child ------------------------------------------------------------------------------------------ */

static apr_status_t finish(void *unused)
{
    (void)unused;
    if (!um_watchdog_end(&watchdog, FINISH_MS, ABORT_MS)) {
        return APR_SUCCESS;
    }
    for (int i = 0; i < worker.count; i++) {
        if (worker.hosts[i].outbox.transport) {
            um_transport_disconnect(worker.hosts[i].outbox.transport);
        }
    }
    return APR_SUCCESS;
}

void um_worker_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    int count = 0;

    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        count++;
    }
    worker.hosts = apr_pcalloc(pchild, (apr_size_t)count * sizeof(*worker.hosts));
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        if (server->site && server->settings.enabled) {
            worker.senders += server->transport != NULL;
            worker.hosts[worker.count++] = (host_t){
                .server = server,
                .outbox = { .transport = server->transport, .stop = &watchdog.stop, .cut = &watchdog.cut,
                            .timeout = (int)server->settings.mail_timeout, .clock = apr_time_now,
                            .tick = um_monotonic_ms },
            };
        }
    }
    if (um_transport_global_init(pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "UM501: libcurl could not be initialized, so this "
                     "process sends no mail");
    }
    apr_pool_pre_cleanup_register(pchild, NULL, finish);
}

/* --- log --------------------------------------------------------------------------------------------------------- */

static void log_failure(const um_server_t *server, const um_ctx_t *ctx, const char *what)
{
    ap_log_error(APLOG_MARK, ctx->is_logged ? APLOG_DEBUG : APLOG_ERR, 0, server->server, "UM502: %s: %s", what,
                 ctx->cause ? ctx->cause : "no cause given");
}

static void log_round(const um_server_t *server, const um_outbox_round_t *round)
{
    for (int i = 0; i < round->lines->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM503: %s",
                     APR_ARRAY_IDX(round->lines, i, const char *));
    }
    if (round->sent) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, server->server, "UM504: %d mails sent", round->sent);
    }
}

static void pause_while_down(host_t *host, int down)
{
    if (!down) {
        host->pause = 0;
        return;
    }
    host->pause = host->pause ? host->pause * 2 : PAUSE_SECONDS;
    if (host->pause > LONGEST_PAUSE_SECONDS) {
        host->pause = LONGEST_PAUSE_SECONDS;
    }
    host->paused_until = in_seconds(host->pause);
}

/* --- old rows ---------------------------------------------------------------------------------------------------- */

/* Deletes one batch of old rows of a host. */
static void purge(host_t *host, apr_pool_t *pool)
{
    int is_tidying = is_time(host->next_tidy), more = 0;
    um_status_e status = UM_OK;
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, host->server->site, apr_time_now());
    if (is_tidying) {
        status = um_webhook_worker_tidy(&ctx, um_outbox_tidy(&ctx, &more), &more);
        host->next_tidy = status == UM_OK && !more ? in_seconds(TIDY_SECONDS) : 0;
    }
    if (status == UM_OK) {
        int is_left;

        status = um_outbox_purge(&ctx, host->server->settings.core.mail_retention, &is_left);
        more |= is_left;
    }
    if (status != UM_OK) {
        log_failure(host->server, &ctx, "old rows could not be deleted");
    }
    host->next_purge = status == UM_OK && more ? 0 : in_seconds(PURGE_SECONDS);
}

/* Deletes one batch of the next host whose interval has passed. Whether there was one. */
static int purge_next(apr_pool_t *pool)
{
    for (int i = 0; i < worker.count && !watchdog.stop; i++) {
        host_t *host = &worker.hosts[worker.turn];

        worker.turn = (worker.turn + 1) % worker.count;
        if (is_time(host->next_purge)) {
            apr_int64_t began = um_monotonic_ms();
            apr_pool_t *batch_pool;

            apr_pool_create(&batch_pool, pool);
            purge(host, batch_pool);
            apr_pool_destroy(batch_pool);
            worker.next_purge = um_monotonic_ms() + (PURGE_SHARE - 1) * (um_monotonic_ms() - began);
            return 1;
        }
    }
    return 0;
}

/* --- mail -------------------------------------------------------------------------------------------------------- */

/* Makes mails due again that a clock which was set back has deferred, and resolves mail requests. Both are done also
 * while the mail server is unreachable. *more: whether more is due. */
static um_status_e resolve(host_t *host, apr_pool_t *pool, int *more)
{
    um_status_e status = UM_OK;
    int is_left = 0;
    um_ctx_t ctx;

    *more = 0;
    um_ctx_init(&ctx, pool, host->server->site, apr_time_now());
    if (host->hurries) {
        status = um_outbox_hurry(&ctx, &is_left);
        host->hurries = status != UM_OK || is_left;
    }
    if (status == UM_OK) {
        status = um_outbox_resolve(&ctx, &host->outbox, more);
    }
    if (status != UM_OK) {
        log_failure(host->server, &ctx, "mail requests could not be resolved");
    }
    *more |= is_left;
    return status;
}

/* Sends a batch of mails. Whether more are due. */
static int send_batch(host_t *host, apr_pool_t *pool)
{
    um_outbox_round_t round;
    um_status_e status;
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, host->server->site, apr_time_now());
    um_audit_describe_worker(&ctx, host->server);
    status = um_outbox_work(&ctx, &host->outbox, &round);
    log_round(host->server, &round);
    um_audit_write(host->server, &ctx);
    if (status != UM_OK) {
        log_failure(host->server, &ctx, "the outbox could not be processed");
    }
    if (round.sent || round.later || round.down) {
        pause_while_down(host, round.down);
        host->idle_at = in_seconds(IDLE_SECONDS);
    }
    return status == UM_OK && round.more && !round.down;
}

/* Sends mails until none is due, the mail server is unreachable, or the host's turn ends. Whether more are due. */
static int send_mails(host_t *host, apr_pool_t *pool)
{
    apr_int64_t ends = in_seconds(worker.senders > 1 ? TURN_SECONDS : CALL_SECONDS);
    apr_pool_t *round_pool;
    um_status_e status;
    int more;

    apr_pool_create(&round_pool, pool);
    do {
        apr_pool_clear(round_pool);
        status = resolve(host, round_pool, &more);
        if (status == UM_OK && is_time(host->paused_until)) {
            more |= send_batch(host, round_pool);
        }
        /* Old rows are deleted between the batches, so that a long queue of mails does not delay that. */
        if (is_time(worker.next_purge)) {
            purge_next(round_pool);
        }
    } while (status == UM_OK && more && !watchdog.stop && !is_time(ends));
    apr_pool_destroy(round_pool);
    return status == UM_OK && more;
}

/* Retries and leases are due at times of the wall clock, because all nodes share it. When it is set back, all deferred
 * mails would wait longer by the same time; so they are made due again. */
static void check_clock(void)
{
    apr_int64_t ahead = (apr_int64_t)apr_time_as_msec(apr_time_now()) - um_monotonic_ms();

    for (int i = 0; i < worker.count && worker.ahead && ahead < worker.ahead - CLOCK_JITTER_MS; i++) {
        worker.hosts[i].hurries = 1;
        worker.next_look = 0;
    }
    worker.ahead = ahead;
}

/* --- a call ------------------------------------------------------------------------------------------------------ */

/* Deletes old rows until none is left, or until the worker is woken and this has had its share of the time. */
static void purge_all(apr_pool_t *pool)
{
    apr_int64_t ends = in_seconds(CALL_SECONDS), share_ends = um_monotonic_ms() + UM_WATCHDOG_INTERVAL_MS / PURGE_SHARE;

    while (!watchdog.stop && !is_time(ends) && (um_shared_memory_wake_count() == worker.wakes || !is_time(share_ends))
           && purge_next(pool)) {
        continue;
    }
}

static void work(apr_pool_t *pool)
{
    apr_uint32_t wakes = um_shared_memory_wake_count();
    int more = 0, looks;

    check_clock();
    looks = wakes != worker.wakes || is_time(worker.next_look);
    worker.wakes = wakes;
    for (int i = 0; i < worker.count && !watchdog.stop; i++) {
        host_t *host = &worker.hosts[i];

        if (host->outbox.transport && looks) {
            more |= send_mails(host, pool);
        }
        if (host->idle_at && is_time(host->idle_at)) {
            um_transport_disconnect(host->outbox.transport);
            host->idle_at = 0;
        }
    }
    if (!more) {
        purge_all(pool);
    }
    if (looks) {
        worker.next_look = more ? 0 : in_seconds(LOOK_SECONDS);
    }
    if (!watchdog.stop) {
        um_key_reload_rotate(pool);
        um_startup_check_work(pool);
        um_hash_kinds_work(pool);
        um_email_claims_work(pool);
    }
}

/* Logged once for each host, at the start: a line for each request would fill the log, because requests for a mail get
 * the usual answer. */
static void log_hosts_without_mail(const server_rec *main_server)
{
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        if (server->settings.enabled && server->mail_settings && !server->mail_settings->sends) {
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM507: UserMgmtMail is none: a request to %s "
                         "for a mail is answered as if the mail were sent, and no mail is sent",
                         server->server->server_hostname ? server->server->server_hostname : "");
        }
    }
}

int um_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int wanted = 0;

    (void)plog;
    (void)ptemp;
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        /* A host that only verifies passwords (AuthType Basic) can do without. */
        wanted |= server->settings.enabled || server->settings.key_rotation
                  || (server->settings.signing_key && um_watchdog_is_loaded());
    }
    if (!wanted || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    log_hosts_without_mail(main_server);
    return um_watchdog_register(&watchdog, pconf, main_server);
}
