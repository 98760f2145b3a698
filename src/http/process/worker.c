/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "outbox.h"
#include "process.h"

#include <apr_strings.h>
#include <http_core.h>
#include <mod_watchdog.h>

#define WATCHDOG "_usermgmt_"
/* How often the bell is listened to; the database is asked when it rang, and every so often for what other nodes and
 * delays have left. */
#define LISTEN_MS 100
#define LOOK_SECONDS 2
#define PURGE_SECONDS 60
#define TIDY_SECONDS 3600
/* While there are mails to be sent, clearing up may take one part in so many of the time. */
#define PURGE_SHARE 4
/* No work is begun after this in one call; nor for a host after its turn, where there are others. */
#define CALL_SECONDS 30
#define TURN_SECONDS 5
/* A kept connection to the mail server is let go after this. */
#define REST_SECONDS 10
/* While the mail server is away: first and longest pause. */
#define PAUSE_SECONDS 2
#define LONGEST_PAUSE_SECONDS 60
/* How long the end of a child waits for the message under way, and then for its being broken off. httpd kills children
 * that take more than 10 seconds to end. */
#define FINISH_MS 4000
#define CUT_MS 3000
#define WAIT_STEP_MS 10

/* A clock that goes back by less is not taken for one that was set. */
#define CLOCK_JITTER_MS 2000

/* A host's part in it: what is wrong with one mail server is nothing to the others. Whatever is waited for is a time of
 * the monotonic clock, in milliseconds; 0 has passed. */
typedef struct host_t {
    const um_server_t *server;
    um_outbox_t outbox;         /* transport NULL: it sends no mail */
    apr_int64_t paused_until;
    int pause;                  /* seconds, 0 while the mail server answers */
    apr_int64_t rest_at;        /* 0: nothing is kept open */
    apr_int64_t next_purge, next_tidy;
    int hurries;                /* the clock was set back: its mails wait for times of before */
} host_t;

/* The worker of this process. The end of a child and the watchdog's thread see stop and busy in one order. */
static struct {
    host_t *hosts;
    int count, senders;
    atomic_int stop, cut, busy; /* busy: inside a call */
    apr_uint32_t rings;         /* as last heard */
    apr_int64_t next_look, next_purge;
    apr_int64_t ahead;          /* ms: the wall clock to the monotonic one; 0 at first */
    int turn;                   /* of the host that clears up next */
} worker;

static apr_int64_t in_seconds(int seconds)
{
    return um_monotonic_ms() + (apr_int64_t)seconds * 1000;
}

static int is_time(apr_int64_t when)
{
    return um_monotonic_ms() >= when;
}

/* --- the end of a child --- */

static int await_idle(int milliseconds)
{
    for (int i = 0; i < milliseconds / WAIT_STEP_MS && atomic_load(&worker.busy); i++) {
        apr_sleep(apr_time_from_msec(WAIT_STEP_MS));
    }
    return !atomic_load(&worker.busy);
}

static apr_status_t finish(void *unused)
{
    (void)unused;
    atomic_store(&worker.stop, 1);
    if (!await_idle(FINISH_MS)) {
        atomic_store(&worker.cut, 1);
        if (!await_idle(CUT_MS)) {
            return APR_SUCCESS;
        }
    }
    for (int i = 0; i < worker.count; i++) {
        if (worker.hosts[i].outbox.transport) {
            um_transport_disconnect(worker.hosts[i].outbox.transport);
        }
    }
    return APR_SUCCESS;
}

static int has_work(const server_rec *s)
{
    return um_server_is_own(s) && um_server_of(s)->site && um_server_of(s)->settings.enabled;
}

void um_worker_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    int count = 0;

    for (server_rec *s = main_server; s; s = s->next) {
        count += has_work(s);
    }
    worker.hosts = apr_pcalloc(pchild, (apr_size_t)(count + 1) * sizeof(*worker.hosts));
    for (server_rec *s = main_server; s; s = s->next) {
        if (has_work(s)) {
            const um_server_t *server = um_server_of(s);

            worker.senders += server->transport != NULL;
            worker.hosts[worker.count++] = (host_t){
                .server = server,
                .outbox = { .transport = server->transport, .stop = &worker.stop, .cut = &worker.cut,
                            .timeout = (int)server->settings.mail_timeout, .clock = apr_time_now,
                            .tick = um_monotonic_ms },
            };
        }
    }
    if (um_transport_global_init(pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "UM501: libcurl cannot be used, no mail is sent from here");
    }
    apr_pool_pre_cleanup_register(pchild, NULL, finish);
}

/* --- the work --- */

static void tell(const um_server_t *server, const um_ctx_t *ctx, const char *what)
{
    ap_log_error(APLOG_MARK, ctx->known ? APLOG_DEBUG : APLOG_ERR, 0, server->server, "UM502: %s: %s", what,
                 ctx->cause ? ctx->cause : "no cause given");
}

static void tell_round(const um_server_t *server, const um_outbox_round_t *round)
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

/* --- clearing up --- */

/* One batch of a host. */
static void purge(host_t *host, apr_pool_t *pool)
{
    int is_tidying = is_time(host->next_tidy), more = 0;
    um_status_e status = UM_OK;
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, host->server->site, apr_time_now());
    if (is_tidying) {
        status = um_outbox_tidy(&ctx, &more);
        host->next_tidy = status == UM_OK && !more ? in_seconds(TIDY_SECONDS) : 0;
    }
    if (status == UM_OK) {
        int is_left;

        status = um_outbox_purge(&ctx, host->server->settings.core.mail_retention, &is_left);
        more |= is_left;
    }
    if (status != UM_OK) {
        tell(host->server, &ctx, "old rows could not be cleared up");
    }
    host->next_purge = status == UM_OK && more ? 0 : in_seconds(PURGE_SECONDS);
}

/* One batch of the next host that has something to clear up. Whether there was one. */
static int purge_next(apr_pool_t *pool)
{
    for (int i = 0; i < worker.count && !worker.stop; i++) {
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

/* --- mail --- */

/* What a clock that was set back has put off, and requests: also while the mail server is away. */
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
        tell(host->server, &ctx, "requests for mail could not be worked off");
    }
    *more |= is_left;
    return status;
}

/* A batch of mails. Whether more is due. */
static int send_batch(host_t *host, apr_pool_t *pool)
{
    um_outbox_round_t round;
    um_status_e status;
    um_ctx_t ctx;

    um_ctx_init(&ctx, pool, host->server->site, apr_time_now());
    status = um_outbox_work(&ctx, &host->outbox, &round);
    tell_round(host->server, &round);
    if (status != UM_OK) {
        tell(host->server, &ctx, "mail could not be worked off");
    }
    if (round.sent || round.later || round.down) {
        pause_while_down(host, round.down);
        host->rest_at = in_seconds(REST_SECONDS);
    }
    return status == UM_OK && round.more && !round.down;
}

/* Until nothing is due, the mail server is away, or it is time for others. Whether more is due. */
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
        /* Beside mails that wait: neither keeps the other from going on. */
        if (is_time(worker.next_purge)) {
            purge_next(round_pool);
        }
    } while (status == UM_OK && more && !worker.stop && !is_time(ends));
    apr_pool_destroy(round_pool);
    return status == UM_OK && more;
}

static void rest_when_idle(host_t *host)
{
    if (host->rest_at && is_time(host->rest_at)) {
        um_transport_disconnect(host->outbox.transport);
        host->rest_at = 0;
    }
}

/* Retries and leases are due at times of the wall clock, for all nodes can read that. When it is set back, all that was
 * put off would wait for so much longer. */
static void look_at_clock(void)
{
    apr_int64_t ahead = (apr_int64_t)apr_time_as_msec(apr_time_now()) - um_monotonic_ms();

    for (int i = 0; i < worker.count && worker.ahead && ahead < worker.ahead - CLOCK_JITTER_MS; i++) {
        worker.hosts[i].hurries = 1;
        worker.next_look = 0;
    }
    worker.ahead = ahead;
}

/* --- all of it --- */

/* Until there is nothing left, or a bell has rung and this had its share of the time. */
static void purge_all(apr_pool_t *pool)
{
    apr_int64_t ends = in_seconds(CALL_SECONDS), share_ends = um_monotonic_ms() + LISTEN_MS / PURGE_SHARE;

    while (!worker.stop && !is_time(ends) && (um_shared_memory_wake_count() == worker.rings || !is_time(share_ends))
           && purge_next(pool)) {
        continue;
    }
}

static void work(apr_pool_t *pool)
{
    apr_uint32_t rings = um_shared_memory_wake_count();
    int more = 0, looks;

    look_at_clock();
    looks = rings != worker.rings || is_time(worker.next_look);
    worker.rings = rings;
    for (int i = 0; i < worker.count && !worker.stop; i++) {
        host_t *host = &worker.hosts[i];

        if (host->outbox.transport && looks) {
            more |= send_mails(host, pool);
        }
        rest_when_idle(host);
    }
    if (!more) {
        purge_all(pool);
    }
    if (looks) {
        worker.next_look = more ? 0 : in_seconds(LOOK_SECONDS);
    }
    if (!worker.stop) {
        um_key_reload_rotate(pool);
        um_startup_check_work(pool);
    }
}

/* Never anything but success: mod_watchdog would not call again. Busy is set first and stop asked then, the end of the
 * child does it the other way round: so one of them sees the other. */
static apr_status_t on_watchdog(int state, void *unused, apr_pool_t *pool)
{
    (void)unused;
    atomic_store(&worker.busy, 1);
    if (state == AP_WATCHDOG_STATE_RUNNING && !worker.stop) {
        work(pool);
    }
    atomic_store(&worker.busy, 0);
    return APR_SUCCESS;
}

/* Once: requests for a mail are answered as anywhere, and each of them would be a line. */
static void tell_who_sends_none(const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        const um_server_t *server = um_server_of(s);

        if (um_server_is_own(s) && server->settings.enabled && server->mail_settings && !server->mail_settings->sends) {
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "UM507: UserMgmtMail is none: who asks %s for a mail is "
                         "answered as if it were sent, and none is", s->server_hostname ? s->server_hostname : "");
        }
    }
}

int um_worker_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *enrol
        = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    int wanted = 0;

    (void)plog;
    (void)ptemp;
    for (server_rec *s = main_server; s; s = s->next) {
        wanted |= um_server_of(s)->settings.enabled || um_server_of(s)->settings.key_rotation;
    }
    if (!wanted || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    tell_who_sends_none(main_server);
    if (!get || !enrol) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "UM505: mail is sent and old rows are cleared up by "
                     "mod_watchdog, which is not loaded: add LoadModule watchdog_module");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (get(&watchdog, WATCHDOG, 0, 1, pconf) != APR_SUCCESS
        || enrol(watchdog, apr_time_from_msec(LISTEN_MS), NULL, on_watchdog) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "UM506: mod_watchdog does not take our work");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
