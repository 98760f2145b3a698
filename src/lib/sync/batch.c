/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>

/* While several threads are active, those that were just served come back at once with the next item. A batch waits so
 * long for them. */
#define COLLECT_MICROSECONDS 400

/* An item; on the stack of its thread, which waits until it is done. */
typedef struct slot_t {
    struct slot_t *next;
    void *item;
    apr_status_t rv;
    int done;
} slot_t;

struct um_batch_t {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    um_batch_fn *fn;
    void *baton;
    int most;
    int busy;                   /* a thread works */
    int several;                /* several threads are active: items waited when the last work ended */
    slot_t *first, **end;       /* the waiting items, in the order in which they came */
};

apr_status_t um_batch_create(apr_pool_t *pool, int most, um_batch_fn *fn, void *baton, um_batch_t **batch)
{
    um_batch_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t rv = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    made->fn = fn;
    made->baton = baton;
    made->most = most;
    made->end = &made->first;
    *batch = made;
    return rv == APR_SUCCESS ? apr_thread_cond_create(&made->changed, pool) : rv;
}

static int take(um_batch_t *batch, slot_t **slots)
{
    int count = 0;

    while (batch->first && count < batch->most) {
        slots[count++] = batch->first;
        batch->first = batch->first->next;
    }
    if (!batch->first) {
        batch->end = &batch->first;
    }
    return count;
}

/* Called with the mutex held; releases it during the work. */
static void work(um_batch_t *batch)
{
    slot_t *slots[UM_BATCH_MOST];
    void *items[UM_BATCH_MOST];
    apr_status_t rv;
    int count;

    batch->busy = 1;
    if (batch->several) {
        apr_thread_mutex_unlock(batch->mutex);
        apr_sleep(COLLECT_MICROSECONDS);
        apr_thread_mutex_lock(batch->mutex);
    }
    count = take(batch, slots);
    for (int i = 0; i < count; i++) {
        items[i] = slots[i]->item;
    }
    apr_thread_mutex_unlock(batch->mutex);
    rv = batch->fn(batch->baton, items, count);
    apr_thread_mutex_lock(batch->mutex);
    batch->busy = 0;
    batch->several = batch->first != NULL || (batch->several && count > 1);
    for (int i = 0; i < count; i++) {
        slots[i]->rv = rv;
        slots[i]->done = 1;
    }
    apr_thread_cond_broadcast(batch->changed);
}

apr_status_t um_batch_run(um_batch_t *batch, void *item)
{
    slot_t slot = { .item = item };

    apr_thread_mutex_lock(batch->mutex);
    *batch->end = &slot;
    batch->end = &slot.next;
    while (!slot.done) {
        if (batch->busy) {
            apr_thread_cond_wait(batch->changed, batch->mutex);
        }
        else {
            work(batch);
        }
    }
    apr_thread_mutex_unlock(batch->mutex);
    return slot.rv;
}
