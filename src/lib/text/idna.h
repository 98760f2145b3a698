/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDNA_H
#define UM_IDNA_H
/* Domain names as the name system knows them (IDNA2008, RFC 5891), over libidn2. */
#include <apr_errno.h>
#include <apr_pools.h>

/** *ascii is the domain in lower case, labels in letters of their own as A-labels: two spellings are one domain when
 * these are equal. ß and ς stay what they are and are not taken for ss and σ. The domain is lower-cased first, as an
 * address is when it is stored. A domain that is all ASCII is only lower-cased, unless it has an A-label already.
 * APR_EINVAL: IDNA refuses the domain, or what comes of it is no host name, or it is not UTF-8; APR_ENOMEM. */
apr_status_t um_idna_ascii(apr_pool_t *pool, const char *domain, const char **ascii);

/** Whether a domain has a label that begins like an A-label. */
int um_idna_has_alabel(const char *domain);

#endif
