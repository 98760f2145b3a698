/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "module.h"
#include "monotonic.h"
#include "password.h"
#include "process.h"

#include <http_main.h>

/* In each call of the worker, so that mails do not wait for a pass over millions of accounts. */
#define SHARE_MS 25

/* Whether more accounts are left. */
static int look_at_some(um_server_t *server, apr_pool_t *pool)
{
    apr_pool_t *subpool;
    um_ctx_t ctx;
    int more;

    apr_pool_create(&subpool, pool);
    um_ctx_init(&ctx, subpool, server->site, apr_time_now());
    more = um_password_kinds_scan(&ctx, server->kinds_pass);
    apr_pool_destroy(subpool);
    return more;
}

void um_hash_kinds_work(apr_pool_t *pool)
{
    apr_int64_t ends = um_monotonic_ms() + SHARE_MS;

    for (um_server_t *server = um_server_of(ap_server_conf); server; server = um_server_next(server)) {
        while (server->site && look_at_some(server, pool) && um_monotonic_ms() < ends) {
            continue;
        }
    }
}
