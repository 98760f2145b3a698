/* SPDX-License-Identifier: Apache-2.0 */
#include "revoke_all.h"

#include "event.h"
#include "random.h"
#include "store.h"
#include "store_admin.h"
#include "store_event.h"

/* Rows of a batch: a running server can write between two batches. */
#define BATCH 1000

um_status_e um_revoke_all_run(um_ctx_t *ctx, um_revoke_all_t *done)
{
    um_store_call_t call = um_ctx_store(ctx);
    const char *version, *last = UM_STORE_ADMIN_FIRST_ID;
    apr_int64_t now = um_ctx_seconds(ctx);
    um_event_t *event = um_event_add(ctx, UM_EVENT_SESSIONS_ENDED, NULL);
    apr_status_t rv = APR_SUCCESS;
    int count;

    *done = (um_revoke_all_t){ 0 };
    if (um_random_uuid(ctx->pool, ctx->now, &version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    /* The changes are many transactions, so the event comes first: it tells of a call that was interrupted, too. */
    event->detail = "of all accounts";
    call.event = um_event_row(ctx, event);
    rv = call.event ? um_store_event_insert(&call, call.event) : APR_SUCCESS;
    /* Tokens of verification mails do not depend on the version of an account, so they are deleted. */
    for (count = BATCH; rv == APR_SUCCESS && count == BATCH; done->mails += rv == APR_SUCCESS ? count : 0) {
        rv = um_store_admin_end_mails(&call, now, BATCH, &count);
    }
    for (count = BATCH; rv == APR_SUCCESS && count == BATCH; done->one_time_tokens += rv == APR_SUCCESS ? count : 0) {
        rv = um_store_admin_end_one_time_tokens(&call, BATCH, &count);
    }
    for (count = BATCH; rv == APR_SUCCESS && count == BATCH; done->users += rv == APR_SUCCESS ? count : 0) {
        rv = um_store_admin_end_users(&call, version, now, BATCH, &last, &count);
    }
    um_event_settle(event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
