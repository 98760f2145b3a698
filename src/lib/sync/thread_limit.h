/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THREAD_LIMIT_H
#define UM_THREAD_LIMIT_H
/* Limits how many threads of a process use a service at a time, and how long others wait for it. The service mostly
 * answers at once but, when it is in trouble, not at all; then it may hold up only some of the threads.
 *
 * While calls return, any number of threads waits, because their turn comes soon. When no call has returned for half a
 * second, the threads beyond the process's total are refused at once. */
#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>

/** The total of all limits of a process. */
typedef struct um_thread_limit_total_t {
    apr_uint32_t most;         /**< threads that all services together may hold up */
    apr_uint32_t count;        /**< atomic: threads that use a service or wait for one now */
} um_thread_limit_total_t;

typedef struct um_thread_limit_t um_thread_limit_t;

/** @param most  threads that use the service at a time */
um_thread_limit_t *um_thread_limit_create(apr_pool_t *pool, um_thread_limit_total_t *total, int most);

/** Takes a place. Until um_thread_limit_fetched, this thread is the only one that fetches what it needs for its place,
 * such as a connection.
 * @param milliseconds  how long to wait while all places are taken. While places are free and other threads fetch for
 * theirs, five times as long.
 * @return APR_SUCCESS. APR_TIMEUP: all places were taken for that time. APR_EINPROGRESS: places were free, but other
 * threads fetched for theirs, one after the other, for five times that time. APR_EBUSY: one other thread has been
 * fetching for that time. APR_EAGAIN: too many threads are held up, and no call returns */
apr_status_t um_thread_limit_enter(um_thread_limit_t *limit, apr_uint32_t milliseconds);
void um_thread_limit_fetched(um_thread_limit_t *limit);
void um_thread_limit_leave(um_thread_limit_t *limit);

/** Counts the calling thread, which has no place of its own and waits for a thread that has one. APR_EAGAIN: as
 * above. */
apr_status_t um_thread_limit_wait_begin(um_thread_limit_t *limit);
void um_thread_limit_wait_end(um_thread_limit_t *limit);

/** Reports that a call returned, with whatever result. */
void um_thread_limit_progress(um_thread_limit_t *limit);

#endif
