/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "ctx.h"
#include "log_limit.h"
#include "module.h"
#include "throttle.h"

#include <apr_network_io.h>
#include <http_log.h>

static int is_exempt(const request_rec *r)
{
    const apr_array_header_t *subnets = um_server_of(r->server)->settings.throttle_exempt;

    for (int i = 0; i < subnets->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(subnets, i, apr_ipsubnet_t *), r->useragent_addr)) {
            return 1;
        }
    }
    return 0;
}

void um_client_address_set(const request_rec *r, um_ctx_t *ctx)
{
    um_throttle_client_t *client = apr_palloc(ctx->pool, sizeof(*client));

    ctx->address = r->useragent_ip;
    ctx->throttle_client = !is_exempt(r) && um_throttle_client_parse(ctx->pool, r->useragent_ip, client) ? client
                                                                                                         : NULL;
}

void um_client_address_log_throttled(request_rec *r, const um_ctx_t *ctx)
{
    int is_first = !ctx->is_logged && um_log_limit_allows(ctx->site->throttle_log);

    ap_log_rerror(APLOG_MARK, is_first ? APLOG_NOTICE : APLOG_DEBUG, 0, r, "UM304: throttled: client %s, %s; answered "
                  "429 for %" APR_INT64_T_FMT " seconds", r->useragent_ip, ctx->cause, ctx->retry_after);
}
