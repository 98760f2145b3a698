/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_H
#define UM_CALLER_CACHE_H
/* Callers of protected Locations that this node has seen a moment ago. What the signature and the database said of a
 * token is kept in memory that all processes share, and is good for site->revocation_delay. A change of an account on
 * this node makes all that is kept of it void at once; of one on another node, or by the command line, the delay is
 * the bound. What is not kept is asked: a lost, full or fresh memory is slower, never wrong.
 *
 * Each account has an epoch, a number in that memory which changes advance. What is kept bears the epoch that was read
 * before the database was asked, so that an answer which a change has overtaken is void when it comes. Accounts share
 * the 65,536 epochs by their ids; one that is advanced for another's sake is asked once more, no harm done. */
#include "ctx.h"
#include "identity.h"

/** Bytes of memory for a table of that size. */
apr_size_t um_caller_cache_size(apr_size_t table);

/** Lays it out in size bytes at memory, which are all zero; once, before any process attaches. APR_EGENERAL: no
 * randomness; what um_shmtable_init says. */
apr_status_t um_caller_cache_init(void *memory, apr_size_t size);

/** A short text that differs where another version of the module lays the memory out in another way. */
const char *um_caller_cache_form(apr_pool_t *pool);

/** This process's view, which lives as long as pool. NULL: OpenSSL failed, or something else lies in the memory; go on
 * without. */
um_caller_cache_t *um_caller_cache_attach(apr_pool_t *pool, void *memory, apr_size_t size);

/** Sets site->cache_scope of what its answers depend on: issuer, audience, and database, any text that differs where
 * accounts do. */
void um_caller_cache_set_scope(um_site_t *site, const char *database);

/** Who calls with this token. UM_BAD_TOKEN, UM_INACTIVE; UM_UNAVAILABLE: it could not be checked, and was not known
 * well enough to be let in without. ctx->cause says why, without a byte of the token. */
um_status_e um_caller_cache_caller(um_ctx_t *ctx, const char *token, const um_identity_t **identity);

/** Makes what is kept of an account void: to be called after each write that may have ended its sessions or changed its
 * rights, whether the write is known to have been done or not. Cannot fail. user_id is canonical. */
void um_caller_cache_invalidate(const um_ctx_t *ctx, const char *user_id);

#endif
