/* SPDX-License-Identifier: Apache-2.0 */
#include "call_timeout.h"
#include "module.h"
#include "process.h"
#include "store.h"
#include "thread_limit.h"

#include <ap_mpm.h>
#include <apr_hash.h>

struct um_database_limits_t {
    um_call_timeout_t *call_timeout;    /* NULL: no host uses PostgreSQL, or no thread could be started */
    um_thread_limit_total_t total;
    apr_hash_t *limits;                 /* um_thread_limit_t by um_server_t's database */
};

/* Three quarters of the child's threads, so that the others can serve what needs no database; and the worker's thread,
 * which is not one of them. */
static int most_threads(void)
{
    int threads = 0;

    if (ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) != APR_SUCCESS || threads < 2) {
        threads = 2;
    }
    return threads * 3 / 4 + 1;
}

um_database_limits_t *um_database_limits_create(apr_pool_t *pchild, server_rec *main_server)
{
    um_database_limits_t *limits = apr_pcalloc(pchild, sizeof(*limits));
    int is_wanted = 0;

    limits->total.most = (apr_uint32_t)most_threads();
    limits->limits = apr_hash_make(pchild);
    for (const um_server_t *server = um_server_of(main_server); server; server = um_server_next(server)) {
        is_wanted |= server->keys && server->database && !server->sqlite_file;
    }
    /* SQLite has no server to wait for: its calls end by themselves. */
    if (is_wanted && um_call_timeout_start(pchild, &limits->call_timeout) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "UM111: the thread that ends late database calls could "
                     "not be started: UserMgmtDatabaseTimeout has no effect in this process. Check the limits of "
                     "processes and memory");
    }
    return limits;
}

um_guard_t um_database_limits_for(um_database_limits_t *limits, apr_pool_t *pchild, const um_server_t *server)
{
    um_guard_t guard = { .call_timeout = limits->call_timeout,
                         .timeout = (apr_uint32_t)(server->settings.database_timeout * 1000) };
    int most = (int)limits->total.most;

    /* mod_dbd has one pool of connections for all hosts with the same driver and parameters. */
    guard.limit = apr_hash_get(limits->limits, server->database, APR_HASH_KEY_STRING);
    if (!guard.limit) {
        guard.limit = um_thread_limit_create(pchild, &limits->total, server->dbd_max < most ? server->dbd_max : most);
        apr_hash_set(limits->limits, server->database, APR_HASH_KEY_STRING, guard.limit);
    }
    return guard;
}
