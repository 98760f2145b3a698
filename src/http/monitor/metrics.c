/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics. docs/operations.md has a row for each family, and t/auth/metrics.t compares the two. */
#include "monitor.h"

#include "concurrency_limit.h"
#include "exposition.h"
#include "metric.h"
#include "module.h"
#include "process.h"

#include <http_protocol.h>
#include <string.h>

#define HANDLER "usermgmt-metrics"

static void add_counter(const um_metrics_t *metrics, const char *labels, unsigned which)
{
    um_exposition_sample(metrics->out, labels, (apr_int64_t)um_counters_read(metrics->counters, which));
}

void um_metrics_add_times(const um_metrics_t *metrics, const char *labels, unsigned first)
{
    apr_uint64_t counts[UM_COUNTERS_BUCKETS];

    for (unsigned i = 0; i < UM_COUNTERS_BUCKETS; i++) {
        counts[i] = um_counters_read(metrics->counters, first + i);
    }
    um_exposition_histogram(metrics->out, labels, um_counters_bounds, UM_COUNTERS_BUCKETS, counts,
                            um_counters_read(metrics->counters, first + UM_COUNTERS_BUCKETS));
}

/* A family with one sample. */
static void add_one(const um_metrics_t *metrics, const char *name, unsigned which, const char *help)
{
    um_exposition_family(metrics->out, name, UM_EXPOSITION_COUNTER, help);
    add_counter(metrics, "", which);
}

static void add_gauge(const um_metrics_t *metrics, const char *name, apr_int64_t value, const char *help)
{
    um_exposition_family(metrics->out, name, UM_EXPOSITION_GAUGE, help);
    um_exposition_sample(metrics->out, "", value);
}

/* --- families ----------------------------------------------------------------------------------------------------- */

/* The outcomes that are there from the start, because a rate needs the value before the first one. */
static int is_usual(um_reason_e reason)
{
    return reason == UM_REASON_NONE || reason == UM_REASON_UNKNOWN_NAME || reason == UM_REASON_WRONG_PASSWORD
           || reason == UM_REASON_INACTIVE || reason == UM_REASON_THROTTLED || reason == UM_REASON_BUSY
           || reason == UM_REASON_UNAVAILABLE;
}

static void add_sign_ins(const um_metrics_t *metrics)
{
    um_exposition_family(metrics->out, "usermgmt_sign_ins", UM_EXPOSITION_COUNTER,
                         "Sign-ins by outcome: ok, or why they were refused.");
    for (unsigned i = 0; i < UM_REASON_COUNT; i++) {
        const char *outcome = i == UM_REASON_NONE ? "ok" : um_event_reason_text((um_reason_e)i);

        if (is_usual((um_reason_e)i) || um_counters_read(metrics->counters, UM_METRIC_SIGN_INS + i)) {
            add_counter(metrics, um_exposition_label(metrics->out, "", "outcome", outcome), UM_METRIC_SIGN_INS + i);
        }
    }
}

static void add_events(const um_metrics_t *metrics)
{
    static const char *const outcomes[] = { NULL, "ok", "failed", "unknown" };

    um_exposition_family(metrics->out, "usermgmt_events", UM_EXPOSITION_COUNTER,
                         "Events of the audit log by kind and outcome, whether there is such a log or not.");
    for (unsigned kind = 0; kind < UM_EVENT_COUNT; kind++) {
        for (unsigned outcome = UM_OUTCOME_OK; outcome < UM_OUTCOME_COUNT; outcome++) {
            unsigned which = UM_METRIC_EVENTS + kind * UM_OUTCOME_COUNT + outcome;
            const char *event = um_exposition_label(metrics->out, "", "event", um_event_kind_text((um_event_e)kind));

            if (um_counters_read(metrics->counters, which)) {
                add_counter(metrics, um_exposition_label(metrics->out, event, "outcome", outcomes[outcome]), which);
            }
        }
    }
    add_one(metrics, "usermgmt_audit_lines_lost", UM_METRIC_EVENTS_LOST,
            "Lines of the audit log that could not be written.");
}

static void add_throttles(const um_metrics_t *metrics)
{
    um_exposition_family(metrics->out, "usermgmt_throttled", UM_EXPOSITION_COUNTER,
                         "Requests that a throttle refused, by its class.");
    for (unsigned i = 0; i < UM_THROTTLE_CLASSES; i++) {
        add_counter(metrics, um_exposition_label(metrics->out, "", "class", um_throttle_class_names[i]),
                    UM_METRIC_THROTTLED + i);
    }
}

static void add_hashes(const um_metrics_t *metrics)
{
    int holders = 0, queue = 0;

    um_concurrency_limit_bounds(metrics->server->site->hash_limit, &holders, &queue);
    um_exposition_family(metrics->out, "usermgmt_hash_wait_seconds", UM_EXPOSITION_HISTOGRAM,
                         "Time that requests waited for their turn to hash a password; those that got one.");
    um_metrics_add_times(metrics, "", UM_METRIC_HASH_WAIT);
    add_one(metrics, "usermgmt_hash_refused", UM_METRIC_HASH_REFUSED,
            "Requests that got no turn to hash a password (503).");
    add_gauge(metrics, "usermgmt_hash_running", um_counters_now(metrics->counters, UM_METRIC_HASHING),
              "Passwords that are being hashed.");
    add_gauge(metrics, "usermgmt_hash_waiting", um_counters_now(metrics->counters, UM_METRIC_HASH_WAITING),
              "Requests that wait for their turn to hash a password.");
    add_gauge(metrics, "usermgmt_hash_slots", holders, "Passwords that may be hashed at a time.");
    add_gauge(metrics, "usermgmt_hash_queue_slots", queue, "Requests that may wait for their turn.");
}

static void add_caches(const um_metrics_t *metrics)
{
    static const struct { const char *kind, *result; unsigned which; } rows[] = {
        { "token", "hit", UM_METRIC_TOKEN_HITS }, { "token", "miss", UM_METRIC_TOKEN_MISSES },
        { "password", "hit", UM_METRIC_PASSWORD_HITS }, { "password", "miss", UM_METRIC_PASSWORD_MISSES },
    };

    um_exposition_family(metrics->out, "usermgmt_caller_cache_lookups", UM_EXPOSITION_COUNTER,
                         "Callers of protected Locations that were found in the cache, or asked of the database.");
    for (apr_size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *kind = um_exposition_label(metrics->out, "", "kind", rows[i].kind);

        add_counter(metrics, um_exposition_label(metrics->out, kind, "result", rows[i].result), rows[i].which);
    }
}

static void add_database(const um_metrics_t *metrics)
{
    um_exposition_family(metrics->out, "usermgmt_database_call_duration_seconds", UM_EXPOSITION_HISTOGRAM,
                         "Time of a statement or a transaction, with waiting for a connection and all retries.");
    um_metrics_add_times(metrics, "", UM_METRIC_STORE_CALLS);
    add_one(metrics, "usermgmt_database_retries", UM_METRIC_STORE_RETRIES,
            "Statements and transactions that were sent again.");
    add_one(metrics, "usermgmt_database_failures", UM_METRIC_STORE_FAILURES,
            "Statements and transactions that failed in the end.");
    add_gauge(metrics, "usermgmt_database_connections_in_use",
              um_counters_now(metrics->counters, UM_METRIC_CONNECTIONS), "Connections that execute a statement.");
    add_gauge(metrics, "usermgmt_database_connections_waiting",
              um_counters_now(metrics->counters, UM_METRIC_CONNECTION_WAITING), "Threads that wait for a connection.");
}

static void add_renewals(const um_metrics_t *metrics)
{
    static const char *const outcomes[] = { "ok", "refused", "failed" };

    um_exposition_family(metrics->out, "usermgmt_session_renewals", UM_EXPOSITION_COUNTER,
                         "Renewals of sessions by cookie.");
    for (unsigned i = 0; i < 3; i++) {
        add_counter(metrics, um_exposition_label(metrics->out, "", "outcome", outcomes[i]), UM_METRIC_RENEWED + i);
    }
}

static void add_webhook_attempts(const um_metrics_t *metrics)
{
    static const char *const outcomes[] = { "delivered", "failed", "given_up" };

    um_exposition_family(metrics->out, "usermgmt_webhook_attempts", UM_EXPOSITION_COUNTER,
                         "Attempts to deliver a webhook by outcome; failed: it is tried again.");
    for (unsigned i = 0; i < UM_METRIC_WEBHOOK_OUTCOMES; i++) {
        add_counter(metrics, um_exposition_label(metrics->out, "", "outcome", outcomes[i]), UM_METRIC_WEBHOOKS + i);
    }
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void add_all(const um_metrics_t *metrics)
{
    um_exposition_family(metrics->out, "usermgmt_build_info", UM_EXPOSITION_GAUGE, "The version of the module.");
    um_exposition_sample(metrics->out, um_exposition_label(metrics->out, "", "version", UM_VERSION), 1);
    um_metrics_requests_add(metrics);
    add_sign_ins(metrics);
    add_events(metrics);
    add_throttles(metrics);
    add_hashes(metrics);
    add_caches(metrics);
    add_renewals(metrics);
    add_webhook_attempts(metrics);
    add_database(metrics);
    um_metrics_state_add(metrics);
}

int um_metrics_handler(request_rec *r)
{
    um_metrics_t metrics = { .r = r, .server = um_server_of(r->server) };
    const char *accept = apr_table_get(r->headers_in, "Accept"), *text;
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    status = um_ready_begin(r);
    if (status != OK) {
        return status;
    }
    metrics.counters = um_request_metrics_counters(metrics.server);
    if (!metrics.counters) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    metrics.out = um_exposition_create(r->pool, accept && ap_strcasestr(accept, "application/openmetrics-text"));
    add_all(&metrics);
    text = um_exposition_end(metrics.out);
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    ap_set_content_type(r, um_exposition_media_type(metrics.out));
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    return OK;
}
