/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include "ctx.h"
#include "module.h"
#include "process.h"
#include "store.h"
#include "store_user.h"

#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

#define HANDLER "usermgmt-ready"
#define NOBODY "00000000-0000-0000-0000-000000000000"

/* Reads a row that does not exist, so the database is asked each time and the answer tells nothing about accounts. */
static int is_ready(request_rec *r, const um_site_t *site)
{
    um_ctx_t ctx;
    um_store_call_t call;
    um_user_t *user = NULL;

    if (!site) {
        return 0;
    }
    um_ctx_init(&ctx, r->pool, site, apr_time_now());
    call = um_ctx_store(&ctx);
    if (um_store_user_by_id(&call, NOBODY, &user) == APR_SUCCESS) {
        return 1;
    }
    if (!call.is_logged) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "UM305: not ready: %s", call.cause);
    }
    return 0;
}

int um_ready_begin(request_rec *r)
{
    um_request_id_send(r);
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    return OK;
}

int um_ready_handler(request_rec *r)
{
    int ready, status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    status = um_ready_begin(r);
    if (status != OK) {
        return status;
    }
    ready = is_ready(r, um_server_of(r->server)->site);
    r->status = ready ? HTTP_OK : HTTP_SERVICE_UNAVAILABLE;
    ap_set_content_type(r, "text/plain");
    ap_rputs(ready ? "ready\n" : "not ready\n", r);
    return OK;
}
