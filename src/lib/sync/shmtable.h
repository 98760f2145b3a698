/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SHMTABLE_H
#define UM_SHMTABLE_H
/* A cache in shared memory: keys of 16 random bytes, values of up to 64 KB. When room is needed, the values least
 * recently used are evicted. Whatever goes wrong, a value may be missing, but a value that is found is complete.
 * The table has 64 parts, each with a robust mutex. When a process dies while it holds one, that part is emptied,
 * because it may be half changed. When a holder is stopped, other threads wait 20 ms for that part and go on without
 * it. There is no pointer in the memory but those of the mutexes, and no number in it is trusted beyond its own
 * part. */
#include <apr_pools.h>

#define UM_SHMTABLE_KEY 16
/** Bytes of the longest value; in a small table a third of a part, which is 4 KB at least. */
#define UM_SHMTABLE_LONGEST 65536u
#define UM_SHMTABLE_LEAST 1048576u       /**< bytes of the smallest table */

typedef struct um_shmtable_t um_shmtable_t;

/** Lays the table out in size bytes at memory, which are all zero and aligned for a 64-bit number; once, before any
 * process attaches. Pages are touched only when they are needed. An entry takes 128 bytes for each 112 bytes, or part
 * of them, of its value and 16 more. APR_EINVAL: the memory is too small. APR_ENOTIMPL: the system has no robust
 * mutexes between processes. */
apr_status_t um_shmtable_init(void *memory, apr_size_t size);

/** This process's view of a table, for any number of threads. The memory must outlive pool; size is the one given to
 * um_shmtable_init. NULL: the memory holds something else. */
um_shmtable_t *um_shmtable_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** A short text that differs where another version of this file lays the memory out in another way. */
const char *um_shmtable_form(apr_pool_t *pool);

/** Looks a key up. 1: *value is a copy in pool, of *len bytes. 0: there is no value. */
int um_shmtable_get(um_shmtable_t *table, apr_pool_t *pool, const unsigned char key[UM_SHMTABLE_KEY],
                    const void **value, apr_size_t *len);

/** Stores a copy of a value and drops the one that the key had. A value that is too long is not stored, but the old one
 * is dropped all the same. */
void um_shmtable_put(um_shmtable_t *table, const unsigned char key[UM_SHMTABLE_KEY], const void *value,
                     apr_size_t len);

void um_shmtable_remove(um_shmtable_t *table, const unsigned char key[UM_SHMTABLE_KEY]);

/** The number of entries, counted part by part. */
apr_size_t um_shmtable_count(um_shmtable_t *table);

#endif
