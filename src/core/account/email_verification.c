/* SPDX-License-Identifier: Apache-2.0 */
#include "email_verification.h"

#include "email_change.h"
#include "event.h"
#include "mail_kind.h"
#include "notification.h"
#include "one_time_token.h"
#include "store.h"
#include "store_one_time_token.h"

um_status_e um_email_verification_request(um_ctx_t *ctx, const char *email)
{
    um_status_e status;

    if (um_notification_verification(ctx) == UM_VERIFY_OFF) {
        return UM_ABSENT;
    }
    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    status = um_notification_request(ctx, UM_MAIL_KIND_VERIFY, email);
    um_notification_asked(ctx, UM_EVENT_VERIFICATION_ASKED, email, status);
    return status;
}

typedef struct taking_t {
    um_ctx_t *ctx;
    const char *hash;
    um_event_t *event;
} taking_t;

static apr_status_t take_rows(um_tx_t *tx, void *baton)
{
    taking_t *taking = baton;
    int done = 0;
    apr_status_t rv = um_store_one_time_token_verify(tx, taking->ctx->pool, taking->hash, um_ctx_seconds(taking->ctx),
                                                     &taking->event->user_id, &done);

    if (rv == APR_SUCCESS && !done) {
        return UM_STORE_ROLLED_BACK;
    }
    return rv == APR_SUCCESS ? um_event_insert(tx, taking->ctx, taking->event) : rv;
}

um_status_e um_email_verification_confirm(um_ctx_t *ctx, const char *token)
{
    um_store_call_t call = um_ctx_store(ctx);
    taking_t taking = { .ctx = ctx };
    apr_status_t rv;
    um_status_e status;

    if (ctx->errors->nelts) {
        return UM_INVALID;
    }
    taking.hash = um_one_time_token_hash(ctx, token);
    taking.event = um_event_failed(ctx, UM_EVENT_EMAIL_VERIFIED, NULL, UM_REASON_BAD_TOKEN);
    if (!taking.hash) {
        return UM_ABSENT;
    }
    status = um_email_change_confirm(ctx, taking.hash);
    if (status != UM_ABSENT) {
        taking.event->outcome = UM_OUTCOME_OPEN;
        return status;
    }
    rv = um_store_transaction(&call, take_rows, &taking);
    if (rv == UM_STORE_ROLLED_BACK) {
        return UM_ABSENT;
    }
    call.event = um_event_row(ctx, taking.event);
    rv = um_store_one_time_token_settle(&call, taking.hash, rv);
    um_event_settle(taking.event, rv, 1);
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
