/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <http_core.h>
#include <mod_watchdog.h>
#include <openssl/crypto.h>

#define WAIT_STEP_MS 10

typedef APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) get_fn;
typedef APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) add_fn;

/* Returns APR_SUCCESS always, because mod_watchdog never calls again after another status. It sets busy first and then
 * reads stop; the end of the child sets stop first and then reads busy. So at least one of them sees the other. */
static apr_status_t on_watchdog(int state, void *data, apr_pool_t *pool)
{
    um_watchdog_t *watchdog = data;

    atomic_store(&watchdog->busy, 1);
    if (state == AP_WATCHDOG_STATE_RUNNING && !watchdog->stop) {
        watchdog->work(pool);
        /* At the end of a thread OpenSSL frees what it keeps for it, and so does its handler of exit(). mod_watchdog
         * does not wait for this thread before exit(), so both could free the same at the same time. */
        OPENSSL_thread_stop();
    }
    atomic_store(&watchdog->busy, 0);
    return APR_SUCCESS;
}

int um_watchdog_is_loaded(void)
{
    return APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance)
           && APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
}

int um_watchdog_register(um_watchdog_t *watchdog, apr_pool_t *pconf, const server_rec *main_server)
{
    get_fn *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    add_fn *add = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *instance;

    if (!get || !add) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "UM505: mod_watchdog, which runs the worker (mail, "
                     "old rows, keys), is not loaded: add LoadModule watchdog_module");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (get(&instance, watchdog->name, 0, 1, pconf) != APR_SUCCESS
        || add(instance, apr_time_from_msec(UM_WATCHDOG_INTERVAL_MS), watchdog, on_watchdog) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main_server, "UM506: mod_watchdog did not accept the worker %s; "
                     "see its own lines in this log", watchdog->name);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int await_end(um_watchdog_t *watchdog, int milliseconds)
{
    for (int i = 0; i < milliseconds / WAIT_STEP_MS && atomic_load(&watchdog->busy); i++) {
        apr_sleep(apr_time_from_msec(WAIT_STEP_MS));
    }
    return !atomic_load(&watchdog->busy);
}

int um_watchdog_end(um_watchdog_t *watchdog, int finish_ms, int cut_ms)
{
    atomic_store(&watchdog->stop, 1);
    if (await_end(watchdog, finish_ms)) {
        return 1;
    }
    atomic_store(&watchdog->cut, 1);
    return await_end(watchdog, cut_ms);
}
