/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "schema.h"
#include "store.h"
#include "store_admin.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <http_main.h>
#include <string.h>
#include <strings.h>

#define RETRY_MS 2000
/* The interval in which the issuers in use are recorded. */
#define RECORD_SECONDS 3600

/* --- connections ------------------------------------------------------------------------------------------------- */

/* The most connections that all children can open. A child opens no more than it has threads: those for requests and
 * the worker's. */
static apr_int64_t most_connections(const um_server_t *server)
{
    int children = 0, threads = 0;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children) != APR_SUCCESS
        || ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS) {
        return 0;
    }
    threads = threads < 1 ? 1 : threads;
    return (apr_int64_t)children * (server->dbd_max < threads + 1 ? server->dbd_max : threads + 1);
}

/* Not checked without prepared statements, because then there is a pooler, which has limits of its own. */
static apr_status_t check_connections(const um_server_t *server, um_store_call_t *call)
{
    apr_int64_t all = most_connections(server), most = 0;
    apr_status_t rv;

    if (server->sqlite_file || !server->settings.prepared_statements) {
        return APR_SUCCESS;
    }
    rv = um_store_admin_connections(call, &most);
    if (rv == APR_SUCCESS && all > most) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM126: ServerLimit times DBDMax is %"
                     APR_INT64_T_FMT " connections, and PostgreSQL has %" APR_INT64_T_FMT " for all its clients: when "
                     "they are used up, requests are answered 503. Lower DBDMax or ServerLimit, or raise "
                     "max_connections", all, most);
    }
    return rv;
}

/* --- the schema -------------------------------------------------------------------------------------------------- */

static apr_status_t check_schema(const um_server_t *server, um_store_call_t *call)
{
    um_schema_state_t state;
    apr_status_t rv = um_schema_look(call, &state);

    if (rv == APR_SUCCESS && state.unknown->nelts) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM127: the database has steps of the schema from a "
                     "newer version of the module, which this version works with: %s",
                     apr_array_pstrcat(call->pool, state.unknown, ' '));
    }
    return rv;
}

/* --- issuers ----------------------------------------------------------------------------------------------------- */

/* Whether a host of this httpd issues tokens with this issuer for the same accounts. */
static int is_in_use(const um_server_t *server, const char *issuer)
{
    for (const um_server_t *other = um_server_of(ap_server_conf); other; other = um_server_next(other)) {
        if (other->site && other->settings.enabled && other->issuer
            && strcmp(other->issuer, issuer) == 0 && strcmp(other->database, server->database) == 0) {
            return 1;
        }
    }
    return 0;
}

static void log_changed(const um_server_t *server, const char *before, const char *remark)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM222: tokens that were issued as %s%s are refused, "
                 "because the issuer is %s now. Clients with a refresh token get new ones; others have to sign in "
                 "again. To accept the former tokens: UserMgmtIssuer %s", before, remark, server->issuer, before);
}

/* Earlier versions used the main server's name, and recorded no issuers. */
static void check_earlier_version(const um_server_t *server, apr_pool_t *pool)
{
    const char *before = apr_pstrcat(pool, "https://", ap_server_conf->server_hostname, NULL);

    if (strcasecmp(server->settings.issuer, "auto") == 0 && strcmp(before, server->issuer) != 0) {
        log_changed(server, before, ", as an earlier version of this module did,");
    }
}

static apr_status_t check_issuers(const um_server_t *server, um_store_call_t *call, apr_int64_t now)
{
    apr_int64_t since = now - server->settings.core.token_lifetime - RECORD_SECONDS;
    apr_array_header_t *issuers;
    int has_sessions;

    if (um_store_admin_has_sessions(call, now, &has_sessions) != APR_SUCCESS
        || um_store_admin_issuers(call, &issuers) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (has_sessions && !issuers->nelts) {
        check_earlier_version(server, call->pool);
    }
    for (int i = 0; i < issuers->nelts && has_sessions; i++) {
        const um_store_issuer_t *used = &APR_ARRAY_IDX(issuers, i, um_store_issuer_t);

        if (used->used_at > since && !is_in_use(server, used->issuer)) {
            log_changed(server, used->issuer, "");
        }
    }
    return APR_SUCCESS;
}

/* --- all checks -------------------------------------------------------------------------------------------------- */

static void check(um_server_t *server, apr_pool_t *pool, apr_uint32_t tick)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    um_store_call_t call = { .store = server->site->store, .pool = pool };
    int is_due = !server->checked_at || tick - server->checked_at > RECORD_SECONDS * 1000u
                 || (!server->is_checked && tick - server->checked_at > RETRY_MS);

    if (!is_due) {
        return;
    }
    server->checked_at = tick;
    if ((!server->is_checked
         && (check_schema(server, &call) != APR_SUCCESS || check_connections(server, &call) != APR_SUCCESS
             || check_issuers(server, &call, now) != APR_SUCCESS))
        || um_store_admin_issuer_used(&call, server->issuer, now) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, call.is_logged ? APLOG_DEBUG : APLOG_INFO, 0, server->server, "UM128: the checks "
                     "of the start could not ask the database, and are tried again: %s",
                     call.cause ? call.cause : "no cause given");
        return;
    }
    server->is_checked = 1;
}

void um_startup_check_work(apr_pool_t *pool)
{
    apr_uint32_t tick = um_monotonic_tick();

    for (um_server_t *server = um_server_of(ap_server_conf); server; server = um_server_next(server)) {
        if (server->site && server->settings.enabled) {
            apr_pool_t *subpool;

            apr_pool_create(&subpool, pool);
            check(server, subpool, tick);
            apr_pool_destroy(subpool);
        }
    }
}
