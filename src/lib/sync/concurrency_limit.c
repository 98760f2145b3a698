/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_mutex_clocklock, sem_clockwait */
#endif
#include "concurrency_limit.h"

#include "lock_until.h"

#include <apr_strings.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define RETRY 50000         /* us after which the first waiter looks for a slot again: a holder may have died */
#define PATIENCE 500000     /* us after which other waiters look for a slot: the first one may be stopped */
#define LONGEST 60000000    /* us at most that count in the average: a holder may have been stopped */
#define VERSION 3           /* of the layout in memory: another meaning of the same bytes needs another number */

#if ATOMIC_LLONG_LOCK_FREE != 2
#error "64-bit atomics without a lock are needed: a lock would not be shared between processes"
#endif

typedef struct place_t {
    pthread_mutex_t lock;       /* held by the waiter */
    _Atomic int is_taken;       /* set while it is; also after the waiter died */
    _Atomic apr_uint64_t who;   /* for whom it is taken; 0: nobody in particular */
} place_t;

/* All mutexes are robust: when a holder or waiter dies, the next one that tries gets its mutex. */
typedef struct shared_t {
    pthread_mutex_t first;      /* held by the waiter that gets the next slot */
    sem_t left;                 /* wakes that waiter: a holder has left */
    _Atomic apr_uint64_t average; /* us that a holder stays inside; 0: none has been inside yet */
    pthread_mutex_t slots[UM_CONCURRENCY_LIMIT_MAX_HOLDERS];
    place_t queue[UM_CONCURRENCY_LIMIT_MAX_QUEUE];
} shared_t;

struct um_concurrency_limit_t {
    shared_t *shared;
    int holders;
    int queue;
    int threads;                /* of this process that may be inside or wait; 0: all */
    pthread_mutex_t busy_lock;  /* of the threads of this process: busy and busy_for */
    int busy;                   /* of this process: threads that are inside or wait */
    apr_uint64_t *busy_for;     /* the client of each busy thread, as in um_concurrency_limit_enter_for() */
    apr_pool_t *pool;
};

static apr_uint64_t monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_uint64_t)now.tv_sec * 1000000 + (apr_uint64_t)now.tv_nsec / 1000;
}

/* --- mutexes of which a holder may have died --- */

static int is_locked(pthread_mutex_t *mutex, int rv)
{
    return rv == 0 || (rv == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0);
}

static int try_lock(pthread_mutex_t *mutex)
{
    return is_locked(mutex, pthread_mutex_trylock(mutex));
}

/* The time at which a wait ends: at until, or after longest us. */
static struct timespec end_of_wait(apr_uint64_t until, apr_uint64_t longest)
{
    apr_uint64_t now = monotonic(), wait = until > now ? until - now : 0;
    struct timespec end;

    clock_gettime(UM_WAIT_CLOCK, &end);
    end.tv_nsec += (long)(wait < longest ? wait : longest) * 1000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    return end;
}

/* --- slots and places --- */

static int take_slot(const um_concurrency_limit_t *limit, um_concurrency_limit_pass_t *pass)
{
    for (int i = 0; i < limit->holders; i++) {
        if (try_lock(&limit->shared->slots[i])) {
            pass->slot = i;
            return 1;
        }
    }
    return 0;
}

static void leave_place(place_t *place)
{
    atomic_store(&place->is_taken, 0);
    pthread_mutex_unlock(&place->lock);
}

/* Counts the waiters in all places, not only in those of limit->queue: another process may use more. Places of dead
 * waiters become free.
 * @param who  only those who wait for this one; 0: all */
static int count_waiting(const um_concurrency_limit_t *limit, apr_uint64_t who)
{
    int count = 0;

    for (int i = 0; i < UM_CONCURRENCY_LIMIT_MAX_QUEUE; i++) {
        place_t *place = &limit->shared->queue[i];

        if (atomic_load(&place->is_taken) && (!who || atomic_load(&place->who) == who)) {
            if (try_lock(&place->lock)) {
                leave_place(place);
            }
            else {
                count++;
            }
        }
    }
    return count;
}

/* How many of so many places one client may have. */
static int share_of(int places)
{
    return places > 1 ? places / 2 : 1;
}

/* At most half of the places, and one at least, are for the same one. Of several that come at the same moment, each
 * counts after it has its place. So there are never more, but the last ones may all be refused. */
static place_t *take_place(const um_concurrency_limit_t *limit, apr_uint64_t who)
{
    int most = share_of(limit->queue);

    for (int i = 0; i < limit->queue; i++) {
        place_t *place = &limit->shared->queue[i];

        if (try_lock(&place->lock)) {
            atomic_store(&place->who, who);
            atomic_store(&place->is_taken, 1);
            if (!who || count_waiting(limit, who) <= most) {
                return place;
            }
            leave_place(place);
            return NULL;
        }
    }
    return NULL;
}

/* Whether the waiters ahead will be through in time. A caller that would wait in vain is refused at once. */
static int is_in_time(const um_concurrency_limit_t *limit, apr_interval_time_t wait)
{
    apr_uint64_t waiting = (apr_uint64_t)count_waiting(limit, 0);

    return waiting * atomic_load(&limit->shared->average) / (apr_uint64_t)limit->holders <= (apr_uint64_t)wait;
}

/* --- waiting --- */

/* Becomes the first waiter, or finds a slot that a stopped first one does not take. */
static apr_status_t wait_to_be_first(const um_concurrency_limit_t *limit, apr_uint64_t until,
                                     um_concurrency_limit_pass_t *pass)
{
    for (;;) {
        struct timespec end = end_of_wait(until, PATIENCE);
        int rv = um_lock_until(&limit->shared->first, &end);

        if (is_locked(&limit->shared->first, rv)) {
            return APR_SUCCESS;
        }
        if (take_slot(limit, pass)) {
            return APR_SUCCESS;
        }
        if (monotonic() >= until) {
            return APR_TIMEUP;
        }
        if (rv != ETIMEDOUT) {
            /* The memory is damaged. Without a pause this would be a busy loop. */
            apr_sleep(RETRY);
        }
    }
}

static apr_status_t wait_for_slot(const um_concurrency_limit_t *limit, apr_uint64_t until,
                                  um_concurrency_limit_pass_t *pass)
{
    apr_status_t status = wait_to_be_first(limit, until, pass);

    if (status != APR_SUCCESS || pass->slot >= 0) {
        return status;
    }
    while (!take_slot(limit, pass) && status == APR_SUCCESS) {
        struct timespec end = end_of_wait(until, RETRY);

        if (um_wait_until(&limit->shared->left, &end) != 0 && errno != ETIMEDOUT && errno != EINTR) {
            apr_sleep(RETRY); /* as above */
        }
        status = monotonic() < until ? APR_SUCCESS : APR_TIMEUP;
    }
    pthread_mutex_unlock(&limit->shared->first);
    return pass->slot >= 0 ? APR_SUCCESS : status;
}

static apr_status_t enter_or_wait(const um_concurrency_limit_t *limit, apr_uint64_t who, apr_interval_time_t wait,
                                  um_concurrency_limit_pass_t *pass)
{
    apr_uint64_t until = monotonic() + (wait > 0 ? (apr_uint64_t)wait : 0);
    apr_status_t status;
    place_t *place;

    if (limit->queue == 0) {
        return take_slot(limit, pass) ? APR_SUCCESS : APR_EAGAIN;
    }
    /* A newcomer does not overtake a waiter. */
    if (try_lock(&limit->shared->first)) {
        int is_inside = take_slot(limit, pass);

        pthread_mutex_unlock(&limit->shared->first);
        if (is_inside) {
            return APR_SUCCESS;
        }
    }
    if (wait <= 0) {
        return APR_TIMEUP;
    }
    place = is_in_time(limit, wait) ? take_place(limit, who) : NULL;
    if (!place) {
        return APR_EAGAIN;
    }
    status = wait_for_slot(limit, until, pass);
    leave_place(place);
    return status;
}

/* The newest time has a weight of an eighth, so a change of the hash's cost shows after some ten of them. Of two
 * holders that leave at the same moment, one may not be counted. */
static void note_time(shared_t *shared, apr_uint64_t since)
{
    apr_uint64_t average = atomic_load(&shared->average), now = monotonic();
    apr_uint64_t took = now > since ? now - since : 0;

    took = took < LONGEST ? took : LONGEST;
    atomic_store(&shared->average, average ? average - average / 8 + took / 8 : took + 1);
}

/* --- the limit --- */

static int bound(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

apr_size_t um_concurrency_limit_size(void)
{
    return sizeof(shared_t);
}

const char *um_concurrency_limit_form(apr_pool_t *pool)
{
    return apr_psprintf(pool, "concurrency limit %d/%d", VERSION, (int)sizeof(shared_t));
}

apr_status_t um_concurrency_limit_init(void *memory)
{
    shared_t *shared = memory;
    pthread_mutexattr_t robust;

    memset(shared, 0, sizeof(*shared));
    if (pthread_mutexattr_init(&robust) != 0 || pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED) != 0
        || pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST) != 0
        || pthread_mutex_init(&shared->first, &robust) != 0 || sem_init(&shared->left, 1, 0) != 0) {
        return APR_ENOTIMPL;
    }
    for (int i = 0; i < UM_CONCURRENCY_LIMIT_MAX_HOLDERS; i++) {
        pthread_mutex_init(&shared->slots[i], &robust);
    }
    for (int i = 0; i < UM_CONCURRENCY_LIMIT_MAX_QUEUE; i++) {
        pthread_mutex_init(&shared->queue[i].lock, &robust);
    }
    pthread_mutexattr_destroy(&robust);
    return APR_SUCCESS;
}

um_concurrency_limit_t *um_concurrency_limit_attach(apr_pool_t *pool, void *memory, int holders, int queue)
{
    um_concurrency_limit_t *limit = apr_pcalloc(pool, sizeof(*limit));

    limit->shared = memory;
    limit->holders = bound(holders, 1, UM_CONCURRENCY_LIMIT_MAX_HOLDERS);
    limit->queue = bound(queue, 0, UM_CONCURRENCY_LIMIT_MAX_QUEUE);
    limit->pool = pool;
    pthread_mutex_init(&limit->busy_lock, NULL);
    return limit;
}

void um_concurrency_limit_bounds(const um_concurrency_limit_t *limit, int *holders, int *queue)
{
    *holders = limit->holders;
    *queue = limit->queue;
}

void um_concurrency_limit_threads(um_concurrency_limit_t *limit, int threads)
{
    limit->threads = threads;
    limit->busy_for = apr_pcalloc(limit->pool, (apr_size_t)threads * sizeof(*limit->busy_for));
}

int um_concurrency_limit_join(um_concurrency_limit_t *limit, apr_uint64_t who)
{
    int same = 0, is_allowed;

    if (!limit->threads) {
        return 1;
    }
    pthread_mutex_lock(&limit->busy_lock);
    for (int i = 0; i < limit->busy && who; i++) {
        same += limit->busy_for[i] == who;
    }
    is_allowed = limit->busy < limit->threads && same < share_of(limit->threads);
    if (is_allowed) {
        limit->busy_for[limit->busy++] = who;
    }
    pthread_mutex_unlock(&limit->busy_lock);
    return is_allowed;
}

void um_concurrency_limit_part(um_concurrency_limit_t *limit, apr_uint64_t who)
{
    int i = 0;

    pthread_mutex_lock(&limit->busy_lock);
    while (i < limit->busy && limit->busy_for[i] != who) {
        i++;
    }
    if (i < limit->busy) {
        limit->busy_for[i] = limit->busy_for[--limit->busy];
    }
    pthread_mutex_unlock(&limit->busy_lock);
}

apr_status_t um_concurrency_limit_enter(um_concurrency_limit_t *limit, apr_interval_time_t wait,
                                        um_concurrency_limit_pass_t *pass)
{
    return um_concurrency_limit_enter_for(limit, 0, wait, pass);
}

apr_status_t um_concurrency_limit_enter_for(um_concurrency_limit_t *limit, apr_uint64_t who, apr_interval_time_t wait,
                                            um_concurrency_limit_pass_t *pass)
{
    apr_status_t status;

    pass->slot = -1;
    pass->who = who;
    if (!um_concurrency_limit_join(limit, who)) {
        return APR_EAGAIN;
    }
    status = enter_or_wait(limit, who, wait, pass);
    if (status == APR_SUCCESS) {
        pass->since = monotonic();
    }
    else {
        um_concurrency_limit_part(limit, who);
    }
    return status;
}

void um_concurrency_limit_leave(um_concurrency_limit_t *limit, um_concurrency_limit_pass_t *pass)
{
    int slot = pass->slot, value = 0;

    pass->slot = -1;
    /* Only the thread that locked a robust mutex can unlock it. */
    if (slot < 0 || slot >= UM_CONCURRENCY_LIMIT_MAX_HOLDERS
        || pthread_mutex_unlock(&limit->shared->slots[slot]) != 0) {
        return;
    }
    um_concurrency_limit_part(limit, pass->who);
    note_time(limit->shared, pass->since);
    /* While nobody waits the semaphore must not count up to its limit. */
    if (sem_getvalue(&limit->shared->left, &value) != 0 || value < 1) {
        sem_post(&limit->shared->left);
    }
}
