/* SPDX-License-Identifier: Apache-2.0 */
#include "endall.h"

#include "random.h"
#include "store.h"
#include "store_end.h"

/* Rows of a batch: a server that runs can write in between. */
#define BATCH 1000

/* Tokens of verification mails do not depend on the version of an account, so they are deleted. */
static apr_status_t end_batch(um_store_call_t *call, apr_int64_t now, int is_mails, int *count)
{
    return is_mails ? um_store_end_mails(call, now, BATCH, count) : um_store_end_one_time_tokens(call, BATCH, count);
}

um_status_e um_endall_run(um_ctx_t *ctx, um_endall_t *done)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *version, *last = UM_STORE_END_FIRST;
    int count = BATCH;

    *done = (um_endall_t){ 0 };
    if (um_random_uuid(ctx->pool, ctx->now, &version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    for (int is_mails = 1; is_mails >= 0; is_mails--) {
        for (count = BATCH; count == BATCH; *(is_mails ? &done->mails : &done->one_time_tokens) += count) {
            if (end_batch(&call, um_ctx_seconds(ctx), is_mails, &count) != APR_SUCCESS) {
                return um_ctx_unavailable(ctx, &call);
            }
        }
    }
    for (count = BATCH; count == BATCH; done->users += count) {
        if (um_store_end_users(&call, version, um_ctx_seconds(ctx), BATCH, &last, &count) != APR_SUCCESS) {
            return um_ctx_unavailable(ctx, &call);
        }
    }
    return UM_OK;
}
