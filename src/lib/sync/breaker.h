/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BREAKER_H
#define UM_BREAKER_H
/* A circuit breaker for something that may be away: while it is, one thread at a time tries now and then, and the
 * others are sent off at once. Asking a hanging host costs a time-out each time; let everybody ask and all threads
 * hang. For threads of one process; all of it is atomic. */
#include <apr.h>

/** Zeroed: closed, all may pass; trials come at a fixed interval. */
typedef struct um_breaker_t {
    apr_uint32_t longest;      /**< milliseconds up to which each failed trial doubles the interval; 0: fixed */
    apr_uint32_t interval;     /**< present interval, 0 for the first */
    apr_uint32_t retry_at;     /**< the tick of the next trial; 0: it is there */
    apr_uint32_t trial;        /**< the tick at which a thread began to try; 0: none does */
} um_breaker_t;

/** Whether to ask: always while it is there; else for one thread at a time, at first every 200 ms. Threads that come
 * just after a trial has begun wait up to 100 ms for its result, since mostly it succeeds. A thread that gets 1 must
 * report how it went with um_breaker_up or um_breaker_down. */
int um_breaker_may_try(um_breaker_t *breaker);

/** Opens the breaker on a suspicion: the next thread that asks finds out. */
void um_breaker_suspect(um_breaker_t *breaker);

void um_breaker_up(um_breaker_t *breaker);
void um_breaker_down(um_breaker_t *breaker);

/** Whether it was found away and nobody has seen it since. */
int um_breaker_is_down(um_breaker_t *breaker);

#endif
