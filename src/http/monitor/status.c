/* SPDX-License-Identifier: Apache-2.0 */
/* A short section in the page of mod_status, for a look by eye. The metrics have more, and in a form for programs. */
#include "monitor.h"

#include "concurrency_limit.h"
#include "metric.h"
#include "module.h"
#include "process.h"

#include <apr_optional_hooks.h>
#include <http_protocol.h>
#include <mod_status.h>

typedef struct row_t {
    const char *key;            /* for programs (?auto) */
    const char *title;          /* for people */
    apr_int64_t value;
} row_t;

static apr_int64_t sum_of(const um_counters_t *counters, unsigned first, unsigned count)
{
    apr_int64_t sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += (apr_int64_t)um_counters_read(counters, first + i);
    }
    return sum;
}

static void print_rows(request_rec *r, const row_t *rows, apr_size_t count, int is_short)
{
    ap_rputs(is_short ? "" : "<hr />\n<h2>mod_usermgmt</h2>\n<dl>\n", r);
    for (apr_size_t i = 0; i < count; i++) {
        if (is_short) {
            ap_rprintf(r, "UserMgmt%s: %" APR_INT64_T_FMT "\n", rows[i].key, rows[i].value);
        }
        else {
            ap_rprintf(r, "<dt>%s: %" APR_INT64_T_FMT "</dt>\n", rows[i].title, rows[i].value);
        }
    }
    ap_rputs(is_short ? "" : "</dl>\n", r);
}

static int add_section(request_rec *r, int flags)
{
    const um_server_t *server = um_server_of(r->server);
    const um_counters_t *counters = um_request_metrics_counters(server);
    apr_int64_t good = counters ? sum_of(counters, UM_METRIC_SIGN_INS, 1) : 0;
    int slots, queue;

    if (!counters) {
        return OK;
    }
    um_concurrency_limit_bounds(server->site->hash_limit, &slots, &queue);
    const row_t rows[] = {
        { "SignIns", "Sign-ins", good },
        { "SignInsRefused", "Sign-ins that were refused",
          sum_of(counters, UM_METRIC_SIGN_INS, UM_REASON_COUNT) - good },
        { "Throttled", "Throttled requests", sum_of(counters, UM_METRIC_THROTTLED, UM_THROTTLE_CLASSES) },
        { "Hashing", "Passwords being hashed", um_counters_now(counters, UM_METRIC_HASHING) },
        { "HashSlots", "Passwords that may be hashed at a time", slots },
        { "HashWaiting", "Requests that wait to hash a password", um_counters_now(counters, UM_METRIC_HASH_WAITING) },
        { "CachedCallers", "Callers found in the cache", sum_of(counters, UM_METRIC_TOKEN_HITS, 1) },
        { "DatabaseCalls", "Calls of the database", sum_of(counters, UM_METRIC_STORE_CALLS, UM_COUNTERS_BUCKETS) },
        { "DatabaseFailures", "Calls of the database that failed", sum_of(counters, UM_METRIC_STORE_FAILURES, 1) },
        { "Connections", "Database connections in use", um_counters_now(counters, UM_METRIC_CONNECTIONS) },
    };
    print_rows(r, rows, sizeof(rows) / sizeof(rows[0]), flags & AP_STATUS_SHORT);
    return OK;
}

void um_status_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, add_section, NULL, NULL, APR_HOOK_MIDDLE);
}
