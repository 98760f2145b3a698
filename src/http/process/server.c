/* SPDX-License-Identifier: Apache-2.0 */
#include "caller_cache.h"
#include "concurrency_limit.h"
#include "ctx.h"
#include "email_claim.h"
#include "log_limit.h"
#include "module.h"
#include "opaque_token.h"
#include "password.h"
#include "process.h"
#include "schema.h"
#include "signature_cache.h"
#include "single_flight.h"
#include "store.h"
#include "throttle.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_core.h>
#include <strings.h>
#include <unistd.h>

/* Size of the cache of verified signatures of a child, 64 bytes each. */
#define CACHED_SIGNATURES 16384

int um_server_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    return um_shared_memory_pre_config(pconf) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

int um_server_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int wanted = 0;

    (void)pconf;
    (void)plog;
    (void)ptemp;
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        wanted |= server->keys != NULL;
    }
    if (!wanted || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    return um_shared_memory_create(main_server) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

/* --- sites -------------------------------------------------------------------------------------------------------- */

/* What the sites of a process share: a site without the parts of its own, and the limits of their databases. */
typedef struct common_t {
    um_site_t site;
    um_database_limits_t *database_limits;
} common_t;

/* At most half of the threads of this process, or half of prefork's processes, hash passwords or wait for it. The
 * others are left for other requests. When all threads of a child are busy, httpd's event MPM also closes kept-alive
 * connections, even while a request arrives on them. */
static um_concurrency_limit_t *make_hash_limit(apr_pool_t *pchild, const um_settings_t *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int concurrency = settings->hash_concurrency ? (int)settings->hash_concurrency
                      : cores < 1 ? 1 : cores > 64 ? 64 : (int)cores;
    int queue = (int)settings->hash_queue, threads = 0, processes = 0;
    um_concurrency_limit_t *hash_limit;

    if (ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS || threads < 2) {
        threads = 0;
        if (ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &processes) == APR_SUCCESS && processes / 2 < queue + concurrency) {
            queue = processes / 2 > concurrency ? processes / 2 - concurrency : 0;
        }
    }
    hash_limit = um_concurrency_limit_attach(pchild, um_shared_memory_hash_limit(), concurrency, queue);
    um_concurrency_limit_threads(hash_limit, threads / 2);
    return hash_limit;
}

static void make_common(apr_pool_t *pchild, server_rec *main_server, common_t *common)
{
    um_site_t *site = &common->site;

    site->hash_limit = make_hash_limit(pchild, &um_server_of(main_server)->settings);
    site->caller_cache = um_caller_cache_attach(pchild, um_shared_memory_caller_cache(),
                                                um_shared_memory_caller_cache_size());
    site->hash_limit_log = apr_pcalloc(pchild, sizeof(*site->hash_limit_log));
    site->throttle = um_throttle_attach(pchild, um_shared_memory_throttle(), um_shared_memory_throttle_size());
    site->throttle_log = apr_pcalloc(pchild, sizeof(*site->throttle_log));
    site->counters = um_shared_memory_counters(pchild);
    site->database_log = apr_pcalloc(pchild, sizeof(*site->database_log));
    if (um_signature_cache_create(pchild, CACHED_SIGNATURES, &site->signatures) != APR_SUCCESS) {
        site->signatures = NULL;
    }
    if (um_single_flight_create(pchild, &site->single_flight) != APR_SUCCESS) {
        site->single_flight = NULL;
    }
    common->database_limits = um_database_limits_create(pchild, main_server);
    um_shared_memory_child_init(pchild, main_server);
}

static um_site_t *make_site(apr_pool_t *pchild, um_server_t *server, const common_t *common)
{
    um_site_t *site = apr_pmemdup(pchild, &common->site, sizeof(*site));

    site->settings = &server->settings.core;
    site->store = um_database_store(pchild, server, um_database_limits_for(common->database_limits, pchild, server),
                                    site->counters);
    site->keys = server->keys;
    site->common_passwords = server->common_passwords;
    site->reserved = server->reserved;
    server->overview = um_overview_create(pchild);
    server->email_claims = apr_pcalloc(pchild, sizeof(*server->email_claims));
    site->opaque_tokens = apr_pcalloc(pchild, sizeof(*site->opaque_tokens));
    server->kinds_pass = apr_pcalloc(pchild, sizeof(*server->kinds_pass));
    site->pepper = server->pepper;
    site->clients = server->clients;
    site->mail_settings = server->mail_settings;
    site->webhooks = server->webhooks;
    /* No token is issued with an empty issuer, so none is accepted. */
    site->issuer = server->issuer ? server->issuer : "";
    site->audience = strcasecmp(server->settings.audience, "auto") == 0 ? site->issuer : server->settings.audience;
    um_caller_cache_set_scope(site, server->database);
    um_throttle_set_scope(site, server->database);
    site->password_kinds = um_password_kinds_of(pchild, um_shared_memory_password_kinds(), site->throttle_scope);
    return site;
}

static void log_if_not_ready(apr_pool_t *pchild, const um_server_t *server)
{
    um_store_call_t call = { .store = server->site->store };
    um_schema_state_t state = { 0 };

    apr_pool_create(&call.pool, pchild);
    if (um_store_ready(&call) != APR_SUCCESS && !call.is_logged) {
        const char *cause = call.cause;

        if (um_schema_look(&call, &state) == APR_SUCCESS && state.wrong_column) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM129: the database does not fit this version, and "
                         "requests are answered 503 until it does: %s", state.wrong_column);
        }
        else {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server->server, "UM101: the database is not ready, and requests are "
                         "answered 503 until it is: %s", cause);
        }
    }
    apr_pool_destroy(call.pool);
}

void um_server_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    common_t common = { 0 };

    for (um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        if (!server->keys || !server->database) {
            continue;
        }
        if (!common.database_limits) {
            make_common(pchild, main_server, &common);
        }
        server->site = make_site(pchild, server, &common);
        log_if_not_ready(pchild, server);
    }
}
