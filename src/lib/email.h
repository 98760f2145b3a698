#ifndef UM_EMAIL_H
#define UM_EMAIL_H
/* E-mail addresses: dot-atom local part (RFC 5321 4.1.2) of at most 64 bytes, domain with a dot or localhost, IDN allowed. */
#include <apr_pools.h>
int um_email_valid(const char *address);
/** The address as stored: its domain in lower case. */
const char *um_email_normalize(apr_pool_t *pool, const char *address);
/** What equal addresses have in common: the whole address in lower case. */
const char *um_email_key(apr_pool_t *pool, const char *address);
#endif
