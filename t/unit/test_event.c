/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a call: how they are settled, and that those beyond the list are counted. */
#include "site.h"

#include "event.h"

static site_t s;

static void test_settle(void)
{
    static const struct {
        apr_status_t rv;
        int done;
        um_outcome_e outcome;
        um_reason_e reason;
        const char *what;
    } cases[] = {
        { APR_SUCCESS, 1, UM_OUTCOME_OK, UM_REASON_NONE, "done" },
        { APR_SUCCESS, 0, UM_OUTCOME_OPEN, UM_REASON_NONE, "nothing was changed" },
        { UM_STORE_ROLLED_BACK, 0, UM_OUTCOME_OPEN, UM_REASON_NONE, "rolled back" },
        { UM_STORE_UNKNOWN, 1, UM_OUTCOME_UNKNOWN, UM_REASON_UNAVAILABLE, "the answer to COMMIT was lost" },
        { APR_EGENERAL, 0, UM_OUTCOME_UNKNOWN, UM_REASON_UNAVAILABLE, "the database failed" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_event_t *event = um_event_add(site_ctx(&s), UM_EVENT_ACCOUNT_OFF, "u");

        um_event_settle(event, cases[i].rv, cases[i].done);
        ok(event->outcome == cases[i].outcome && event->reason == cases[i].reason, "%s", cases[i].what);
    }
}

static void test_lost(void)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_event_t *last = NULL;

    for (int i = 0; i < UM_EVENT_MOST; i++) {
        last = um_event_done(ctx, UM_EVENT_SIGN_IN, NULL);
    }
    is_int(ctx->events->nelts, UM_EVENT_MOST, "a call has a list of so many events");
    is_int(ctx->events_lost, 0, "none is lost yet");
    ok(APR_ARRAY_IDX(ctx->events, UM_EVENT_MOST - 1, um_event_t *) == last, "the last one is in the list");
    for (int i = 0; i < 3; i++) {
        ok(um_event_failed(ctx, UM_EVENT_SIGN_IN, NULL, UM_REASON_THROTTLED) != NULL, "a further one can be settled");
    }
    is_int(ctx->events->nelts, UM_EVENT_MOST, "it is not in the list");
    is_int(ctx->events_lost, 3, "the log will say how many were lost");
}

/* What the site does not keep has no row; what it keeps has an id. */
static void test_row(void)
{
    um_ctx_t *ctx = site_ctx(&s);
    um_event_t *kept = um_event_add(ctx, UM_EVENT_ACCOUNT_OFF, "u"), *logged = um_event_add(ctx, UM_EVENT_SIGN_IN, "u");

    s.settings.events_keep = 1;
    ok(kept->id && um_event_row(ctx, kept), "a change has a row");
    ok(!logged->id && !um_event_row(ctx, logged), "a sign-in has none");
    s.settings.events_keep = 0;
    ok(!um_event_row(ctx, kept), "a site that keeps no events has no rows");
}

int main(void)
{
    site_begin();
    site_open(&s);
    test_settle();
    test_lost();
    test_row();
    site_close(&s);
    return site_end();
}
