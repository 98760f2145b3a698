/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include "core_settings.h"
#include "random.h"
#include "store.h"
#include "store_event.h"
#include "store_webhook.h"
#include "utf8.h"
#include "webhook_list.h"

#include <apr_strings.h>
#include <string.h>

/* Enough to recognise a client by. */
#define LONGEST_USER_AGENT 255

enum { LOGGED, KEPT };

static const struct { const char *text; int where; const char *type; } kinds[] = {
#define ROW(name, text, where, type) [UM_EVENT_##name] = { text, where, type },
    UM_EVENTS(ROW)
#undef ROW
};

static const char *const reasons[] = {
#define ROW(name, text) [UM_REASON_##name] = text,
    UM_EVENT_REASONS(ROW)
#undef ROW
};

const char *um_event_kind_text(um_event_e kind)
{
    return kinds[kind].text;
}

const char *um_event_kind_type(um_event_e kind)
{
    return kinds[kind].type;
}

const char *um_event_reason_text(um_reason_e reason)
{
    return reasons[reason];
}

static int is_for(const um_webhook_t *webhook, um_event_e kind)
{
    _Static_assert(UM_EVENT_COUNT <= 8 * sizeof(webhook->events), "um_webhook_t has a bit for each kind");
    return (webhook->events >> kind) & 1;
}

int um_event_has_webhooks(const um_ctx_t *ctx, um_event_e kind)
{
    const um_webhook_list_t *list = ctx->site ? ctx->site->webhooks : NULL;
    int is_wanted = 0;

    for (int i = 0; list && i < list->count; i++) {
        is_wanted |= is_for(&list->webhook[i], kind);
    }
    return is_wanted;
}

um_event_t *um_event_add(um_ctx_t *ctx, um_event_e kind, const char *user_id)
{
    um_event_t *event = apr_pcalloc(ctx->pool, sizeof(*event));

    event->kind = kind;
    event->user_id = user_id;
    /* Without an id the row is refused by the database, and with it the change. */
    if (kinds[kind].where == KEPT && um_random_uuid(ctx->pool, ctx->now, &event->id) != APR_SUCCESS) {
        event->id = NULL;
    }
    ctx->wrote_mail |= um_event_has_webhooks(ctx, kind);
    if (!ctx->events) {
        ctx->events = apr_array_make(ctx->pool, 2, sizeof(um_event_t *));
    }
    if (ctx->events->nelts < UM_EVENT_MOST) {
        APR_ARRAY_PUSH(ctx->events, um_event_t *) = event;
    }
    else {
        ctx->events_lost++;
    }
    return event;
}

um_event_t *um_event_done(um_ctx_t *ctx, um_event_e kind, const char *user_id)
{
    um_event_t *event = um_event_add(ctx, kind, user_id);

    event->outcome = UM_OUTCOME_OK;
    return event;
}

um_event_t *um_event_failed(um_ctx_t *ctx, um_event_e kind, const char *user_id, um_reason_e reason)
{
    um_event_t *event = um_event_add(ctx, kind, user_id);

    event->outcome = UM_OUTCOME_FAILED;
    event->reason = reason;
    return event;
}

um_event_t *um_event_named(um_ctx_t *ctx, um_event_e kind, const char *name)
{
    um_event_t *event = um_event_add(ctx, kind, NULL);

    event->name = name;
    return event;
}

void um_event_settle(um_event_t *event, apr_status_t rv, int done)
{
    if (rv == APR_SUCCESS && done) {
        event->outcome = UM_OUTCOME_OK;
        event->reason = UM_REASON_NONE;
    }
    else if (rv != APR_SUCCESS && rv != UM_STORE_ROLLED_BACK) {
        event->outcome = UM_OUTCOME_UNKNOWN;
        event->reason = UM_REASON_UNAVAILABLE;
    }
}

void um_event_settle_status(const um_ctx_t *ctx, um_event_t *event, um_status_e status)
{
    if (status == UM_THROTTLED && ctx->is_logged) {
        event->reason = UM_REASON_THROTTLED;    /* for the metrics */
        return;
    }
    event->outcome = status == UM_OK ? UM_OUTCOME_OK : UM_OUTCOME_FAILED;
    event->reason = status == UM_OK ? UM_REASON_NONE
                    : status == UM_BUSY ? UM_REASON_BUSY
                    : status == UM_UNAVAILABLE || status == UM_FAILED ? UM_REASON_UNAVAILABLE
                    : (um_reason_e)ctx->reason;
}

/* What a client sent, or an empty text, as printable ASCII of at most that many bytes. */
static const char *plain(apr_pool_t *pool, const char *text, apr_size_t longest)
{
    char *copy = apr_pstrndup(pool, text ? text : "", longest);

    for (char *c = copy; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return copy;
}

/* The whole characters in the first bytes of a text. PostgreSQL would refuse half a character, and so the change. */
static const char *beginning(apr_pool_t *pool, const char *text, apr_size_t longest)
{
    apr_size_t len = 0, size = strlen(text), step;

    while ((step = um_utf8_step((const unsigned char *)text + len, size - len)) > 0 && len + step <= longest) {
        len += step;
    }
    return apr_pstrmemdup(pool, text, len);
}

/* A row for each receiver. Without an id it is refused by the database, and with it the change. */
static const apr_array_header_t *webhook_rows(const um_ctx_t *ctx, um_event_e kind)
{
    const um_webhook_list_t *list = ctx->site->webhooks;
    apr_array_header_t *rows;

    if (!um_event_has_webhooks(ctx, kind)) {
        return NULL;
    }
    rows = apr_array_make(ctx->pool, list->count, sizeof(um_store_webhook_t));
    for (int i = 0; i < list->count; i++) {
        um_store_webhook_t row = { .site = list->site, .url = list->webhook[i].url, .kind = kinds[kind].type };

        if (is_for(&list->webhook[i], kind)) {
            (void)um_random_uuid(ctx->pool, ctx->now, &row.id);
            APR_ARRAY_PUSH(rows, um_store_webhook_t) = row;
        }
    }
    return rows;
}

const um_store_event_t *um_event_row(const um_ctx_t *ctx, const um_event_t *event)
{
    um_store_event_t *row;

    if (kinds[event->kind].where != KEPT || !ctx->settings->events_keep) {
        return NULL;
    }
    row = apr_palloc(ctx->pool, sizeof(*row));
    *row = (um_store_event_t){
        .id = event->id,
        .user_id = event->user_id,
        .kind = kinds[event->kind].text,
        .at_ms = (apr_int64_t)apr_time_as_msec(ctx->now),
        .actor = ctx->actor ? ctx->actor : "",
        .session_id = event->session_id ? event->session_id : ctx->actor_session,
        .detail = event->detail ? beginning(ctx->pool, event->detail, UM_EVENT_LONGEST_DETAIL) : "",
        .address = plain(ctx->pool, ctx->address, LONGEST_USER_AGENT),
        .user_agent = plain(ctx->pool, ctx->user_agent, LONGEST_USER_AGENT),
        .request_id = plain(ctx->pool, ctx->request_id, LONGEST_USER_AGENT),
        .host = ctx->host ? ctx->host : "",
        .node = ctx->node ? ctx->node : "",
        .webhooks = webhook_rows(ctx, event->kind),
    };
    return row;
}

um_event_t *um_event_begin(um_ctx_t *ctx, um_store_call_t *call, um_event_e kind, const char *user_id,
                           const char *detail)
{
    um_event_t *event = um_event_add(ctx, kind, user_id);

    event->detail = detail;
    call->event = um_event_row(ctx, event);
    return event;
}

um_status_e um_event_store_alone(um_ctx_t *ctx, um_event_e kind, const char *detail)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_event_t *event = um_event_done(ctx, kind, NULL);
    const um_store_event_t *row;

    event->detail = detail;
    row = um_event_row(ctx, event);
    return !row || um_store_event_insert(&call, row) == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}

apr_status_t um_event_insert(um_tx_t *tx, const um_ctx_t *ctx, const um_event_t *event)
{
    return um_store_event_insert_tx(tx, ctx->pool, um_event_row(ctx, event));
}
