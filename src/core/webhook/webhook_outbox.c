/* SPDX-License-Identifier: Apache-2.0 */
#include "webhook_outbox.h"

#include "core_settings.h"
#include "metric.h"
#include "random.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_admin.h"
#include "webhook_list.h"
#include "webhook_secret.h"
#include "webhook_send.h"

#include <apr_strings.h>
#include <string.h>

#define BATCH 20                /* rows of a receiver that are claimed at a time */
#define BATCH_SECONDS 20        /* after this no row of a batch is started, so that its lease is short */
#define LEASE_MARGIN 20         /* s beyond a batch and one more request: two nodes' clocks may differ */
#define PARALLEL 4              /* requests to one receiver that are under way at a time */
#define LOOK_MS 2000            /* how often rows are looked for: of other nodes, and those that were put off */
#define FIRST_PAUSE 2           /* s, of a receiver that is unreachable or asks to be spared */
#define LONGEST_PAUSE 60
#define GONE 410                /* the status of a receiver that wants no more */
#define MOST_GIVEN_UP 200       /* rows that are given up in one transaction */
#define GIVE_UP_MS 500          /* for how long rows are given up in one call */
#define BEYOND_ALL (30 * 86400) /* s: no row is put off for so long */
#define LONGEST_ASKED_PAUSE 3600 /* s, when the receiver says how long (Retry-After) */

/* A receiver: what is claimed for it, and how it does. Times are of the outbox's tick. */
typedef struct receiver_t {
    const um_webhook_t *webhook;
    const char *name;           /* its URL, for the log */
    apr_pool_t *pool;           /* of the batch */
    const char *claim;
    apr_array_header_t *rows;   /* um_webhook_row_t; NULL: no batch */
    int next;                   /* the next row to be started */
    int under_way;
    int is_ended;               /* no further row of the batch is started */
    apr_int64_t ends;
    apr_int64_t next_look;
    apr_int64_t paused_until;
    int pause;                  /* seconds; 0: it answers */
    int failures;               /* in a row */
} receiver_t;

typedef struct delivery_t {
    receiver_t *receiver;
    const um_webhook_row_t *row;
    um_webhook_request_t request;
} delivery_t;

struct um_webhook_outbox_t {
    const um_site_t *site;
    um_webhook_outbox_options_t o;
    receiver_t *receivers;
    int count;
    int is_stopped;
};

/* What one call works with. */
typedef struct work_t {
    um_webhook_outbox_t *outbox;
    um_ctx_t *ctx;
    um_webhook_round_t *round;
} work_t;

um_webhook_outbox_t *um_webhook_outbox_create(apr_pool_t *pool, const um_site_t *site,
                                              const um_webhook_outbox_options_t *options)
{
    um_webhook_outbox_t *outbox = apr_pcalloc(pool, sizeof(*outbox));

    outbox->site = site;
    outbox->o = *options;
    outbox->count = site->webhooks->count;
    outbox->receivers = apr_pcalloc(pool, (apr_size_t)outbox->count * sizeof(*outbox->receivers));
    for (int i = 0; i < outbox->count; i++) {
        receiver_t *receiver = &outbox->receivers[i];

        receiver->webhook = &site->webhooks->webhook[i];
        receiver->name = um_webhook_send_name(pool, receiver->webhook->url);
        apr_pool_create(&receiver->pool, pool);
    }
    return outbox;
}

/* --- what became of a delivery ------------------------------------------------------------------------------------ */

static void log_delivery(const work_t *work, const delivery_t *delivery, const char *what, const char *why)
{
    APR_ARRAY_PUSH(work->round->lines, const char *)
        = apr_psprintf(work->ctx->pool, "webhook %s (%s, try %" APR_INT64_T_FMT ") to %s %s: %s", delivery->row->id,
                       delivery->row->kind, delivery->row->attempts, delivery->receiver->name, what, why);
}

static int is_overload(int status)
{
    return status == 0 || status == 429 || (status >= 502 && status <= 504);
}

/* An answer such as 500 may be the fault of one delivery alone, so the first one does not hold up the others. */
static void pause_receiver(const work_t *work, receiver_t *receiver, const um_webhook_request_t *request)
{
    apr_int64_t asked = request->retry_after > LONGEST_ASKED_PAUSE ? LONGEST_ASKED_PAUSE : request->retry_after;

    receiver->failures++;
    if (receiver->failures < 2 && !is_overload(request->status)) {
        return;
    }
    receiver->pause = receiver->pause ? receiver->pause * 2 : FIRST_PAUSE;
    receiver->pause = receiver->pause > LONGEST_PAUSE ? LONGEST_PAUSE : receiver->pause;
    receiver->paused_until = work->outbox->o.tick() + 1000 * (asked > receiver->pause ? asked : receiver->pause);
    receiver->is_ended = 1;
}

static const char *reason(apr_pool_t *pool, const um_webhook_request_t *request)
{
    const char *what = request->status >= 300 && request->status < 400 ? ", and redirects are not followed"
                       : request->status == GONE ? ", so the receiver wants no more of them" : "";

    return *request->why ? apr_pstrdup(pool, request->why) : apr_psprintf(pool, "HTTP status %d%s", request->status,
                                                                           what);
}

/* Puts a delivery off, so that the last attempt is made at the end of its time; or gives it up then. */
static apr_status_t put_off(const work_t *work, um_store_call_t *call, const delivery_t *delivery, const char *why)
{
    const um_webhook_row_t *row = delivery->row;
    apr_int64_t now = um_ctx_seconds(work->ctx), ends = row->created_at + work->ctx->settings->webhook_max_age, wait;
    unsigned char dice = 128;

    if (now >= ends || delivery->request.status == GONE) {
        work->round->given_up++;
        um_metric_count(work->ctx, UM_METRIC_WEBHOOKS + UM_METRIC_WEBHOOK_GIVEN_UP);
        log_delivery(work, delivery, "given up", why);
        return um_store_webhook_done(call, row->id, delivery->receiver->claim, 0, now, why);
    }
    (void)um_random_bytes(&dice, 1);
    wait = um_webhook_body_delay(row->attempts, dice);
    wait = delivery->request.retry_after > wait ? delivery->request.retry_after : wait;
    work->round->later++;
    um_metric_count(work->ctx, UM_METRIC_WEBHOOKS + UM_METRIC_WEBHOOK_FAILED);
    log_delivery(work, delivery, "put off", why);
    return um_store_webhook_later(call, row->id, delivery->receiver->claim, now + wait > ends ? ends : now + wait, why);
}

/* Gives up what waits for a receiver that wants no more. Of many rows the next calls give up the rest, because other
 * receivers wait meanwhile, and so does the end of the child. */
static um_status_e give_up_all(const work_t *work, receiver_t *receiver)
{
    um_store_call_t call = um_ctx_store(work->ctx);
    apr_int64_t now = um_ctx_seconds(work->ctx), ends = work->outbox->o.tick() + GIVE_UP_MS;
    int count;

    do {
        if (um_store_webhook_give_up(&call, work->outbox->site->webhooks->site, receiver->webhook->url,
                                     now + BEYOND_ALL, now, "the receiver is disabled: it has answered 410",
                                     MOST_GIVEN_UP, &count) != APR_SUCCESS) {
            return um_ctx_unavailable(work->ctx, &call);
        }
        work->round->given_up += count;
    } while (count == MOST_GIVEN_UP && work->outbox->o.tick() < ends);
    receiver->next_look = count == MOST_GIVEN_UP ? 0 : receiver->next_look;
    return UM_OK;
}

static um_status_e disable(const work_t *work, receiver_t *receiver)
{
    int done = 0;
    um_status_e status = um_webhook_admin_disable(work->ctx, work->outbox->site->webhooks->site,
                                                  receiver->webhook->url, &done);

    receiver->is_ended = 1;
    if (status == UM_OK && done) {
        APR_ARRAY_PUSH(work->round->disabled, const char *) = receiver->name;
    }
    return status == UM_OK ? give_up_all(work, receiver) : status;
}

/* Records a request that is done. If that fails, the row stays claimed until its lease ends, and is then sent again. */
static um_status_e record(const work_t *work, delivery_t *delivery)
{
    receiver_t *receiver = delivery->receiver;
    const um_webhook_request_t *request = &delivery->request;
    um_store_call_t call = um_ctx_store(work->ctx);
    apr_status_t rv;

    work->ctx->now = work->outbox->o.clock();
    receiver->under_way--;
    if (request->status >= 200 && request->status < 300) {
        receiver->failures = receiver->pause = 0;
        work->round->delivered++;
        um_metric_count(work->ctx, UM_METRIC_WEBHOOKS + UM_METRIC_WEBHOOK_DELIVERED);
        rv = um_store_webhook_done(&call, delivery->row->id, receiver->claim, 1, um_ctx_seconds(work->ctx), "");
    }
    else {
        pause_receiver(work, receiver, request);
        rv = put_off(work, &call, delivery, reason(work->ctx->pool, request));
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(work->ctx, &call);
    }
    return request->status == GONE ? disable(work, receiver) : UM_OK;
}

/* --- starting ----------------------------------------------------------------------------------------------------- */

static um_status_e start(const work_t *work, receiver_t *receiver)
{
    um_ctx_t *ctx = work->ctx;
    delivery_t *delivery = apr_pcalloc(receiver->pool, sizeof(*delivery));
    um_webhook_request_t *request = &delivery->request;

    ctx->now = work->outbox->o.clock();
    delivery->receiver = receiver;
    delivery->row = &APR_ARRAY_IDX(receiver->rows, receiver->next++, um_webhook_row_t);
    request->url = receiver->webhook->url;
    request->id = delivery->row->event_id;
    request->at = um_ctx_seconds(ctx);
    request->body = um_webhook_body(receiver->pool, delivery->row);
    request->len = strlen(request->body);
    request->baton = delivery;
    request->signature = um_webhook_secret_sign(receiver->webhook->secret, receiver->pool, request->id, request->at,
                                                request->body, request->len);
    receiver->under_way++;
    if (!request->signature) {
        apr_cpystrn(request->why, "it could not be signed", sizeof(request->why));
        return record(work, delivery);
    }
    return um_webhook_send_start(work->outbox->o.send, request) == APR_SUCCESS ? UM_OK : record(work, delivery);
}

/* A batch ends when none of its rows is under way. What was not started is released. */
static um_status_e end_batch(const work_t *work, receiver_t *receiver)
{
    um_store_call_t call = um_ctx_store(work->ctx);
    int is_left = receiver->next < receiver->rows->nelts;
    apr_status_t rv = is_left ? um_store_webhook_release(&call, receiver->claim, um_ctx_seconds(work->ctx))
                              : APR_SUCCESS;

    /* A full batch means that there are probably more. */
    receiver->next_look = is_left || receiver->rows->nelts < BATCH ? work->outbox->o.tick() + LOOK_MS : 0;
    receiver->rows = NULL;
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(work->ctx, &call);
}

/* Claims rows: one, as a trial, while the receiver fails. */
static um_status_e begin_batch(const work_t *work, receiver_t *receiver)
{
    const um_webhook_outbox_t *outbox = work->outbox;
    um_store_call_t call = um_ctx_store(work->ctx);
    const char *site = outbox->site->webhooks->site, *url = receiver->webhook->url;
    apr_int64_t now = um_ctx_seconds(work->ctx), tick = outbox->o.tick();
    int due = 0, is_disabled = 0;

    receiver->next_look = tick + LOOK_MS;
    if (um_store_webhook_due(&call, site, url, now, &due, &is_disabled) != APR_SUCCESS) {
        return um_ctx_unavailable(work->ctx, &call);
    }
    if (!due || is_disabled) {
        return is_disabled ? give_up_all(work, receiver) : UM_OK;
    }
    apr_pool_clear(receiver->pool);
    if (um_random_uuid(receiver->pool, work->ctx->now, &receiver->claim) != APR_SUCCESS) {
        return um_ctx_failed(work->ctx, "the random generator failed");
    }
    call.pool = receiver->pool;
    receiver->ends = tick + 1000 * BATCH_SECONDS;
    receiver->next = receiver->is_ended = 0;
    if (um_store_webhook_claim(&call, site, url, receiver->claim, now,
                               now + BATCH_SECONDS + outbox->o.timeout + LEASE_MARGIN, receiver->failures ? 1 : BATCH,
                               &receiver->rows) != APR_SUCCESS) {
        receiver->rows = NULL;
        call.cause = apr_pstrdup(work->ctx->pool, call.cause);
        return um_ctx_unavailable(work->ctx, &call);
    }
    return UM_OK;
}

static um_status_e work_receiver(const work_t *work, receiver_t *receiver, int looks)
{
    apr_int64_t tick = work->outbox->o.tick();
    um_status_e status = UM_OK;

    if (!receiver->rows) {
        if (work->outbox->is_stopped || tick < receiver->paused_until || !(looks || tick >= receiver->next_look)) {
            return UM_OK;
        }
        status = begin_batch(work, receiver);
    }
    while (status == UM_OK && receiver->rows && receiver->next < receiver->rows->nelts
           && receiver->under_way < PARALLEL && !receiver->is_ended && !work->outbox->is_stopped
           && work->outbox->o.tick() < receiver->ends) {
        status = start(work, receiver);
    }
    if (status == UM_OK && receiver->rows && !receiver->under_way
        && (receiver->next == receiver->rows->nelts || receiver->is_ended || work->outbox->is_stopped
            || work->outbox->o.tick() >= receiver->ends)) {
        status = end_batch(work, receiver);
    }
    return status;
}

/* --- a call ------------------------------------------------------------------------------------------------------- */

static um_status_e work_receivers(const work_t *work, int looks)
{
    um_status_e status = UM_OK;

    for (int i = 0; i < work->outbox->count && status == UM_OK; i++) {
        status = work_receiver(work, &work->outbox->receivers[i], looks);
    }
    return status;
}

um_status_e um_webhook_outbox_work(um_webhook_outbox_t *outbox, um_ctx_t *ctx, int looks, int milliseconds,
                                   um_webhook_round_t *round)
{
    const work_t work = { outbox, ctx, round };
    apr_int64_t ends = outbox->o.tick() + milliseconds, left;
    um_status_e status;

    *round = (um_webhook_round_t){ .lines = apr_array_make(ctx->pool, 4, sizeof(const char *)),
                                     .disabled = apr_array_make(ctx->pool, 1, sizeof(const char *)) };
    status = work_receivers(&work, looks);
    while (status == UM_OK && um_webhook_send_count(outbox->o.send) && (left = ends - outbox->o.tick()) > 0) {
        um_webhook_request_t *request = um_webhook_send_wait(outbox->o.send, (int)left);

        if (request) {
            status = record(&work, request->baton);
        }
        if (request && status == UM_OK) {
            status = work_receivers(&work, 0);
        }
    }
    return status;
}

int um_webhook_outbox_is_idle(const um_webhook_outbox_t *outbox)
{
    int is_idle = 1;

    for (int i = 0; i < outbox->count; i++) {
        is_idle &= !outbox->receivers[i].rows;
    }
    return is_idle;
}

void um_webhook_outbox_stop(um_webhook_outbox_t *outbox)
{
    outbox->is_stopped = 1;
}

um_status_e um_webhook_outbox_abort(um_webhook_outbox_t *outbox, um_ctx_t *ctx)
{
    um_status_e status = UM_OK;

    um_webhook_send_abort(outbox->o.send);
    for (int i = 0; i < outbox->count && status == UM_OK; i++) {
        receiver_t *receiver = &outbox->receivers[i];
        um_store_call_t call = um_ctx_store(ctx);

        if (receiver->rows && um_store_webhook_release(&call, receiver->claim, um_ctx_seconds(ctx)) != APR_SUCCESS) {
            status = um_ctx_unavailable(ctx, &call);
        }
        receiver->rows = NULL;
        receiver->under_way = 0;
    }
    return status;
}
