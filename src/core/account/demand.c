/* SPDX-License-Identifier: Apache-2.0 */
#include "demand.h"

#include "store.h"
#include "store_user.h"

apr_status_t um_demand_check(um_ctx_t *ctx, um_tx_t *tx, int *is_unmet)
{
    int matches = 1;
    apr_status_t rv = ctx->demand ? um_store_user_match(tx, ctx->pool, ctx->demand->shown,
                                                        ctx->demand->unmodified_since,
                                                        &matches) : APR_SUCCESS;

    *is_unmet = rv == APR_SUCCESS && !matches;
    return *is_unmet ? UM_STORE_ROLLED_BACK : rv;
}

um_status_e um_demand_unmet(um_ctx_t *ctx, const char *id)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_user_t *user;

    if (um_store_user_by_id(&call, id, &user) != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    return user ? UM_PRECONDITION : UM_ABSENT;
}
