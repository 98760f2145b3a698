/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

void um_metric_count(const um_ctx_t *ctx, unsigned which)
{
    if (ctx->site) {
        um_counters_add(ctx->site->counters, which, 1);
    }
}

void um_metric_count_event(const um_ctx_t *ctx, const um_event_t *event)
{
    um_metric_count(ctx, UM_METRIC_EVENTS + (unsigned)event->kind * UM_OUTCOME_COUNT + (unsigned)event->outcome);
    if (event->kind == UM_EVENT_SIGN_IN
        && (event->outcome != UM_OUTCOME_OPEN || event->reason == UM_REASON_THROTTLED)) {
        um_metric_count(ctx, UM_METRIC_SIGN_INS + (unsigned)event->reason);
    }
}
