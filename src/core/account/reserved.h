/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RESERVED_H
#define UM_RESERVED_H
/* Names that registration gives to nobody, because people or applications behind trust whoever has them. */
#include <apr_pools.h>

typedef struct um_reserved_t um_reserved_t;

/** The list that comes with the module. Never NULL. */
um_reserved_t *um_reserved_default(apr_pool_t *pool);

/** That of a file: a name a line, in any order; blank lines and what follows a # are skipped. APR_EINVAL: a line is no
 * name; or the system's error. *why says what is wrong, with the line. */
apr_status_t um_reserved_read(apr_pool_t *pool, const char *path, um_reserved_t **reserved, const char **why);

/** Whether a name is on the list in any spelling that is the same name. reserved NULL: there is no list.
 * @param key  of the name, as um_unicode_key makes it */
int um_reserved_has(const um_reserved_t *reserved, const char *key);

#endif
