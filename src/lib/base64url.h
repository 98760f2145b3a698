#ifndef UM_BASE64URL_H
#define UM_BASE64URL_H
/* base64url without padding (RFC 4648 5, RFC 7515 2), strict: one spelling per value. */
#include <apr_pools.h>
const char *um_base64url_encode(apr_pool_t *pool, const void *bytes, apr_size_t len);
/** APR_EINVAL: another alphabet, padding, white space, a length of 4n+1, or unused bits that are not zero. */
apr_status_t um_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **bytes,
                                 apr_size_t *bytes_len);
#endif
