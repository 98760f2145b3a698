/* SPDX-License-Identifier: Apache-2.0 */
#include "shared.h"

#include "gate.h"
#include "server.h"

#include <apr_shm.h>
#include <http_core.h>

#define RETAINED "mod_usermgmt.shared"

typedef struct retained_t {
    apr_shm_t *segment;
} retained_t;

apr_status_t um_shared_create(server_rec *main_server)
{
    retained_t *retained = ap_retained_data_get(RETAINED);
    apr_status_t rv;

    if (retained && retained->segment) {
        return APR_SUCCESS;
    }
    retained = ap_retained_data_create(RETAINED, sizeof(*retained));
    /* The process's pool: what lies in pconf is gone with each restart, while old children still count on it. */
    rv = apr_shm_create(&retained->segment, um_gate_size(), NULL, main_server->process->pool);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server, "UM102: no shared memory of %" APR_SIZE_T_FMT
                     " bytes for the bound on password hashing", um_gate_size());
        retained->segment = NULL;
        return rv;
    }
    um_gate_init(apr_shm_baseaddr_get(retained->segment));
    return APR_SUCCESS;
}

void *um_shared_gate(void)
{
    retained_t *retained = ap_retained_data_get(RETAINED);

    return apr_shm_baseaddr_get(retained->segment);
}
