/* SPDX-License-Identifier: Apache-2.0 */
/* Events of requests that are refused before anything is looked up. A client can send as many as it likes. */
#include "event.h"
#include "throttle.h"

/* Enough lines to see who does what, and too few to fill a disk: ten, and one more each minute. */
static const um_throttle_limit_t lines = { .interval = 60000, .burst = 10 };

um_event_t *um_event_refused(um_ctx_t *ctx, um_event_e kind, um_reason_e reason)
{
    um_event_t *event = um_event_failed(ctx, kind, NULL, reason);

    event->is_unlogged = !um_throttle_may_log(ctx, (int)kind, &lines);
    return event;
}

void um_event_throttled(um_ctx_t *ctx, int throttle_class, const char *user_id)
{
    um_event_t *event = um_event_add(ctx, throttle_class == UM_THROTTLE_SIGN_IN ? UM_EVENT_SIGN_IN : UM_EVENT_THROTTLED,
                                     user_id);

    event->detail = um_throttle_class_names[throttle_class];
    um_event_settle_status(ctx, event, UM_THROTTLED);
}
