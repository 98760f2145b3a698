#ifndef UM_SIGCACHE_H
#define UM_SIGCACHE_H
/* Which signatures this process has already found good: an asymmetric check costs 100 to 200 us, a look here under 2.
 * Holds SHA-256 digests of whole tokens under a kid, of fixed size; claims are judged anew each time. */
#include <apr_pools.h>
typedef struct um_sigcache_t um_sigcache_t;
apr_status_t um_sigcache_create(apr_pool_t *pool, apr_size_t entries, um_sigcache_t **cache);
int um_sigcache_knows(um_sigcache_t *cache, const unsigned char digest[32]);
void um_sigcache_add(um_sigcache_t *cache, const unsigned char digest[32]);
#endif
