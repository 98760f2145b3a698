/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"
#include "module.h"
#include "process.h"
#include "store.h"
#include "store_request.h"

#include <apr_dbd.h>
#include <mod_dbd.h>

#define LOCK_WAIT_MS 2000
#define LONGEST_STEP_MS 50

/* The functions of um_connection_pool_t, whose baton is the um_server_t. */

static const char *trouble(void *baton)
{
    const um_server_t *server = baton;

    return um_sqlite_file_trouble(server->sqlite_file, server->server, 0);
}

/* Whether a SQLite connection has the watched file open. A connection that was opened after the file was replaced, and
 * before that was noticed, has another file open until it is closed. The result is cached with the connection. */
static int has_watched_file(const um_server_t *server, const ap_dbd_t *dbd)
{
    static const char key[] = "um.file", yes[] = "yes", no[] = "no";
    const char *cached = apr_hash_get(dbd->prepared, key, APR_HASH_KEY_STRING);

    if (!cached) {
        cached = um_sqlite_file_trouble(server->sqlite_file, server->server, 1) ? no : yes;
        apr_hash_set(dbd->prepared, key, APR_HASH_KEY_STRING, cached);
    }
    return cached == yes;
}

static apr_status_t acquire(void *baton, apr_pool_t *pool, um_dbconn_t *conn)
{
    const um_server_t *server = baton;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    ap_dbd_t *dbd = open_connection ? open_connection(pool, server->dbd) : NULL;

    if (dbd && server->sqlite_file && !has_watched_file(server, dbd)) {
        close_connection(server->dbd, dbd);
        dbd = NULL;
    }
    if (!dbd) {
        return APR_EGENERAL;
    }
    *conn = (um_dbconn_t){ .driver = dbd->driver, .handle = dbd->handle, .prepared = dbd->prepared, .pool = dbd->pool,
                           .record = dbd };
    return APR_SUCCESS;
}

static void release(void *baton, um_dbconn_t *conn)
{
    const um_server_t *server = baton;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);

    close_connection(server->dbd, conn->record);
}

/* The same for an APR without timed locks. */
static apr_status_t lock_by_steps(apr_global_mutex_t *writers)
{
    apr_status_t rv = apr_global_mutex_trylock(writers);

    for (int waited = 0, step = 1; APR_STATUS_IS_EBUSY(rv) && waited < LOCK_WAIT_MS; waited += step) {
        step = step * 2 < LONGEST_STEP_MS ? step * 2 : LONGEST_STEP_MS;
        apr_sleep(apr_time_from_msec(step));
        rv = apr_global_mutex_trylock(writers);
    }
    return APR_STATUS_IS_EBUSY(rv) ? APR_TIMEUP : rv;
}

/* SQLite's own locking is correct without this mutex, but writers of different processes would sleep in steps of 0.1 s.
 * All hosts share one mutex. The wait is limited, because the holder may be waiting for another program. */
static apr_status_t lock(void *baton)
{
    apr_global_mutex_t *writers = um_shared_memory_sqlite_mutex();
    apr_status_t rv = apr_global_mutex_timedlock(writers, apr_time_from_msec(LOCK_WAIT_MS));

    (void)baton;
    return APR_STATUS_IS_ENOTIMPL(rv) ? lock_by_steps(writers) : rv;
}

static void unlock(void *baton)
{
    (void)baton;
    apr_global_mutex_unlock(um_shared_memory_sqlite_mutex());
}

um_store_t *um_database_store(apr_pool_t *pchild, um_server_t *server, um_guard_t guard, um_counters_t *counters)
{
    um_dialect_e dialect = server->sqlite_file ? UM_DIALECT_SQLITE3 : UM_DIALECT_PGSQL;
    um_store_t *store;
    um_connection_pool_t connections = { .baton = server, .acquire = acquire, .release = release, .guard = guard };

    connections.meter = (um_store_meter_t){
        .counters = counters, .calls = UM_METRIC_STORE_CALLS, .retries = UM_METRIC_STORE_RETRIES,
        .failures = UM_METRIC_STORE_FAILURES, .in_use = UM_METRIC_CONNECTIONS,
        .waiting = UM_METRIC_CONNECTION_WAITING,
    };

    if (server->sqlite_file) {
        connections.trouble = trouble;
        connections.lock = lock;
        connections.unlock = unlock;
    }
    store = um_store_create(pchild, dialect, &connections, server->settings.prepared_statements);
    if (!um_virtual_host_manages_database(server)) {
        um_store_keep_schema(store);
    }
    um_store_request_batch(pchild, store);
    return store;
}
