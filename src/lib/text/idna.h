/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDNA_H
#define UM_IDNA_H
/* Domain names as DNS knows them (IDNA2008, RFC 5891), with libidn2. */
#include <apr_errno.h>
#include <apr_pools.h>

/** *ascii is the domain in lower case, with A-labels for labels in other scripts. Two spellings are the same domain if
 * their results are equal. ß and ς are kept and do not become ss and σ. The domain is lower-cased first, as in stored
 * addresses. A domain in ASCII is only lower-cased, unless it has an A-label already.
 * APR_EINVAL: IDNA refuses the domain, the result is not a host name, or the domain is not UTF-8. APR_ENOMEM: out of
 * memory. */
apr_status_t um_idna_ascii(apr_pool_t *pool, const char *domain, const char **ascii);

/** Whether a label of the domain begins with xn--, as A-labels do. */
int um_idna_has_alabel(const char *domain);

#endif
