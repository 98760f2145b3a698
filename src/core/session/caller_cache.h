/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_H
#define UM_CALLER_CACHE_H
/* The cache of callers of protected Locations. It keeps the identities of tokens and passwords that were verified a
 * moment ago, in memory that all processes of this node share. An entry is valid for settings->revocation_delay. A
 * change of an account on this node invalidates its entries at once; after a change on another node, or by the command
 * line, they stay valid for the rest of the delay. An entry that is missing costs a question to the database, so a
 * lost, full or empty memory makes requests slower, never wrong.
 *
 * Each account has an epoch: a number in that memory which is incremented to invalidate the account's entries. An entry
 * holds the epoch that was read before the database was asked, so it is never valid when the account was changed while
 * the database answered. The 65,536 epochs are shared by accounts whose ids have the same last two bytes. When another
 * account of the same epoch is changed, the entry is refreshed once more than needed. */
#include <apr_pools.h>

typedef struct um_caller_cache_t um_caller_cache_t;
typedef struct um_ctx_t um_ctx_t;
typedef struct um_site_t um_site_t;

/** Bytes of shared memory that a cache with a table of that size needs. */
apr_size_t um_caller_cache_size(apr_size_t table);

/** Lays the cache out in size bytes at memory. They must be zero. Call it once, before a process attaches.
 * APR_EGENERAL: the random generator failed; else the status of um_shmtable_init. */
apr_status_t um_caller_cache_init(void *memory, apr_size_t size);

/** A short text that differs when another version of the module has another layout of the memory. */
const char *um_caller_cache_form(apr_pool_t *pool);

/** This process's view of the memory; it lives as long as pool. NULL: OpenSSL failed, or the memory holds something
 * else. The site then works without a cache. */
um_caller_cache_t *um_caller_cache_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** Sets site->cache_scope, which keeps the entries of sites apart, from what an entry depends on: issuer, audience and
 * database. database is any text that differs for different sets of accounts. */
void um_caller_cache_set_scope(um_site_t *site, const char *database);

/** Invalidates all entries of an account. Call it after each write that may have ended its sessions or changed its
 * rights, also when it is not known whether the write was done. It cannot fail. user_id is a canonical UUID. */
void um_caller_cache_invalidate(const um_ctx_t *ctx, const char *user_id);

/** Invalidates the entries of all accounts: each is refreshed at its next request. */
void um_caller_cache_invalidate_all(const um_ctx_t *ctx);

#endif
