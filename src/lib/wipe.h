/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_WIPE_H
#define UM_WIPE_H
/* Secrets are overwritten when they are no longer used. The compiler does not remove these writes. */
#include <apr_pools.h>

/** Overwrites len bytes with zeros. The bytes must be writable, although the pointer is const: secrets are handed
 *  around as const text. bytes may be NULL when len is 0. */
void um_wipe(const void *bytes, apr_size_t len);

/** Wipes len bytes when pool is cleared or destroyed. Cleanups run last in, first out: call this after whatever frees
 *  the bytes has been registered in the pool. */
void um_wipe_with(apr_pool_t *pool, const void *bytes, apr_size_t len);
#endif
