/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include "api.h"
#include "exposition.h"
#include "metric.h"
#include "module.h"
#include "pages.h"
#include "process.h"

#include <apr_strings.h>

static const char *const classes[UM_METRIC_CLASSES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

static apr_uint64_t count_of(const um_metrics_t *metrics, unsigned slot, unsigned class)
{
    return um_counters_read(metrics->counters, UM_METRIC_REQUESTS + slot * UM_METRIC_CLASSES + class);
}

/* Samples of a slot that has any: all but 1xx, because a rate needs the value before the first error. */
static void add_slot(const um_metrics_t *metrics, unsigned slot, const char *route, const char *method)
{
    const char *labels = um_exposition_label(metrics->out, "", "route", route);
    apr_uint64_t sum = 0;

    for (unsigned class = 0; class < UM_METRIC_CLASSES; class++) {
        sum += count_of(metrics, slot, class);
    }
    labels = um_exposition_label(metrics->out, labels, "method", method);
    for (unsigned class = 1; sum && class < UM_METRIC_CLASSES; class++) {
        um_exposition_sample(metrics->out, um_exposition_label(metrics->out, labels, "class", classes[class]),
                             (apr_int64_t)count_of(metrics, slot, class));
    }
}

static void add_durations(const um_metrics_t *metrics)
{
    static const char *const kinds[UM_METRIC_KINDS] = {
        [UM_REQUEST_KIND_API] = "api", [UM_REQUEST_KIND_SIGN_IN] = "sign_in", [UM_REQUEST_KIND_PLACE] = "place",
        [UM_REQUEST_KIND_BASIC] = "basic", [UM_REQUEST_KIND_PAGE] = "page",
    };

    um_exposition_family(metrics->out, "usermgmt_request_duration_seconds", UM_EXPOSITION_HISTOGRAM,
                         "Time of requests, and of checks at protected Locations, by kind.");
    for (unsigned i = 0; i < UM_METRIC_KINDS; i++) {
        um_metrics_add_times(metrics, um_exposition_label(metrics->out, "", "kind", kinds[i]),
                             UM_METRIC_REQUEST_TIME + i * UM_COUNTERS_HISTOGRAM);
    }
}

void um_metrics_requests_add(const um_metrics_t *metrics)
{
    const um_route_t *route;
    const char *page;

    um_exposition_family(metrics->out, "usermgmt_requests", UM_EXPOSITION_COUNTER,
                         "Requests by endpoint or page, and checks at protected Locations, by class of status.");
    for (unsigned i = 0; (route = um_route_at(i)) != NULL; i++) {
        add_slot(metrics, UM_REQUEST_ROUTES + i, route->path, route->method);
    }
    for (unsigned i = 0; (page = um_page_route_name(i)) != NULL; i++) {
        add_slot(metrics, UM_REQUEST_PAGES + i, apr_pstrcat(metrics->r->pool, "page ", page, NULL), "any");
    }
    add_slot(metrics, UM_REQUEST_PLACE, "place", "any");
    add_slot(metrics, UM_REQUEST_BASIC, "basic", "any");
    add_slot(metrics, UM_REQUEST_OTHER, "other", "any");
    add_durations(metrics);
}
