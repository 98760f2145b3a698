/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RESERVED_H
#define UM_RESERVED_H
/* Names that cannot be registered, because people or applications trust an account that has such a name. */
#include <apr_pools.h>

typedef struct um_reserved_t um_reserved_t;

/** The list that comes with the module. Never NULL. */
um_reserved_t *um_reserved_default(apr_pool_t *pool);

/** Reads a list from a file with one name a line, in any order. Blank lines and text after a # are skipped.
 * @param why  on failure: what is wrong, with the number of the line
 * @return APR_SUCCESS; APR_EINVAL: a line is not a name; otherwise the system's error */
apr_status_t um_reserved_read(apr_pool_t *pool, const char *path, um_reserved_t **reserved, const char **why);

/** Whether a name, in any spelling that is equal to it or looks like it (lookalike.h), is on the list.
 * @param reserved  NULL: there is no list
 * @param key       of the name, as um_unicode_key makes it */
int um_reserved_has(apr_pool_t *pool, const um_reserved_t *reserved, const char *key);

#endif
