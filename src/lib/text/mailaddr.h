/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAILADDR_H
#define UM_MAILADDR_H
/* Addresses on their way to a mail server. What a person may register is another question. */
#include <apr_pools.h>

/** *ascii is the address as servers know it, in pool: a domain in letters of its own script becomes A-labels (IDNA2008,
 *  RFC 5891), all else stays. APR_EINVAL: not local@domain with a dot-atom of at most 64 ASCII characters before the @
 *  and letters, digits, hyphens and dots behind it, longer than 254 characters, or a domain that IDNA refuses; so no
 *  line end, blank or bracket comes through. */
apr_status_t um_mailaddr_ascii(apr_pool_t *pool, const char *address, const char **ascii);
#endif
