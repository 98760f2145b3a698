/* SPDX-License-Identifier: Apache-2.0 */
#include "thread_limit.h"

#include "monotonic.h"

#include <apr_atomic.h>
#include <pthread.h>
#include <time.h>

/* When no call has returned for so long, the service hangs. It is longer than the steps in which threads wait for a
 * restart of the database. */
#define STALLED_MS 500
/* How often a waiting thread checks whether the service hangs. */
#define STEP_MS 100
/* How many times as long a thread waits while others fetch one after the other: at a cold start under load each place
 * needs a connection of its own first. */
#define FETCH_TIMES 5

struct um_thread_limit_t {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    um_thread_limit_total_t *total;
    int most, in_use, waiting;
    int fetching;              /* a thread fetches what it needs for its place */
    apr_uint32_t fetch_began;  /* um_monotonic_tick at which it began to */
    apr_uint32_t alive;        /* atomic: um_monotonic_tick at which a call returned, or the first one began */
};

um_thread_limit_t *um_thread_limit_create(apr_pool_t *pool, um_thread_limit_total_t *total, int most)
{
    um_thread_limit_t *made = apr_pcalloc(pool, sizeof(*made));
    pthread_condattr_t monotonic;

    made->total = total;
    made->most = most;
    pthread_mutex_init(&made->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return made;
}

/* The difference is signed, because another thread may set a later tick between the two reads. */
static int is_stalled(um_thread_limit_t *limit)
{
    return limit->in_use && (apr_int32_t)(um_monotonic_tick() - apr_atomic_read32(&limit->alive)) > STALLED_MS;
}

static void wait_a_step(um_thread_limit_t *limit)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_nsec += STEP_MS * 1000000L;
    when.tv_sec += when.tv_nsec / 1000000000;
    when.tv_nsec %= 1000000000;
    limit->waiting++;
    (void)pthread_cond_timedwait(&limit->changed, &limit->mutex, &when);
    limit->waiting--;
}

/* Called with the mutex held. */
static apr_status_t await_place(um_thread_limit_t *limit, apr_uint32_t milliseconds)
{
    apr_uint32_t since = 0, now;

    for (;;) {
        if (apr_atomic_read32(&limit->total->count) > limit->total->most && is_stalled(limit)) {
            return APR_EAGAIN;
        }
        if (limit->in_use < limit->most && !limit->fetching) {
            return APR_SUCCESS;
        }
        now = um_monotonic_tick();
        since = since ? since : now;
        if (limit->fetching && now - limit->fetch_began >= milliseconds) {
            return APR_EBUSY;
        }
        if (limit->in_use < limit->most && now - since >= milliseconds * FETCH_TIMES) {
            return APR_EINPROGRESS;
        }
        if (limit->in_use >= limit->most && now - since >= milliseconds) {
            return APR_TIMEUP;
        }
        wait_a_step(limit);
    }
}

apr_status_t um_thread_limit_enter(um_thread_limit_t *limit, apr_uint32_t milliseconds)
{
    apr_status_t rv;

    apr_atomic_inc32(&limit->total->count);
    pthread_mutex_lock(&limit->mutex);
    rv = await_place(limit, milliseconds);
    if (rv == APR_SUCCESS) {
        if (!limit->in_use++) {
            um_thread_limit_progress(limit);
        }
        limit->fetching = 1;
        limit->fetch_began = um_monotonic_tick();
    }
    else {
        /* Before the mutex is left: the next thread would find one too many and leave as well. */
        apr_atomic_dec32(&limit->total->count);
    }
    pthread_mutex_unlock(&limit->mutex);
    return rv;
}

apr_status_t um_thread_limit_wait_begin(um_thread_limit_t *limit)
{
    int is_full;

    apr_atomic_inc32(&limit->total->count);
    pthread_mutex_lock(&limit->mutex);
    is_full = apr_atomic_read32(&limit->total->count) > limit->total->most && is_stalled(limit);
    if (is_full) {
        apr_atomic_dec32(&limit->total->count);
    }
    pthread_mutex_unlock(&limit->mutex);
    return is_full ? APR_EAGAIN : APR_SUCCESS;
}

void um_thread_limit_wait_end(um_thread_limit_t *limit)
{
    apr_atomic_dec32(&limit->total->count);
}

static void wake_one(um_thread_limit_t *limit)
{
    if (limit->waiting) {
        pthread_cond_signal(&limit->changed);
    }
}

void um_thread_limit_fetched(um_thread_limit_t *limit)
{
    pthread_mutex_lock(&limit->mutex);
    limit->fetching = 0;
    wake_one(limit);
    pthread_mutex_unlock(&limit->mutex);
}

void um_thread_limit_leave(um_thread_limit_t *limit)
{
    pthread_mutex_lock(&limit->mutex);
    limit->in_use--;
    wake_one(limit);
    pthread_mutex_unlock(&limit->mutex);
    apr_atomic_dec32(&limit->total->count);
}

void um_thread_limit_progress(um_thread_limit_t *limit)
{
    apr_atomic_set32(&limit->alive, um_monotonic_tick());
}
