/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SINGLE_FLIGHT_H
#define UM_SINGLE_FLIGHT_H
/* Of several threads that are about to do the same expensive thing at the same moment one does it, and the others wait
 * for what comes of it. For threads of one process. */
#include <apr_pools.h>
#include <apr_time.h>

typedef struct um_single_flight_t um_single_flight_t;

/** A thread's part in it, on its stack; not to be copied. */
typedef struct um_single_flight_part_t {
    struct um_single_flight_part_t *next, *others;
    const void *key;
    apr_size_t len;
    int result, done;
} um_single_flight_part_t;

/** APR_ENOMEM or the system's error: there is none. */
apr_status_t um_single_flight_create(apr_pool_t *pool, um_single_flight_t **flight);

/** Whether this thread is the one to do what the len bytes at key stand for, compared in constant time: then
 * um_single_flight_end must follow, and key stay until it has. Otherwise another was at it, and this one has waited for
 * it. @param wait    microseconds at the most; 0 or less: not at all
 * @param result  where it was another: what that one gave to um_single_flight_end, or late if it took too long */
int um_single_flight_begin(um_single_flight_t *flight, um_single_flight_part_t *part, const void *key, apr_size_t len,
                           apr_interval_time_t wait, int late, int *result);

/** What came of it, for all who wait. */
void um_single_flight_end(um_single_flight_t *flight, um_single_flight_part_t *part, int result);

#endif
