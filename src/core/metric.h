/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_METRIC_H
#define UM_METRIC_H
/* The numbers that the metrics are made of, in the shared memory of counters.h. What they are called to the outside is
 * in src/http/monitor/metrics.c. */
#include "counters.h"
#include "ctx.h"
#include "event.h"
#include "throttle.h"

#define UM_METRIC_SLOTS 256         /**< of requests: see request_metrics.c */
#define UM_METRIC_CLASSES 5         /**< of status codes: 1xx to 5xx */
#define UM_METRIC_KINDS 5           /**< of requests, by what they cost */

/** Outcomes of attempts to deliver a webhook; FAILED: it is tried again. */
enum { UM_METRIC_WEBHOOK_DELIVERED, UM_METRIC_WEBHOOK_FAILED, UM_METRIC_WEBHOOK_GIVEN_UP, UM_METRIC_WEBHOOK_OUTCOMES };

/** The table: METRIC(NAME, how many counters in a row). */
#define UM_METRICS(METRIC) \
    METRIC(TOKEN_HITS, 1) \
    METRIC(TOKEN_MISSES, 1) \
    METRIC(PASSWORD_HITS, 1) \
    METRIC(PASSWORD_MISSES, 1) \
    METRIC(HASH_WAIT, UM_COUNTERS_HISTOGRAM) \
    METRIC(HASH_REFUSED, 1) \
    METRIC(THROTTLED, UM_THROTTLE_CLASSES) \
    METRIC(SIGN_INS, UM_REASON_COUNT) \
    METRIC(EVENTS, UM_EVENT_COUNT * UM_OUTCOME_COUNT) \
    METRIC(EVENTS_LOST, 1) \
    METRIC(RENEWED, 1) \
    METRIC(RENEWALS_REFUSED, 1) \
    METRIC(RENEWALS_FAILED, 1) \
    METRIC(WEBHOOKS, UM_METRIC_WEBHOOK_OUTCOMES) \
    METRIC(STORE_CALLS, UM_COUNTERS_HISTOGRAM) \
    METRIC(STORE_RETRIES, 1) \
    METRIC(STORE_FAILURES, 1) \
    METRIC(REQUEST_TIME, UM_METRIC_KINDS * UM_COUNTERS_HISTOGRAM) \
    METRIC(REQUESTS, UM_METRIC_SLOTS * UM_METRIC_CLASSES)

enum {
#define UM_METRIC_NAME(name, size) UM_METRIC_##name, UM_METRIC_END_##name = UM_METRIC_##name + (size) - 1,
    UM_METRICS(UM_METRIC_NAME)
#undef UM_METRIC_NAME
    UM_METRIC_COUNT
};

/** What is in use now. */
enum { UM_METRIC_HASHING, UM_METRIC_HASH_WAITING, UM_METRIC_CONNECTIONS, UM_METRIC_CONNECTION_WAITING };

/** Counts one. Nothing is counted where the site has no counters, as in the command line. */
void um_metric_count(const um_ctx_t *ctx, unsigned which);

/** Counts an event that has been settled. A sign-in that a throttle refused counts as such also when its event is not
 * written, because it is one of a series. */
void um_metric_count_event(const um_ctx_t *ctx, const um_event_t *event);

#endif
