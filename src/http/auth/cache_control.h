/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CACHE_CONTROL_H
#define UM_CACHE_CONTROL_H
/* What was answered to one caller must not be told another by a cache. Caches take care of answers to an Authorization
 * header by themselves; not of those to a cookie or a query parameter, and not of those to a header that was taken out
 * before they looked. */
#include <httpd.h>

/** Registers the filter by which answers are made private. */
void um_cache_control_register(void);

/** Hook insert_filter, after all others: mod_cache is kept from the answer, and it gets Cache-Control and the like,
 * unless the application says something itself. So do pages whose parts, which are made when the head of the answer
 * is gone, may be for one caller. */
void um_cache_control_insert(request_rec *r);

#endif
