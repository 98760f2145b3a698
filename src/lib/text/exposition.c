/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

struct um_exposition_t {
    apr_pool_t *pool;
    apr_array_header_t *pieces;     /* const char * */
    const char *name;               /* of the family's samples */
    int is_openmetrics;
};

static const char *const type_names[] = { "counter", "gauge", "histogram" };

um_exposition_t *um_exposition_create(apr_pool_t *pool, int is_openmetrics)
{
    um_exposition_t *out = apr_pcalloc(pool, sizeof(*out));

    out->pool = pool;
    out->pieces = apr_array_make(pool, 256, sizeof(const char *));
    out->is_openmetrics = is_openmetrics;
    return out;
}

const char *um_exposition_media_type(const um_exposition_t *out)
{
    return out->is_openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                               : "text/plain; version=0.0.4; charset=utf-8";
}

static void add_piece(um_exposition_t *out, const char *text)
{
    APR_ARRAY_PUSH(out->pieces, const char *) = text;
}

void um_exposition_family(um_exposition_t *out, const char *name, um_exposition_type_e type, const char *help)
{
    const char *family = name;

    out->name = type == UM_EXPOSITION_COUNTER ? apr_pstrcat(out->pool, name, "_total", NULL) : name;
    /* OpenMetrics names the family, and the older format the samples. */
    if (!out->is_openmetrics) {
        family = out->name;
    }
    add_piece(out, apr_pstrcat(out->pool, "# HELP ", family, " ", help, "\n# TYPE ", family, " ", type_names[type],
                               "\n", NULL));
}

/* In both formats a backslash, a quote and a line end are escaped. */
const char *um_exposition_label(um_exposition_t *out, const char *before, const char *name, const char *value)
{
    char *escaped = apr_palloc(out->pool, 2 * strlen(value) + 1), *to = escaped;

    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n') {
            *to++ = '\\';
        }
        *to++ = *value == '\n' ? 'n' : *value;
    }
    *to = '\0';
    return apr_pstrcat(out->pool, before, *before ? "," : "", name, "=\"", escaped, "\"", NULL);
}

static void add_sample(um_exposition_t *out, const char *suffix, const char *labels, const char *value)
{
    add_piece(out, apr_pstrcat(out->pool, out->name, suffix, *labels ? "{" : "", labels, *labels ? "}" : "", " ",
                               value, "\n", NULL));
}

void um_exposition_sample(um_exposition_t *out, const char *labels, apr_int64_t value)
{
    add_sample(out, "", labels, apr_psprintf(out->pool, "%" APR_INT64_T_FMT, value));
}

static const char *in_seconds(um_exposition_t *out, apr_int64_t us)
{
    return apr_psprintf(out->pool, "%s%" APR_INT64_T_FMT ".%06d", us < 0 ? "-" : "", (us < 0 ? -us : us) / 1000000,
                        (int)((us < 0 ? -us : us) % 1000000));
}

void um_exposition_seconds(um_exposition_t *out, const char *labels, apr_int64_t microseconds)
{
    add_sample(out, "", labels, in_seconds(out, microseconds));
}

/* A bound as a number that all programs write alike: 0.005, 1.0. */
static const char *bound_text(um_exposition_t *out, apr_int64_t us)
{
    char *text = (char *)in_seconds(out, us);
    char *end = text + strlen(text);

    while (end[-1] == '0' && end[-2] != '.') {
        *--end = '\0';
    }
    return text;
}

void um_exposition_histogram(um_exposition_t *out, const char *labels, const apr_int64_t *bounds, int buckets,
                             const apr_uint64_t *counts, apr_uint64_t sum)
{
    apr_uint64_t count = 0;

    for (int i = 0; i < buckets; i++) {
        count += counts[i];
        add_sample(out, "_bucket",
                   um_exposition_label(out, labels, "le", i < buckets - 1 ? bound_text(out, bounds[i]) : "+Inf"),
                   apr_psprintf(out->pool, "%" APR_UINT64_T_FMT, count));
    }
    add_sample(out, "_sum", labels, in_seconds(out, (apr_int64_t)sum));
    add_sample(out, "_count", labels, apr_psprintf(out->pool, "%" APR_UINT64_T_FMT, count));
}

const char *um_exposition_end(um_exposition_t *out)
{
    if (out->is_openmetrics) {
        add_piece(out, "# EOF\n");
    }
    return apr_array_pstrcat(out->pool, out->pieces, 0);
}
