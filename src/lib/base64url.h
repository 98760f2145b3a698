/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BASE64URL_H
#define UM_BASE64URL_H
/* base64url without padding (RFC 4648 section 5, RFC 7515 section 2). Decoding is strict: each value has one spelling
 * and all others are refused, so that a token cannot be changed into another text with the same meaning. The decoder of
 * APR 1.7 cannot be used instead: it accepts padding, both alphabets at once and unused bits that are not zero. */
#include <apr_pools.h>

/** The text of len bytes, NUL-terminated, in pool; "" for none. */
const char *um_base64url_encode(apr_pool_t *pool, const void *bytes, apr_size_t len);

/** Decodes len characters of text, which may contain any byte. *bytes is in pool and has a NUL behind its *bytes_len
 *  bytes. Empty text gives no bytes. APR_EINVAL: another alphabet, padding, white space, a length of 4n+1, or unused
 *  bits that are not zero (RFC 4648 section 3.5); the results are not set. */
apr_status_t um_base64url_decode(apr_pool_t *pool, const char *text, apr_size_t len, unsigned char **bytes,
                                 apr_size_t *bytes_len);
#endif
