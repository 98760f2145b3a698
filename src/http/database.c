/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "shared.h"

#include <apr_dbd.h>
#include <mod_dbd.h>

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

/* One lock for all hosts: SQLite's own locking is right without it, but makes writers of different processes sleep in
 * steps of 0.1 s, during which the driver keeps their process's other connections waiting. */
static apr_status_t lock(void *baton)
{
    (void)baton;
    return apr_global_mutex_lock(um_shared_writers());
}

static void unlock(void *baton)
{
    (void)baton;
    apr_global_mutex_unlock(um_shared_writers());
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
