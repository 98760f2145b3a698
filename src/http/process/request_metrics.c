/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"
#include "module.h"
#include "monotonic.h"
#include "process.h"

um_counters_t *um_request_metrics_counters(const um_server_t *server)
{
    return server->site ? server->site->counters : NULL;
}

void um_request_metrics_note(const um_server_t *server, unsigned slot, um_request_kind_e kind, int status,
                             apr_int64_t began)
{
    um_counters_t *counters = um_request_metrics_counters(server);
    unsigned class = status < 100 || status > 599 ? 5 : (unsigned)status / 100;

    if (!counters) {
        return;
    }
    um_counters_time(counters, UM_METRIC_REQUEST_TIME + (unsigned)kind * UM_COUNTERS_HISTOGRAM,
                     um_monotonic_us() - began);
    um_counters_add(counters, UM_METRIC_REQUESTS + (slot < UM_METRIC_SLOTS ? slot : UM_REQUEST_OTHER)
                    * UM_METRIC_CLASSES + class - 1, 1);
}
