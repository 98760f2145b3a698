/* SPDX-License-Identifier: Apache-2.0 */
#include "breaker.h"

#include "monotonic.h"

#include <apr_atomic.h>
#include <apr_time.h>

#define RETRY_MS 200
#define TRIAL_MS 100
#define TRIAL_STEP_MS 5

static int is_past(apr_uint32_t when)
{
    return (apr_int32_t)(um_monotonic_tick() - when) >= 0;
}

int um_breaker_is_down(um_breaker_t *breaker)
{
    return apr_atomic_read32(&breaker->retry_at) != 0;
}

/* Only a failed trial makes it longer. When many threads lose the service at the same moment, all of them report it. */
static apr_uint32_t next_interval(um_breaker_t *breaker)
{
    apr_uint32_t interval = apr_atomic_read32(&breaker->interval);

    if (!interval) {
        interval = RETRY_MS;
    }
    else if (apr_atomic_read32(&breaker->trial) && interval < breaker->longest) {
        interval = interval * 2 < breaker->longest ? interval * 2 : breaker->longest;
    }
    apr_atomic_set32(&breaker->interval, interval);
    return interval;
}

void um_breaker_down(um_breaker_t *breaker)
{
    apr_atomic_set32(&breaker->retry_at, (um_monotonic_tick() + next_interval(breaker)) | 1);
    apr_atomic_set32(&breaker->trial, 0);
}

void um_breaker_open(um_breaker_t *breaker)
{
    apr_atomic_cas32(&breaker->retry_at, um_monotonic_tick(), 0);
}

void um_breaker_up(um_breaker_t *breaker)
{
    /* Mostly the breaker is closed. A write would take the cache line from all other cores. */
    if (um_breaker_is_down(breaker)) {
        apr_atomic_set32(&breaker->retry_at, 0);
        apr_atomic_set32(&breaker->interval, 0);
        apr_atomic_set32(&breaker->trial, 0);
    }
}

static int await_trial(um_breaker_t *breaker, apr_uint32_t began)
{
    while (apr_atomic_read32(&breaker->trial) == began && !is_past(began + TRIAL_MS)) {
        apr_sleep(apr_time_from_msec(TRIAL_STEP_MS));
    }
    return !um_breaker_is_down(breaker);
}

int um_breaker_may_try(um_breaker_t *breaker)
{
    apr_uint32_t retry_at = apr_atomic_read32(&breaker->retry_at);
    apr_uint32_t began = apr_atomic_read32(&breaker->trial);

    if (!retry_at) {
        return 1;
    }
    if (!began && is_past(retry_at)) {
        began = apr_atomic_cas32(&breaker->trial, um_monotonic_tick(), 0);
        if (!began) {
            return 1;
        }
    }
    return began && await_trial(breaker, began);
}
