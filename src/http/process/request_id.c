/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"
#include "process.h"

#include <http_core.h>

const char *um_request_id_of(request_rec *r)
{
    request_rec *first = r;

    while (first->prev || first->main) {
        first = first->prev ? first->prev : first->main;
    }
    /* mod_unique_id, where it is loaded, gives the id that it has set as UNIQUE_ID. */
    if (!r->log_id && !first->log_id) {
        ap_run_generate_log_id(first->connection, first, &first->log_id);
    }
    /* The access log has that of r. */
    if (!r->log_id) {
        r->log_id = first->log_id;
    }
    return r->log_id;
}

void um_request_id_send(request_rec *r)
{
    const char *id = um_request_id_of(r);

    if (id) {
        apr_table_setn(r->err_headers_out, "X-Request-Id", id);
    }
}
