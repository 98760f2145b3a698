/* SPDX-License-Identifier: Apache-2.0 */
/* Events of refusals that cost a client nothing and that no throttle counts. */
#include "event.h"
#include "monotonic.h"
#include "throttle_private.h"

/* Enough to see who does what, and too few to fill a disk. A /48 has ten times as many, as in throttle_take.c. */
#define BURST 10
#define INTERVAL 60000      /* ms after which there is one more */
#define WIDE_FACTOR 10

/* Whether the client's address may have one more line of that kind in the log. */
static int take_line(const um_ctx_t *ctx, um_event_e kind)
{
    static const um_throttle_limit_t limits[] = {
        { .interval = INTERVAL, .burst = BURST },
        { .interval = INTERVAL / WIDE_FACTOR, .burst = BURST * WIDE_FACTOR },
    };
    const um_throttle_client_t *client = ctx->throttle_client;
    const um_throttle_t *throttle = client && ctx->site ? ctx->site->throttle : NULL;
    int may = 1;

    for (int wide = 0; throttle && may && wide <= (client->len == 16); wide++) {
        apr_uint64_t key = um_throttle_key_address(throttle, ctx->site->throttle_scope, UM_THROTTLE_CLASSES + (int)kind,
                                                   client, wide ? UM_THROTTLE_KEY_WIDE : um_throttle_key_bytes(client));

        may = !um_throttle_table_take(throttle->table, key, &limits[wide], um_monotonic_ms());
    }
    return may;
}

um_event_t *um_event_refused(um_ctx_t *ctx, um_event_e kind, um_reason_e reason)
{
    um_event_t *event = um_event_failed(ctx, kind, NULL, reason);

    event->is_unlogged = !take_line(ctx, kind);
    return event;
}
