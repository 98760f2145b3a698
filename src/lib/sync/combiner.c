/* SPDX-License-Identifier: Apache-2.0 */
#include "combiner.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>

/* When there is a crowd, those who were just served come again: so long they are waited for. */
#define GATHER_MICROSECONDS 400

/* On the stack of the thread that brought it, which stays until it is done. */
typedef struct slot_t {
    struct slot_t *next;
    void *item;
    apr_status_t rv;
    int done;
} slot_t;

struct um_combiner_t {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    um_combiner_fn *fn;
    void *baton;
    int most;
    int busy;                   /* a thread is at work */
    int crowded;                /* others waited when the last work ended: more are on their way */
    slot_t *first, **end;       /* what waits, in the order it came */
};

apr_status_t um_combiner_create(apr_pool_t *pool, int most, um_combiner_fn *fn, void *baton, um_combiner_t **combiner)
{
    um_combiner_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    made->fn = fn;
    made->baton = baton;
    made->most = most;
    made->end = &made->first;
    *combiner = made;
    return rv == APR_SUCCESS ? apr_thread_cond_create(&made->changed, pool) : rv;
}

static int take(um_combiner_t *combiner, slot_t **slots)
{
    int count = 0;

    while (combiner->first && count < combiner->most) {
        slots[count++] = combiner->first;
        combiner->first = combiner->first->next;
    }
    if (!combiner->first) {
        combiner->end = &combiner->first;
    }
    return count;
}

/* With the mutex held, which is let go during the work. */
static void work(um_combiner_t *combiner)
{
    slot_t *slots[UM_COMBINER_MOST];
    void *items[UM_COMBINER_MOST];
    apr_status_t rv;
    int count;

    combiner->busy = 1;
    if (combiner->crowded) {
        apr_thread_mutex_unlock(combiner->mutex);
        apr_sleep(GATHER_MICROSECONDS);
        apr_thread_mutex_lock(combiner->mutex);
    }
    count = take(combiner, slots);
    for (int i = 0; i < count; i++) {
        items[i] = slots[i]->item;
    }
    apr_thread_mutex_unlock(combiner->mutex);
    rv = combiner->fn(combiner->baton, items, count);
    apr_thread_mutex_lock(combiner->mutex);
    combiner->busy = 0;
    combiner->crowded = combiner->first != NULL || (combiner->crowded && count > 1);
    for (int i = 0; i < count; i++) {
        slots[i]->rv = rv;
        slots[i]->done = 1;
    }
    apr_thread_cond_broadcast(combiner->changed);
}

apr_status_t um_combiner_do(um_combiner_t *combiner, void *item)
{
    slot_t slot = { .item = item };

    apr_thread_mutex_lock(combiner->mutex);
    *combiner->end = &slot;
    combiner->end = &slot.next;
    while (!slot.done) {
        if (combiner->busy) {
            apr_thread_cond_wait(combiner->changed, combiner->mutex);
        }
        else {
            work(combiner);
        }
    }
    apr_thread_mutex_unlock(combiner->mutex);
    return slot.rv;
}
