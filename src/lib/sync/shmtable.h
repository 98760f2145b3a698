/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SHMTABLE_H
#define UM_SHMTABLE_H
/* A table in memory that processes share: keys of 16 bytes that are as good as random, values of up to 64 KB that are
 * forgotten when room is needed - those least asked for lately first. A cache: whatever goes wrong, a value is not
 * there, and a value that is there is whole.
 *
 * 64 parts, each with a lock of its own that survives the death of its holder: the part is emptied then, for it may be
 * half changed. A holder that is stopped makes others wait 20 ms for that part and go on without. No pointer is in
 * the memory, and no number of it is trusted beyond the part it belongs to. */
#include <apr_pools.h>

#define UM_SHMTABLE_KEY 16
/** Bytes of the longest value; in a small table a third of a part, which is 4 KB at least. */
#define UM_SHMTABLE_LONGEST 65536u
#define UM_SHMTABLE_LEAST 1048576u       /**< bytes of the smallest table */

typedef struct um_shmtable_t um_shmtable_t;

/** Lays the table out in size bytes at memory, which are all zero and aligned for a 64-bit number; once, before any
 * process attaches. Pages are touched only when they are needed. An entry takes a multiple of 128 bytes: those of its
 * value and 16, by 112. APR_EINVAL: too small; APR_ENOTIMPL: no such locks here. */
apr_status_t um_shmtable_init(void *memory, apr_size_t size);

/** This process's view of a table, which must outlive pool. Any number of threads may use it. size is that of
 * um_shmtable_init. NULL: something else lies in the memory. */
um_shmtable_t *um_shmtable_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** A short text that differs where another version of this file lays the memory out in another way. */
const char *um_shmtable_form(apr_pool_t *pool);

/** Whether there is a value for the key; then it is copied to value, in pool. */
int um_shmtable_get(um_shmtable_t *table, apr_pool_t *pool, const unsigned char key[UM_SHMTABLE_KEY],
                    const void **value, apr_size_t *len);

/** Keeps a copy of a value in place of the one there was. One that is too long is not kept, nor is the old one. */
void um_shmtable_put(um_shmtable_t *table, const unsigned char key[UM_SHMTABLE_KEY], const void *value,
                     apr_size_t len);

void um_shmtable_remove(um_shmtable_t *table, const unsigned char key[UM_SHMTABLE_KEY]);

/** Entries there are now, counted part by part. */
apr_size_t um_shmtable_count(um_shmtable_t *table);

#endif
