/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BATCH_H
#define UM_BATCH_H
/* Batches work that costs hardly more for several items than for one, such as a commit. While one thread works, the
 * items of other threads are collected; then one of these threads does the work for all of them. A single thread waits
 * for nobody; when several are active, a batch waits 0.4 ms for more items. For the threads of one process. */
#include <apr_pools.h>

typedef struct um_batch_t um_batch_t;

/** Does the work of count items. The threads that they belong to wait meanwhile, so the items and the pools of these
 * threads may be written to. The status returned is that of each item. */
typedef apr_status_t um_batch_fn(void *baton, void *const *items, int count);

#define UM_BATCH_MOST 64

/** @param most  items that are worked on together, 1 to UM_BATCH_MOST
 * @return APR_SUCCESS, APR_ENOMEM or the system's error; then *batch must not be used */
apr_status_t um_batch_create(apr_pool_t *pool, int most, um_batch_fn *fn, void *baton, um_batch_t **batch);

/** Has the work of an item done, by this thread or another one. Returns the status of that work. */
apr_status_t um_batch_run(um_batch_t *batch, void *item);

#endif
