/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_COMBINER_H
#define UM_COMBINER_H
/* Work that costs little more for several than for one, such as a commit: while one thread does it, what others bring
 * gathers, and then one of them does it for all. Alone, a thread waits for nobody; in a crowd 0.4 ms for the others.
 * For threads of one process. */
#include <apr_pools.h>

typedef struct um_combiner_t um_combiner_t;

/** Does the work of count items, which belong to threads that wait meanwhile: their items and pools may be written to.
 * Its status is that of each item. */
typedef apr_status_t um_combiner_fn(void *baton, void *const *items, int count);

#define UM_COMBINER_MOST 64

/** @param most  items that are done together, 1 to UM_COMBINER_MOST
 * APR_ENOMEM or the system's error: there is none. */
apr_status_t um_combiner_create(apr_pool_t *pool, int most, um_combiner_fn *fn, void *baton, um_combiner_t **combiner);

/** Has an item done, here or by another thread; the status of the work it was part of. */
apr_status_t um_combiner_do(um_combiner_t *combiner, void *item);

#endif
