/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SINGLE_FLIGHT_H
#define UM_SINGLE_FLIGHT_H
/* Single flight: when several threads are about to do the same expensive thing at the same time, one of them does it
 * and the others wait for its result. For the threads of one process. */
#include <apr_pools.h>
#include <apr_time.h>

typedef struct um_single_flight_t um_single_flight_t;

/** A thread's part, on its stack; not to be copied. */
typedef struct um_single_flight_part_t {
    struct um_single_flight_part_t *next, *waiters;
    const void *key;
    apr_size_t len;
    int result, done;
} um_single_flight_part_t;

/** APR_ENOMEM or the system's error: *flight must not be used. */
apr_status_t um_single_flight_create(apr_pool_t *pool, um_single_flight_t **flight);

/** 1: this thread is to do what the len bytes at key stand for (they are compared in constant time). It must call
 * um_single_flight_end, and key must live until then. 0: another thread did it, and this one has waited for it.
 * @param wait    microseconds that the thread waits at most; 0 or less: it does not wait
 * @param late    the result when that time was too short
 * @param result  set when 0 is returned: the result that the other thread passed to um_single_flight_end, or late */
int um_single_flight_begin(um_single_flight_t *flight, um_single_flight_part_t *part, const void *key, apr_size_t len,
                           apr_interval_time_t wait, int late, int *result);

/** Passes the result to all threads that wait for it. */
void um_single_flight_end(um_single_flight_t *flight, um_single_flight_part_t *part, int result);

#endif
