/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <apr_dbd.h>
#include <apr_global_mutex.h>
#include <mod_dbd.h>
#include <util_mutex.h>

#define MUTEX_TYPE "usermgmt-sqlite"

#if APR_HAS_PROC_PTHREAD_SERIALIZE
#define MUTEX_MECHANISM APR_LOCK_PROC_PTHREAD   /* robust: a killed holder shuts nobody out */
#else
#define MUTEX_MECHANISM APR_LOCK_DEFAULT
#endif

/* One for all hosts: SQLite's own locking is right without it, but makes writers of different processes sleep in steps
 * of 0.1 s, during which the driver keeps their process's other connections waiting. */
static apr_global_mutex_t *writers;

apr_status_t um_database_pre_config(apr_pool_t *pconf)
{
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, MUTEX_MECHANISM, 0);
}

apr_status_t um_database_create(apr_pool_t *pconf, server_rec *main_server)
{
    writers = NULL;
    for (server_rec *s = main_server; s; s = s->next) {
        const um_server_t *server = um_server_of(s);

        if (server->keys && server->dialect == UM_DIALECT_SQLITE3) {
            return ap_global_mutex_create(&writers, NULL, MUTEX_TYPE, NULL, main_server, pconf, 0);
        }
    }
    return APR_SUCCESS;
}

void um_database_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t rv;

    if (!writers) {
        return;
    }
    rv = apr_global_mutex_child_init(&writers, apr_global_mutex_lockfile(writers), pchild);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, main_server, "UM103: the mutex of SQLite's writers cannot be reached");
    }
}

/* --- the lender --- */

static apr_status_t borrow(void *baton, apr_pool_t *pool, um_dbconn_t *conn)
{
    server_rec *server = baton;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    ap_dbd_t *dbd = open_connection ? open_connection(pool, server) : NULL;

    if (!dbd) {
        return APR_EGENERAL;
    }
    *conn = (um_dbconn_t){ dbd->driver, dbd->handle, dbd->prepared, dbd->pool, dbd,
                           UM_MEMORY_NONE };
    return APR_SUCCESS;
}

static void give_back(void *baton, um_dbconn_t *conn)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close_connection = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);

    close_connection(baton, conn->lender);
}

static apr_status_t lock(void *baton)
{
    (void)baton;
    return apr_global_mutex_lock(writers);
}

static void unlock(void *baton)
{
    (void)baton;
    apr_global_mutex_unlock(writers);
}

um_store_t *um_database_store(apr_pool_t *pchild, const um_server_t *server)
{
    um_lender_t lender = { .baton = server->server, .borrow = borrow, .give_back = give_back };

    if (server->dialect == UM_DIALECT_SQLITE3) {
        lender.lock = lock;
        lender.unlock = unlock;
    }
    return um_store_create(pchild, server->dialect, &lender, server->settings.prepared_statements);
}
