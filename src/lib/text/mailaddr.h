/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_MAILADDR_H
#define UM_MAILADDR_H
/* Addresses in the form that mail servers accept. email.h says which ones a user may register. */
#include <apr_pools.h>

/** *ascii is the address as mail servers know it, in pool: a domain in another script becomes A-labels (IDNA2008, RFC
 *  5891), everything else stays. APR_EINVAL: it is not local@domain with a dot-atom of at most 64 ASCII characters and
 * a
 *  domain of letters, digits, hyphens and dots; or it is longer than 254 characters; or IDNA refuses the domain. So the
 *  result never contains a line break, a blank or a bracket. */
apr_status_t um_mailaddr_ascii(apr_pool_t *pool, const char *address, const char **ascii);
#endif
