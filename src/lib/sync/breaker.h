/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BREAKER_H
#define UM_BREAKER_H
/* A circuit breaker for a service that may be unreachable. While it is, the breaker is open: one thread at a time tries
 * the service now and then, and all others are refused at once. Without it each thread would wait for a timeout, and
 * all threads of the process could hang. For the threads of one process; all functions are atomic. */
#include <apr.h>

/** Zeroed: closed, all threads may use the service; trials have a fixed interval. */
typedef struct um_breaker_t {
    apr_uint32_t longest;      /**< milliseconds up to which each failed trial doubles the interval; 0: it is fixed */
    apr_uint32_t interval;     /**< the present interval; 0: the first */
    apr_uint32_t retry_at;     /**< um_monotonic_tick of the next trial; 0: the breaker is closed */
    apr_uint32_t trial;        /**< um_monotonic_tick at which a thread began a trial; 0: no trial is running */
} um_breaker_t;

/** Whether the thread may use the service. While the breaker is open, one thread at a time may, at first every 200 ms.
 * Threads that come while a trial is running wait up to 100 ms for its result, because it mostly succeeds. A thread
 * that gets 1 must report the result with um_breaker_up or um_breaker_down. */
int um_breaker_may_try(um_breaker_t *breaker);

/** Opens the breaker on suspicion. The next thread makes a trial at once. */
void um_breaker_open(um_breaker_t *breaker);

/** Reports that the service answered, or that it did not. */
void um_breaker_up(um_breaker_t *breaker);
void um_breaker_down(um_breaker_t *breaker);

/** Whether the breaker is open. */
int um_breaker_is_down(um_breaker_t *breaker);

#endif
