/* SPDX-License-Identifier: Apache-2.0 */
#include "ctx.h"
#include "email_claim.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"

#include <http_main.h>

/* In each call of the worker, so that mails do not wait for a pass over millions of accounts. */
#define SHARE_MS 25

static void log_found(const um_server_t *server, const um_email_claim_pass_t *pass)
{
    if (pass->shared) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM131: %" APR_INT64_T_FMT " accounts share their "
                     "e-mail address with another account, so nobody can sign in with it (UserMgmtLogin), such as %s; "
                     "give each an address of its own", pass->shared, pass->shared_id);
    }
    if (pass->hiding && server->settings.core.login == UM_LOGIN_BOTH) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server->server, "UM132: %" APR_INT64_T_FMT " accounts have the "
                     "e-mail address of another account as their name, such as %s; the owner of the address cannot "
                     "sign in with it (UserMgmtLogin), because a name comes before an address", pass->hiding,
                     pass->hiding_id);
    }
}

/* Whether more accounts are left. */
static int look_on(um_server_t *server, apr_pool_t *pool)
{
    um_email_claim_pass_t *pass = server->email_claims;
    apr_pool_t *subpool;
    um_ctx_t ctx;
    int more, was_done = pass->is_done;

    apr_pool_create(&subpool, pool);
    um_ctx_init(&ctx, subpool, server->site, apr_time_now());
    more = um_email_claim_scan(&ctx, pass);
    apr_pool_destroy(subpool);
    if (pass->is_done && !was_done) {
        log_found(server, pass);
    }
    return more;
}

void um_email_claims_work(apr_pool_t *pool)
{
    apr_int64_t ends = um_monotonic_ms() + SHARE_MS;

    for (um_server_t *server = um_server_of(ap_server_conf); server; server = um_server_next(server)) {
        while (server->site && server->settings.core.login != UM_LOGIN_USERNAME && look_on(server, pool)
               && um_monotonic_ms() < ends) {
            continue;
        }
    }
}
