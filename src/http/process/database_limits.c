/* SPDX-License-Identifier: Apache-2.0 */
#include "database_limits.h"

#include <ap_mpm.h>

/* Three quarters of the child's threads, so that others go on serving what needs no database; and the worker's thread,
 * which is none of them. */
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
    um_database_limits_t *guard = apr_pcalloc(pchild, sizeof(*guard));
    int is_wanted = 0;

    guard->total.most = (apr_uint32_t)most_threads();
    guard->limits = apr_hash_make(pchild);
    for (server_rec *s = main_server; s; s = s->next) {
        const um_server_t *server = um_server_of(s);

        is_wanted |= server->keys && server->database && server->dialect == UM_DIALECT_PGSQL;
    }
    /* SQLite has no server to wait for: its calls end by themselves. */
    if (is_wanted && um_call_timeout_start(pchild, &guard->call_timeout) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server, "UM111: no thread can be started to end database calls "
                     "that take too long: UserMgmtDatabaseTimeout has no effect in this process");
    }
    return guard;
}

um_guard_t um_database_limits_for(um_database_limits_t *guard, apr_pool_t *pchild, const um_server_t *server)
{
    um_guard_t made = { .call_timeout = guard->call_timeout,
                        .timeout = (apr_uint32_t)(server->settings.database_timeout * 1000) };
    int most = (int)guard->total.most;

    /* mod_dbd has one pool of connections for hosts with the same driver and parameters. */
    made.limit = apr_hash_get(guard->limits, server->database, APR_HASH_KEY_STRING);
    if (!made.limit) {
        made.limit = um_thread_limit_create(pchild, &guard->total, server->dbd_max < most ? server->dbd_max : most);
        apr_hash_set(guard->limits, server->database, APR_HASH_KEY_STRING, made.limit);
    }
    return made;
}
