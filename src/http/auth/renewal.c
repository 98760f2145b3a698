/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include "browser.h"
#include "event.h"
#include "metric.h"
#include "process.h"
#include "refresh.h"
#include "store_user.h"
#include "throttle.h"

#include <http_log.h>

void um_renewal_log_reused(request_rec *r, const um_refresh_use_t *use)
{
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "UM303: a refresh token of account %s was used again after it had "
                  "been replaced; it may have been stolen, so its session has been ended", use->user->id);
}

static um_status_e refuse_throttled_renewal(request_rec *r, um_ctx_t *ctx)
{
    um_event_throttled(ctx, UM_THROTTLE_REFRESH, NULL);
    um_client_address_log_throttled(r, ctx);
    return UM_THROTTLED;
}

/* Uses the token as POST /api-token-refresh/ does, with the same throttle and the same events. */
static um_status_e use_token(request_rec *r, um_ctx_t *ctx, const char *token, um_refresh_use_t *use)
{
    um_throttle_uses_t uses;
    um_status_e status;

    if (um_throttle_take_address(ctx, UM_THROTTLE_REFRESH, &uses) != UM_OK) {
        return refuse_throttled_renewal(r, ctx);
    }
    status = um_refresh_use(ctx, token, use);
    if (status == UM_BUSY || status == UM_UNAVAILABLE || status == UM_FAILED) {
        um_throttle_give_back(ctx, &uses);
    }
    if (use->reused) {
        um_renewal_log_reused(r, use);
    }
    return status;
}

/* r is the client's request. */
static um_renewal_t renew(request_rec *r, const char *token, int stays)
{
    um_refresh_use_t use = { 0 };
    um_ctx_t ctx;
    um_status_e status;

    um_ctx_init(&ctx, r->pool, um_server_of(r->server)->site, apr_time_now());
    um_audit_describe(&ctx, r);
    um_client_address_set(r, &ctx);
    status = use_token(r, &ctx, token, &use);
    if (status == UM_OK) {
        um_cookie_set_renewed(r, &use, um_ctx_seconds(&ctx), stays);
    }
    else if (status == UM_BAD_TOKEN || status == UM_INACTIVE) {
        um_cookie_clear_session(r);
    }
    um_metric_count(&ctx, status == UM_OK ? UM_METRIC_RENEWED
                          : status == UM_BAD_TOKEN || status == UM_INACTIVE || status == UM_THROTTLED
                          ? UM_METRIC_RENEWALS_REFUSED : UM_METRIC_RENEWALS_FAILED);
    um_audit_write(um_server_of(r->server), &ctx);
    return (um_renewal_t){ .status = status, .token = use.token, .cause = ctx.cause, .is_logged = ctx.is_logged,
                           .retry_after = ctx.retry_after };
}

/* The request that the client sent, for which r was made. */
static request_rec *request_of_client(request_rec *r)
{
    for (request_rec *parent = um_request_parent(r); parent; parent = um_request_parent(r)) {
        r = parent;
    }
    return r;
}

/* httpd does not note that an answer without a body has begun: sent_bodyct of HEAD and of 304 stays 0. */
int um_renewal_log_transaction(request_rec *r)
{
    if (um_server_of(r->server)->site && um_server_of(r->server)->settings.cookie) {
        um_request_make(request_of_client(r))->is_answered = 1;
    }
    return DECLINED;
}

const um_renewal_t *um_renewal_of(request_rec *r)
{
    static const um_renewal_t none = { .status = UM_ABSENT };
    const request_rec *answer = r;
    um_request_t *record;
    um_renewal_t *renewal;
    const char *token;
    int stays;

    while (answer->main) {
        answer = answer->main;
    }
    r = request_of_client(r);
    record = um_request_get(r);
    if (record && record->renewal) {
        return record->renewal;
    }
    /* Of an answer of 101, mod_proxy sends the headers of the back end alone. */
    token = (record && (record->is_asked_about || record->is_answered)) || um_csrf_opens_websocket(r)
            ? NULL : um_cookie_refresh_token(r, &stays);
    if (!token || answer->sent_bodyct || !um_csrf_allows(r, NULL)) {
        return &none;
    }
    renewal = apr_palloc(r->pool, sizeof(*renewal));
    *renewal = renew(r, token, stays);
    um_request_make(r)->renewal = renewal;
    return renewal;
}
