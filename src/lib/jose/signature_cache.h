/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SIGNATURE_CACHE_H
#define UM_SIGNATURE_CACHE_H
/* A cache of the signatures that this process has found valid: an asymmetric check costs 30 to 200 us, a lookup less
 * than 2. It stores the SHA-256 digest of the whole token text: header with kid and alg, claims and signature. So an
 * entry is valid for one token under one key only. The claims, and whether the key is in use, are checked each time.
 *
 * Its size is fixed: it has sets of 8 digests, and each set evicts the least recently used one. Any number of threads
 * may use it (64 locks share the sets). It belongs to one process: make it in each child after the fork. */
#include <apr_pools.h>

typedef struct um_signature_cache_t um_signature_cache_t;

#define UM_SIGNATURE_CACHE_MIN 8u         /**< entries; a smaller number means this one */
#define UM_SIGNATURE_CACHE_MAX 1048576u   /**< entries; a larger number is APR_EINVAL */

/** Makes a cache in pool for at least that many entries, rounded up to a power of two. An entry takes 33 bytes, the
 *  locks 10 KB (4096 entries: about 142 KB). APR_ENOMEM or APR_EGENERAL: no lock, or no SHA-256. */
apr_status_t um_signature_cache_create(apr_pool_t *pool, apr_size_t entries, um_signature_cache_t **cache);

/** The digest that stands for a token text. APR_EGENERAL: OpenSSL failed; go on without the cache. */
apr_status_t um_signature_cache_digest(const um_signature_cache_t *cache, const void *token, apr_size_t len,
                                       unsigned char digest[32]);

/** Whether this digest was added and is still in the cache. */
int um_signature_cache_knows(um_signature_cache_t *cache, const unsigned char digest[32]);

/** Adds the digest of a token whose signature was just found valid. */
void um_signature_cache_add(um_signature_cache_t *cache, const unsigned char digest[32]);
#endif
