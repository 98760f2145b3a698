/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition.h"
#include "tap.h"

#include <apr_general.h>

static apr_pool_t *pool;

static const char *written(int is_openmetrics)
{
    static const apr_int64_t bounds[] = { 100, 1000000 };
    static const apr_uint64_t counts[] = { 2, 0, 1 };
    um_exposition_t *out = um_exposition_create(pool, is_openmetrics);

    um_exposition_family(out, "a", UM_EXPOSITION_COUNTER, "An a.");
    um_exposition_sample(out, um_exposition_label(out, "", "x", "\"\\\n"), 5);
    um_exposition_sample(out, um_exposition_label(out, um_exposition_label(out, "", "x", "y"), "z", "/{id}/"), 0);
    um_exposition_family(out, "b_seconds", UM_EXPOSITION_GAUGE, "A b.");
    um_exposition_seconds(out, "", 1500);
    um_exposition_seconds(out, "", -1500000);
    um_exposition_family(out, "c", UM_EXPOSITION_HISTOGRAM, "A c.");
    um_exposition_histogram(out, "k=\"v\"", bounds, 3, counts, 2500000);
    return um_exposition_end(out);
}

#define SAMPLES_A "a_total{x=\"\\\"\\\\\\n\"} 5\na_total{x=\"y\",z=\"/{id}/\"} 0\n"
#define REST \
    "# HELP b_seconds A b.\n# TYPE b_seconds gauge\nb_seconds 0.001500\nb_seconds -1.500000\n" \
    "# HELP c A c.\n# TYPE c histogram\n" \
    "c_bucket{k=\"v\",le=\"0.0001\"} 2\nc_bucket{k=\"v\",le=\"1.0\"} 2\nc_bucket{k=\"v\",le=\"+Inf\"} 3\n" \
    "c_sum{k=\"v\"} 2.500000\nc_count{k=\"v\"} 3\n"

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    is_text(written(0), "# HELP a_total An a.\n# TYPE a_total counter\n" SAMPLES_A REST, "Prometheus' format");
    is_text(written(1), "# HELP a An a.\n# TYPE a counter\n" SAMPLES_A REST "# EOF\n", "OpenMetrics");
    is_text(um_exposition_media_type(um_exposition_create(pool, 0)), "text/plain; version=0.0.4; charset=utf-8",
            "the media type of the first");
    is_text(um_exposition_media_type(um_exposition_create(pool, 1)),
            "application/openmetrics-text; version=1.0.0; charset=utf-8", "and of the other");
    apr_terminate();
    return tap_done();
}
