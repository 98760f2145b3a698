/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_THROTTLE_TABLE_H
#define UM_THROTTLE_TABLE_H
/* Counts of what clients did, in shared memory: how often a key was used, and when it may be used again.
 *
 * An entry is one 64-bit word: 22 bits of the key's hash, a count of 5 bits, and the time at which the entry is empty
 * (37 bits of milliseconds). It is changed by compare-and-swap only, so there is no lock that a killed process could
 * hold, and no moment at which an entry is half written. A process that dies after a take has not given it back, so a
 * crash never grants anything. Eight entries share a cache line, the bucket of a hash. A full bucket evicts the entry
 * that is nearest to being empty; no key is refused because the table is full.
 *
 * Keys are hashed with a secret that is made with the memory (SipHash-2-4), so nobody can choose keys that share a
 * bucket. Two keys of a bucket share an entry with a probability of 2^-22; then they share their counts.
 *
 * Times are um_monotonic_ms(), given by the caller. */
#include <apr_pools.h>

#define UM_THROTTLE_TABLE_LEAST 65536u          /**< bytes of the smallest table */
#define UM_THROTTLE_TABLE_LONGEST (32 * 86400000LL) /**< ms after which any entry is empty */
#define UM_THROTTLE_TABLE_SCOPES 64

/** How often a key may be used. */
typedef struct um_throttle_limit_t {
    apr_uint32_t interval;      /**< ms after which one more use is allowed, at least 1; 0: no limit */
    apr_uint32_t burst;         /**< uses that are allowed at once, at least 1 */
    apr_uint32_t longest;       /**< 0: a rate (GCRA). Otherwise each use beyond the burst must wait twice as long as
                                     the one before: interval, 2 interval, ..., at most so many ms. The count is
                                     forgotten an hour after the last use. The burst is at most 15 then. */
} um_throttle_limit_t;

typedef struct um_throttle_table_t um_throttle_table_t;

/** A short text that differs where another version of this file lays the memory out in another way. */
const char *um_throttle_table_form(apr_pool_t *pool);

/** Lays the table out in size bytes at memory, which are all zero and aligned for a 64-bit number; once, before any
 * process attaches. APR_EINVAL: the memory is too small. APR_EGENERAL: there are no random bytes for the secret. */
apr_status_t um_throttle_table_init(void *memory, apr_size_t size, apr_int64_t now);

/** This process's view of a table, for any number of threads. The memory must outlive pool; size is the one given to
 * um_throttle_table_init. NULL: the memory holds something else. */
um_throttle_table_t *um_throttle_table_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** The hash of a key, which the functions below take. */
apr_uint64_t um_throttle_table_hash(const um_throttle_table_t *table, const void *bytes, apr_size_t len);

/** Notes a scope (a part of keys, such as the hash of a database's name), so that others can go through all of them.
 * Nothing happens when 64 are noted. */
void um_throttle_table_add_scope(um_throttle_table_t *table, apr_uint64_t scope);
/** A noted scope, from 0 on; 0 after the last. */
apr_uint64_t um_throttle_table_scope(const um_throttle_table_t *table, int i);

/** Takes one use of a key. 0: it is allowed, and counted. Otherwise nothing is counted, and the result is the number of
 * milliseconds after which it would be allowed. */
apr_int64_t um_throttle_table_take(um_throttle_table_t *table, apr_uint64_t hash, const um_throttle_limit_t *limit,
                                   apr_int64_t now);
/** The same without counting. */
apr_int64_t um_throttle_table_peek(const um_throttle_table_t *table, apr_uint64_t hash,
                                   const um_throttle_limit_t *limit, apr_int64_t now);
/** Takes one use back that was allowed. */
void um_throttle_table_give_back(um_throttle_table_t *table, apr_uint64_t hash, const um_throttle_limit_t *limit,
                                 apr_int64_t now);
/** Forgets all uses of a key, or its mark. 1: there were any. */
int um_throttle_table_forget(um_throttle_table_t *table, apr_uint64_t hash, apr_int64_t now);

/** Notes a yes or a no about a key for so many milliseconds, at most UM_THROTTLE_TABLE_LONGEST. It may be evicted
 * earlier: before counts, because it can be found out again. */
void um_throttle_table_mark(um_throttle_table_t *table, apr_uint64_t hash, int yes, apr_int64_t ms, apr_int64_t now);
/** 1: yes. 0: no. -1: nothing is noted. */
int um_throttle_table_marked(const um_throttle_table_t *table, apr_uint64_t hash, apr_int64_t now);

/** The number of entries that are not empty. Reads the whole table. */
apr_size_t um_throttle_table_count(const um_throttle_table_t *table, apr_int64_t now);

#endif
