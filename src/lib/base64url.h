/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BASE64URL_H
#define UM_BASE64URL_H
/* base64url without padding (RFC 4648 5, RFC 7515 2), strict: every value has one spelling and every spelling but that
 * one is refused, so that a token cannot be changed into another text that means the same. */
#include <apr_pools.h>

/** The text of len bytes, NUL-terminated, in pool; "" for none. */
const char *um_base64url_encode(apr_pool_t *pool, const void *bytes, apr_size_t len);

/** Reads len characters of text, which may hold any byte. *bytes is in pool and has a NUL behind its *bytes_len bytes;
 *  empty text is no bytes. APR_EINVAL: another alphabet, padding, white space, a length of 4n+1, or unused bits that
 *  are not zero (RFC 4648 3.5); the outputs are left as they were. */
apr_status_t um_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **bytes,
                                 apr_size_t *bytes_len);
#endif
