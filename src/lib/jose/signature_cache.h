/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SIGNATURE_CACHE_H
#define UM_SIGNATURE_CACHE_H
/* Which signatures this process has already found good: an asymmetric check costs 30 to 200 us, a look here under 2.
 * Holds whole SHA-256 digests of whole token texts - header with kid and alg, claims and signature - so that an entry
 * speaks for one token under one key and nothing else. Claims and the key's being in use are judged anew each time.
 *
 * Of fixed size: sets of 8 digests, in each the one seen longest ago gives way. Safe for any number of threads (64
 * locks, each for its share of the sets); a process of its own after fork(), so make it in each child. */
#include <apr_pools.h>

typedef struct um_signature_cache_t um_signature_cache_t;

#define UM_SIGNATURE_CACHE_MIN 8u         /**< entries: fewer asked for means this many */
#define UM_SIGNATURE_CACHE_MAX 1048576u   /**< entries: more asked for is APR_EINVAL */

/** A cache in pool for at least that many entries, rounded up to a power of two; 33 bytes an entry and 10 KB for the
 *  locks (4096 entries: about 142 KB). APR_ENOMEM or APR_EGENERAL: no lock or no SHA-256 to be had. */
apr_status_t um_signature_cache_create(apr_pool_t *pool, apr_size_t entries, um_signature_cache_t **cache);

/** The digest under which a token text is kept. APR_EGENERAL: OpenSSL failed; go on without the cache. */
apr_status_t um_signature_cache_digest(const um_signature_cache_t *cache, const void *token, apr_size_t len,
                                       unsigned char digest[32]);

/** True only when exactly this digest was added and is still held. */
int um_signature_cache_knows(um_signature_cache_t *cache, const unsigned char digest[32]);

/** Remembers a digest; only for a token whose signature has just been found good. */
void um_signature_cache_add(um_signature_cache_t *cache, const unsigned char digest[32]);
#endif
