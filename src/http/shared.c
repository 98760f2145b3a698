/* SPDX-License-Identifier: Apache-2.0 */
#include "shared.h"

#include "conftree.h"
#include "gate.h"
#include "known.h"
#include "server.h"

#include <apr_atomic.h>
#include <apr_shm.h>
#include <http_core.h>
#include <util_mutex.h>

/* Another layout of the memory must have another name: the old one may still be there. */
#define RETAINED "mod_usermgmt.shared.3"

#define MUTEX_TYPE "usermgmt-sqlite"

#if APR_HAS_PROC_PTHREAD_SERIALIZE
#define MUTEX_MECHANISM APR_LOCK_PROC_PTHREAD   /* robust: a killed holder shuts nobody out */
#else
#define MUTEX_MECHANISM APR_LOCK_DEFAULT
#endif

/* What lies in the memory. The gate comes behind it. */
typedef struct layout_t {
    apr_uint32_t rings;
    apr_uint32_t unused[15];    /* so that ringing does not disturb the gate's cache line */
} layout_t;

typedef struct retained_t {
    apr_shm_t *segment;
    apr_shm_t *known;
    apr_global_mutex_t *writers;
} retained_t;

apr_status_t um_shared_pre_config(apr_pool_t *pconf)
{
    return ap_mutex_register(pconf, MUTEX_TYPE, NULL, MUTEX_MECHANISM, 0);
}

/* In the process's pool: what lies in pconf is gone with each restart, while old children still count on it. Fresh
 * memory of this kind is zero, and not touched before it is used. */
static apr_status_t make_segment(server_rec *main_server, apr_size_t size, const char *what, apr_shm_t **segment)
{
    apr_status_t rv = apr_shm_create(segment, size, NULL, main_server->process->pool);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM102: no shared memory of %" APR_SIZE_T_FMT
                     " bytes for %s", size, what);
        *segment = NULL;
    }
    return rv;
}

static apr_status_t make_known(server_rec *main_server, retained_t *retained)
{
    apr_size_t size = um_known_size((apr_size_t)um_server_of(main_server)->settings.session_cache);
    apr_status_t rv = make_segment(main_server, size, "callers seen lately (UserMgmtSessionCache)", &retained->known);

    if (rv == APR_SUCCESS && (rv = um_known_init(apr_shm_baseaddr_get(retained->known), size)) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM104: the memory of callers seen lately cannot be "
                     "laid out");
    }
    return rv;
}

/* "Mutex file:... default" is written for mutexes that are held for long. A file has no timed lock, so writers would
 * sleep in steps; only a line that names our mutex changes it. */
static apr_status_t make_writers(server_rec *main_server, apr_global_mutex_t **writers)
{
    apr_pool_t *pool = main_server->process->pool;

    if (MUTEX_MECHANISM != APR_LOCK_DEFAULT && !um_conftree_mutex(MUTEX_TYPE)
        && apr_global_mutex_create(writers, NULL, MUTEX_MECHANISM, pool) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    return ap_global_mutex_create(writers, NULL, MUTEX_TYPE, NULL, main_server, pool, 0);
}

apr_status_t um_shared_create(server_rec *main_server)
{
    retained_t *retained = ap_retained_data_get(RETAINED);
    apr_status_t rv;

    if (retained && retained->segment) {
        return APR_SUCCESS;
    }
    retained = ap_retained_data_create(RETAINED, sizeof(*retained));
    rv = make_segment(main_server, sizeof(layout_t) + um_gate_size(), "the bound on password hashing",
                      &retained->segment);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    um_gate_init(um_shared_gate());
    rv = make_known(main_server, retained);
    return rv == APR_SUCCESS ? make_writers(main_server, &retained->writers) : rv;
}

void um_shared_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    retained_t *retained = ap_retained_data_get(RETAINED);
    apr_status_t rv = apr_global_mutex_child_init(&retained->writers, apr_global_mutex_lockfile(retained->writers),
                                                  pchild);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, main_server, "UM103: the mutex of SQLite's writers cannot be reached");
    }
}

apr_global_mutex_t *um_shared_writers(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return retained->writers;
}

static layout_t *layout(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return apr_shm_baseaddr_get(retained->segment);
}

void um_shared_ring(void)
{
    apr_atomic_inc32(&layout()->rings);
}

apr_uint32_t um_shared_rings(void)
{
    return apr_atomic_read32(&layout()->rings);
}

void *um_shared_gate(void)
{
    return layout() + 1;
}

void *um_shared_known(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return apr_shm_baseaddr_get(retained->known);
}
