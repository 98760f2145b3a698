/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_COUNTERS_H
#define UM_COUNTERS_H
/* Numbers in shared memory that all processes count up and anybody can read.
 *
 * Counting takes no lock and waits for nobody: there are several copies of the counters, a thread adds to that of the
 * core it runs on, and a reader sums them. A counter does not belong to the process that counted, so it never falls
 * when a process ends. A gauge (how many are in use now) does: a process that was killed can give nothing back. So each
 * process has gauges of its own, and those of processes that are gone are not summed. */
#include <apr_pools.h>

typedef struct um_counters_t um_counters_t;

/** Bytes of shared memory for so many counters and gauges, a multiple of 64. They must be zero at first, and aligned to
 * 64. gauges: at most UM_COUNTERS_GAUGES. */
apr_size_t um_counters_size(unsigned counters);

#define UM_COUNTERS_GAUGES 15

/** This process's view of the memory, which must outlive pool. The process gives its gauges back when pool is
 * destroyed. Never NULL. */
um_counters_t *um_counters_attach(apr_pool_t *pool, void *memory, unsigned counters);

/** Adds to a counter. Does nothing for counters NULL, as all functions here that change something. */
void um_counters_add(um_counters_t *counters, unsigned which, apr_uint64_t number);

/** The sum over all processes; 0 for counters NULL. */
apr_uint64_t um_counters_read(const um_counters_t *counters, unsigned which);

/** Changes a gauge of this process, and the sum over the processes that are alive. */
void um_counters_change(um_counters_t *counters, unsigned gauge, int change);
apr_int64_t um_counters_now(const um_counters_t *counters, unsigned gauge);

/* --- histograms of times --- */

/** A histogram takes this many counters in a row: one for each bucket, and one for the sum in microseconds. */
#define UM_COUNTERS_BUCKETS 17
#define UM_COUNTERS_HISTOGRAM (UM_COUNTERS_BUCKETS + 1)

/** The upper bounds of the buckets in microseconds. The last bucket has none. */
extern const apr_int64_t um_counters_bounds[UM_COUNTERS_BUCKETS - 1];

/** Counts a time in the histogram that begins at the counter first. */
void um_counters_time(um_counters_t *counters, unsigned first, apr_int64_t microseconds);

#endif
