/* SPDX-License-Identifier: Apache-2.0 */
#include "single_flight.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <openssl/crypto.h>

struct um_single_flight_t {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *ended;
    um_single_flight_part_t *first; /* the threads that work; waiters of each: the threads that wait for it */
};

apr_status_t um_single_flight_create(apr_pool_t *pool, um_single_flight_t **flight)
{
    um_single_flight_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    *flight = made;
    return rv == APR_SUCCESS ? apr_thread_cond_create(&made->ended, pool) : rv;
}

static um_single_flight_part_t *find_leader(const um_single_flight_t *flight, const void *key, apr_size_t len)
{
    um_single_flight_part_t *part = flight->first;

    while (part && (part->len != len || CRYPTO_memcmp(part->key, key, len) != 0)) {
        part = part->next;
    }
    return part;
}

/* Takes a part out of the list of waiters. */
static void remove_waiter(um_single_flight_part_t **from, um_single_flight_part_t *part)
{
    while (*from && *from != part) {
        from = &(*from)->waiters;
    }
    if (*from) {
        *from = part->waiters;
    }
}

/* Called with the mutex held. The leader needs the mutex to end, so it exists until part is done. */
static void await(um_single_flight_t *flight, um_single_flight_part_t *leader, um_single_flight_part_t *part,
                  apr_interval_time_t wait)
{
    apr_time_t until = apr_time_now() + wait;
    apr_interval_time_t left = wait;

    part->waiters = leader->waiters;
    leader->waiters = part;
    while (!part->done && left > 0 && left <= wait) {
        (void)apr_thread_cond_timedwait(flight->ended, flight->mutex, left);
        left = until - apr_time_now();
    }
    if (!part->done) {
        remove_waiter(&leader->waiters, part);
    }
}

int um_single_flight_begin(um_single_flight_t *flight, um_single_flight_part_t *part, const void *key, apr_size_t len,
                           apr_interval_time_t wait, int late, int *result)
{
    um_single_flight_part_t *leader;

    *part = (um_single_flight_part_t){ .key = key, .len = len, .result = late };
    apr_thread_mutex_lock(flight->mutex);
    leader = find_leader(flight, key, len);
    if (leader) {
        await(flight, leader, part, wait);
        *result = part->result;
    }
    else {
        part->next = flight->first;
        flight->first = part;
    }
    apr_thread_mutex_unlock(flight->mutex);
    return leader == NULL;
}

void um_single_flight_end(um_single_flight_t *flight, um_single_flight_part_t *part, int result)
{
    um_single_flight_part_t **from = &flight->first;

    apr_thread_mutex_lock(flight->mutex);
    while (*from != part) {
        from = &(*from)->next;
    }
    *from = part->next;
    for (um_single_flight_part_t *other = part->waiters; other; other = other->waiters) {
        other->result = result;
        other->done = 1;
    }
    apr_thread_cond_broadcast(flight->ended);
    apr_thread_mutex_unlock(flight->mutex);
}
