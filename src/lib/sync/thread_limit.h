/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THREAD_LIMIT_H
#define UM_THREAD_LIMIT_H
/* Bounds how many threads of a process use something at a time, and how long others wait for it: something that answers
 * in a moment or, when it is in trouble, not at all. Then only some of the threads may be held up by it.
 *
 * While calls come back, any number of threads waits: their turn is near. When none has come back for half a second,
 * those beyond the total's limit are refused at once. */
#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>

/** What the limits of a process share. */
typedef struct um_thread_limit_total_t {
    apr_uint32_t most;         /**< threads that may be held up by all of them together */
    apr_uint32_t count;        /**< atomic: that use or wait for one now */
} um_thread_limit_total_t;

typedef struct um_thread_limit_t um_thread_limit_t;

/** @param most  places */
um_thread_limit_t *um_thread_limit_create(apr_pool_t *pool, um_thread_limit_total_t *total, int most);

/** Takes a place, and is the only thread that fetches what belongs to it until um_thread_limit_fetched.
 * @return APR_SUCCESS; APR_TIMEUP: all places were in use for that long; APR_EBUSY: another thread was fetching for
 * that long; APR_EAGAIN: too many are held up, and no call comes back */
apr_status_t um_thread_limit_enter(um_thread_limit_t *limit, apr_uint32_t milliseconds);
void um_thread_limit_fetched(um_thread_limit_t *limit);
void um_thread_limit_leave(um_thread_limit_t *limit);

/** Joins those who wait without a place, for another thread that has one. APR_EAGAIN as above. */
apr_status_t um_thread_limit_wait_begin(um_thread_limit_t *limit);
void um_thread_limit_wait_end(um_thread_limit_t *limit);

/** A call came back, whatever it brought. */
void um_thread_limit_progress(um_thread_limit_t *limit);

#endif
