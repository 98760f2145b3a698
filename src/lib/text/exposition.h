/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EXPOSITION_H
#define UM_EXPOSITION_H
/* Metrics as text, in Prometheus' format 0.0.4 or in OpenMetrics 1.0. Both are written by the same calls: a family, and
 * then its samples. Names and help are constants of the program; only values of labels are escaped. */
#include <apr_pools.h>

typedef struct um_exposition_t um_exposition_t;

typedef enum { UM_EXPOSITION_COUNTER, UM_EXPOSITION_GAUGE, UM_EXPOSITION_HISTOGRAM } um_exposition_type_e;

/** An empty text, which lives in pool. */
um_exposition_t *um_exposition_create(apr_pool_t *pool, int is_openmetrics);

/** The media type of the text. */
const char *um_exposition_media_type(const um_exposition_t *out);

/** Begins a family. name: of a counter without _total. */
void um_exposition_family(um_exposition_t *out, const char *name, um_exposition_type_e type, const char *help);

/** The pair name="value", after the pairs of before ("": none) and a comma. In the pool of out. */
const char *um_exposition_label(um_exposition_t *out, const char *before, const char *name, const char *value);

/** A sample of the family. labels: pairs, or "". */
void um_exposition_sample(um_exposition_t *out, const char *labels, apr_int64_t value);

/** A sample in seconds. */
void um_exposition_seconds(um_exposition_t *out, const char *labels, apr_int64_t microseconds);

/** The samples of a histogram: counts[i] is how many were in bucket i, whose upper bound is bounds[i] microseconds; the
 * last of the buckets has no bound. */
void um_exposition_histogram(um_exposition_t *out, const char *labels, const apr_int64_t *bounds, int buckets,
                             const apr_uint64_t *counts, apr_uint64_t sum);

/** Ends the text and returns it. Nothing may be added after that. */
const char *um_exposition_end(um_exposition_t *out);

#endif
