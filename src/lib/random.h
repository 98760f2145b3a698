/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RANDOM_H
#define UM_RANDOM_H
/* Random bytes for ids, tokens and salts. They come from OpenSSL's private generator, which seeds itself again after a
 * fork. Each function returns APR_EGENERAL when the generator failed; nothing may be issued then. */
#include <apr_pools.h>
#include <apr_time.h>

/** Fills buf with len random bytes, at most 2^31 - 1 (more: APR_EGENERAL). */
apr_status_t um_random_bytes(void *buf, apr_size_t len);

/** *text is the base64url text of len random bytes, in pool. What must not be guessed needs at least 16 bytes (128
 *  bits). */
apr_status_t um_random_text(apr_pool_t *pool, apr_size_t len, const char **text);

/** *uuid is a new UUID version 7 (RFC 9562 section 5.7), 36 lower-case characters in pool. It has 48 bits of now in
 *  milliseconds, so that rows made at the same time are close in an index, and 74 random bits. It names a record and is
 *  not a secret. APR_EINVAL: now is before 1970 or after the year 10889, which 48 bits cannot express. */
apr_status_t um_random_uuid(apr_pool_t *pool, apr_time_t now, const char **uuid);

/** The smallest UUID version 7 of that time, in pool; before 1970: that of 1970. */
const char *um_random_uuid_from(apr_pool_t *pool, apr_time_t time);

/** Reads a UUID of any version with its 36 characters, or as 32 hexadecimal digits, in either case. Returns the
 *  canonical 36 lower-case characters in pool; NULL when text is NULL or anything else. */
const char *um_random_uuid_parse(apr_pool_t *pool, const char *text);

#define UM_RANDOM_UUID_BYTES 16

/** The bytes of a UUID in either form. Returns 0 when text is NULL or anything else. */
int um_random_uuid_bytes(const char *text, unsigned char bytes[UM_RANDOM_UUID_BYTES]);

/** The canonical text of these bytes, in pool. */
const char *um_random_uuid_text(apr_pool_t *pool, const unsigned char bytes[UM_RANDOM_UUID_BYTES]);
#endif
