/* SPDX-License-Identifier: Apache-2.0 */
#include "revoke_all.h"

#include "event.h"
#include "random.h"
#include "store.h"
#include "store_admin.h"
#include "store_event.h"

#include <apr_strings.h>

/* Rows of a batch: a running server can write between two batches. */
#define BATCH 1000

/* What the batches work with. There may be millions of rows, so each batch has the memory of the one before. */
typedef struct work_t {
    um_store_call_t call;
    apr_int64_t now;
    const char *version;
    char last[sizeof(UM_STORE_ADMIN_FIRST_ID)];     /* the id of the last account that was changed */
} work_t;

/* Works off one batch. *count: of how many rows. */
typedef apr_status_t batch_fn(work_t *work, int *count);

static apr_status_t end_mails(work_t *work, int *count)
{
    return um_store_admin_end_mails(&work->call, work->now, BATCH, count);
}

static apr_status_t end_one_time_tokens(work_t *work, int *count)
{
    return um_store_admin_end_one_time_tokens(&work->call, BATCH, count);
}

static apr_status_t end_users(work_t *work, int *count)
{
    const char *last = work->last;
    apr_status_t rv = um_store_admin_end_users(&work->call, work->version, work->now, BATCH, &last, count);

    if (last != work->last) {
        apr_cpystrn(work->last, last, sizeof(work->last));
    }
    return rv;
}

/* *done: how many rows there were. */
static apr_status_t work_off(work_t *work, batch_fn *batch, apr_int64_t *done)
{
    apr_status_t rv;
    int count;

    do {
        apr_pool_clear(work->call.pool);
        rv = batch(work, &count);
        *done += rv == APR_SUCCESS ? count : 0;
    } while (rv == APR_SUCCESS && count == BATCH);
    return rv;
}

um_status_e um_revoke_all_run(um_ctx_t *ctx, um_revoke_all_t *done)
{
    um_store_call_t call = um_ctx_store(ctx);
    work_t work = { .call = call, .now = um_ctx_seconds(ctx), .last = UM_STORE_ADMIN_FIRST_ID };
    um_event_t *event = um_event_add(ctx, UM_EVENT_SESSIONS_ENDED, NULL);
    apr_status_t rv;

    *done = (um_revoke_all_t){ 0 };
    if (um_random_uuid(ctx->pool, ctx->now, &work.version) != APR_SUCCESS) {
        return um_ctx_failed(ctx, "the random generator failed");
    }
    /* The changes are many transactions, so the event comes first: it tells of a call that was interrupted, too. */
    event->detail = "of all accounts";
    call.event = um_event_row(ctx, event);
    rv = call.event ? um_store_event_insert(&call, call.event) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        apr_pool_create(&work.call.pool, ctx->pool);
        rv = work_off(&work, end_mails, &done->mails);
        /* Tokens of verification mails do not depend on the version of an account, so they are deleted. */
        rv = rv == APR_SUCCESS ? work_off(&work, end_one_time_tokens, &done->one_time_tokens) : rv;
        rv = rv == APR_SUCCESS ? work_off(&work, end_users, &done->users) : rv;
        call.cause = work.call.cause ? apr_pstrdup(ctx->pool, work.call.cause) : NULL;
        call.is_logged = work.call.is_logged;
        apr_pool_destroy(work.call.pool);
    }
    um_event_settle(event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
