/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"
#include "schema.h"
#include "store.h"
#include "store_start.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <http_main.h>
#include <string.h>
#include <strings.h>

#define TRY_MS 2000
#define NOTE_SECONDS 3600

/* --- connections --- */

/* More than there are threads none takes: the requests' and the worker's. */
static apr_int64_t connections_of_all(const um_server_t *server)
{
    int children = 0, threads = 0;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children) != APR_SUCCESS
        || ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS) {
        return 0;
    }
    threads = threads < 1 ? 1 : threads;
    return (apr_int64_t)children * (server->dbd_max < threads + 1 ? server->dbd_max : threads + 1);
}

/* A pooler in between has limits of its own. */
static apr_status_t look_at_connections(const um_server_t *server, um_store_call_t *call)
{
    apr_int64_t all = connections_of_all(server), most = 0;
    apr_status_t rv;

    if (server->file || !server->settings.prepared_statements) {
        return APR_SUCCESS;
    }
    rv = um_store_start_connections(call, &most);
    if (rv == APR_SUCCESS && all > most) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM126: ServerLimit times DBDMax is %"
                     APR_INT64_T_FMT " connections, and PostgreSQL has %" APR_INT64_T_FMT " for all its clients: when "
                     "they are used up, requests are answered 503. Lower DBDMax or ServerLimit, or raise "
                     "max_connections", all, most);
    }
    return rv;
}

/* --- the schema --- */

static apr_status_t look_at_schema(const um_server_t *server, um_store_call_t *call)
{
    um_schema_state_t state;
    apr_status_t rv = um_schema_look(call, &state);

    if (rv == APR_SUCCESS && state.unknown->nelts) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server->server, "UM127: the database has steps of the schema that "
                     "this version does not know, and works with: %s",
                     apr_array_pstrcat(call->pool, state.unknown, ' '));
    }
    return rv;
}

/* --- issuers --- */

/* Whether a host of this httpd issues tokens so, for the same accounts. */
static int is_in_use(const um_server_t *server, const char *issuer)
{
    for (const server_rec *s = ap_server_conf; s; s = s->next) {
        const um_server_t *other = um_server_of(s);

        if (um_server_is_own(s) && other->site && other->settings.enabled && other->issuer
            && strcmp(other->issuer, issuer) == 0 && strcmp(other->database, server->database) == 0) {
            return 1;
        }
    }
    return 0;
}

static void tell_changed(const um_server_t *server, const char *before, const char *how_known)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM222: tokens that were issued as %s%s are refused, "
                 "for the issuer is %s now. Clients renew them by their refresh tokens, others sign in again. To have "
                 "the tokens accepted: UserMgmtIssuer %s", before, how_known, server->issuer, before);
}

/* Earlier versions took the main server's name, and noted nothing. */
static void tell_of_earlier_version(const um_server_t *server, apr_pool_t *pool)
{
    const char *before = apr_pstrcat(pool, "https://", ap_server_conf->server_hostname, NULL);

    if (strcasecmp(server->settings.issuer, "auto") == 0 && strcmp(before, server->issuer) != 0) {
        tell_changed(server, before, ", as an earlier version of this module did,");
    }
}

static apr_status_t look_at_issuers(const um_server_t *server, um_store_call_t *call, apr_int64_t now)
{
    apr_int64_t since = now - server->settings.core.token_lifetime - NOTE_SECONDS;
    apr_array_header_t *issuers;
    int has_sessions;

    if (um_store_start_has_sessions(call, now, &has_sessions) != APR_SUCCESS
        || um_store_start_issuers(call, &issuers) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (has_sessions && !issuers->nelts) {
        tell_of_earlier_version(server, call->pool);
    }
    for (int i = 0; i < issuers->nelts && has_sessions; i++) {
        const um_store_issuer_t *known = &APR_ARRAY_IDX(issuers, i, um_store_issuer_t);

        if (known->used_at > since && !is_in_use(server, known->issuer)) {
            tell_changed(server, known->issuer, "");
        }
    }
    return APR_SUCCESS;
}

/* --- all of it --- */

static void look(um_server_t *server, apr_pool_t *pool, apr_uint32_t tick)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    um_store_call_t call = { .store = server->site->store, .pool = pool };
    int is_due = !server->looked_at || tick - server->looked_at > NOTE_SECONDS * 1000u
                 || (!server->is_looked_at && tick - server->looked_at > TRY_MS);

    if (!is_due) {
        return;
    }
    server->looked_at = tick;
    if ((!server->is_looked_at
         && (look_at_schema(server, &call) != APR_SUCCESS || look_at_connections(server, &call) != APR_SUCCESS
             || look_at_issuers(server, &call, now) != APR_SUCCESS))
        || um_store_start_issuer_used(&call, server->issuer, now) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, call.is_logged ? APLOG_DEBUG : APLOG_INFO, 0, server->server, "UM128: the database "
                     "could not be asked what belongs to the start, which is tried again: %s",
                     call.cause ? call.cause : "no cause given");
        return;
    }
    server->is_looked_at = 1;
}

void um_startup_check_work(apr_pool_t *pool)
{
    apr_uint32_t tick = um_monotonic_tick();

    for (server_rec *s = ap_server_conf; s; s = s->next) {
        um_server_t *server = um_server_of(s);

        if (um_server_is_own(s) && server->site && server->settings.enabled) {
            apr_pool_t *subpool;

            apr_pool_create(&subpool, pool);
            look(server, subpool, tick);
            apr_pool_destroy(subpool);
        }
    }
}
