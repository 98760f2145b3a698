/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include "outbox.h"
#include "shared.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <http_core.h>
#include <mod_watchdog.h>

#define WATCHDOG "_usermgmt_"
/* How often the bell is listened to; the database is asked when it rang, and every so often for what other nodes and
 * delays have left. */
#define LISTEN_MS 100
#define LOOK_SECONDS 2
#define PURGE_SECONDS 60
/* No work is begun after this in one call. */
#define CALL_SECONDS 30
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

/* The worker of this process. */
static struct {
    server_rec *main_server;
    volatile int stop, cut;
    apr_uint32_t busy;          /* atomic: inside a call */
    apr_uint32_t rings;         /* as last heard */
    apr_time_t next_look, next_purge, rest_at;
    apr_time_t paused_until;
    int pause;                  /* seconds, 0 while the mail server answers */
} worker;

/* --- the end of a child --- */

static int await_idle(int milliseconds)
{
    for (int i = 0; i < milliseconds / WAIT_STEP_MS && apr_atomic_read32(&worker.busy); i++) {
        apr_sleep(apr_time_from_msec(WAIT_STEP_MS));
    }
    return !apr_atomic_read32(&worker.busy);
}

static apr_status_t finish(void *unused)
{
    (void)unused;
    worker.stop = 1;
    if (!await_idle(FINISH_MS)) {
        worker.cut = 1;
        if (!await_idle(CUT_MS)) {
            return APR_SUCCESS;
        }
    }
    for (server_rec *s = worker.main_server; s; s = s->next) {
        if (um_server_is_own(s) && um_server_of(s)->transport) {
            um_transport_rest(um_server_of(s)->transport);
        }
    }
    return APR_SUCCESS;
}

void um_worker_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    worker.main_server = main_server;
    if (um_transport_global_init(pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "UM501: libcurl cannot be used, no mail is sent from here");
    }
    apr_pool_pre_cleanup_register(pchild, NULL, finish);
}

/* --- the work --- */

static void tell(const um_server_t *server, const um_cx_t *cx, const char *what)
{
    ap_log_error(APLOG_MARK, cx->known ? APLOG_DEBUG : APLOG_ERR, 0, server->server, "UM502: %s: %s", what,
                 cx->cause ? cx->cause : "no cause given");
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

static void pause_while_down(int down)
{
    if (!down) {
        worker.pause = 0;
        return;
    }
    worker.pause = worker.pause ? worker.pause * 2 : PAUSE_SECONDS;
    if (worker.pause > LONGEST_PAUSE_SECONDS) {
        worker.pause = LONGEST_PAUSE_SECONDS;
    }
    worker.paused_until = apr_time_now() + apr_time_from_sec(worker.pause);
}

/* Rounds until nothing is due, the mail server is away, or it is time to go. */
static void send_mails(const um_server_t *server, apr_pool_t *pool, apr_time_t ends)
{
    um_outbox_t outbox = { server->transport, &worker.stop, &worker.cut, (int)server->settings.mail_timeout,
                           apr_time_now };
    um_outbox_round_t round;
    apr_pool_t *round_pool;
    um_status_e status;
    um_cx_t cx;

    apr_pool_create(&round_pool, pool);
    do {
        apr_pool_clear(round_pool);
        um_cx_init(&cx, round_pool, server->site, apr_time_now());
        status = um_outbox_work(&cx, &outbox, &round);
        tell_round(server, &round);
        if (status != UM_OK) {
            tell(server, &cx, "mail could not be worked off");
        }
        if (round.sent || round.later || round.down) {
            pause_while_down(round.down);
            worker.rest_at = apr_time_now() + apr_time_from_sec(REST_SECONDS);
        }
    } while (status == UM_OK && round.more && !round.down && !worker.stop && apr_time_now() < ends);
    apr_pool_destroy(round_pool);
}

static void purge(const um_server_t *server, apr_pool_t *pool)
{
    um_status_e status = UM_OK;
    int more = 1;

    while (status == UM_OK && more && !worker.stop) {
        um_cx_t cx;

        um_cx_init(&cx, pool, server->site, apr_time_now());
        status = um_outbox_purge(&cx, server->settings.mail_keep, &more);
        if (status != UM_OK) {
            tell(server, &cx, "old rows could not be cleared up");
        }
    }
}

static void rest_when_idle(const um_server_t *server, apr_time_t now)
{
    if (worker.rest_at && now >= worker.rest_at) {
        um_transport_rest(server->transport);
    }
}

static void work(apr_pool_t *pool)
{
    apr_time_t now = apr_time_now();
    apr_uint32_t rings = um_shared_rings();
    int looks = rings != worker.rings || now >= worker.next_look;
    int purges = now >= worker.next_purge;

    worker.rings = rings;
    for (server_rec *s = worker.main_server; s && !worker.stop; s = s->next) {
        const um_server_t *server = um_server_of(s);

        if (!um_server_is_own(s) || !server->site || !server->settings.enabled) {
            continue;
        }
        if (server->transport && looks && now >= worker.paused_until) {
            send_mails(server, pool, now + apr_time_from_sec(CALL_SECONDS));
        }
        if (server->transport) {
            rest_when_idle(server, now);
        }
        if (purges) {
            purge(server, pool);
        }
    }
    if (looks) {
        worker.next_look = now + apr_time_from_sec(LOOK_SECONDS);
    }
    if (purges) {
        worker.next_purge = now + apr_time_from_sec(PURGE_SECONDS);
    }
    if (worker.rest_at && now >= worker.rest_at) {
        worker.rest_at = 0;
    }
}

/* Never anything but success: mod_watchdog would not call again. Busy is set first and stop asked then, the end of the
 * child does it the other way round: so one of them sees the other. */
static apr_status_t on_watchdog(int state, void *unused, apr_pool_t *pool)
{
    (void)unused;
    apr_atomic_set32(&worker.busy, 1);
    if (state == AP_WATCHDOG_STATE_RUNNING && !worker.stop && worker.main_server) {
        work(pool);
    }
    apr_atomic_set32(&worker.busy, 0);
    return APR_SUCCESS;
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
        wanted |= um_server_of(s)->settings.enabled;
    }
    if (!wanted || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
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
