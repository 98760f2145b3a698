/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_RANDOM_H
#define UM_RANDOM_H
/* Randomness for ids, tokens and salts: OpenSSL's private generator, which reseeds itself after a fork. Every function
 * answers APR_EGENERAL when the generator failed; nothing may be issued then. */
#include <apr_pools.h>
#include <apr_time.h>

/** Fills buf with len random bytes, at most 2^31 - 1 (more: APR_EGENERAL). */
apr_status_t um_random_bytes(void *buf, apr_size_t len);

/** *text is the base64url text of len random bytes, in pool. 16 bytes (128 bits) is the least for anything that must
 *  not be guessed. */
apr_status_t um_random_text(apr_pool_t *pool, apr_size_t len, const char **text);

/** *uuid is a new UUID version 7 (RFC 9562 5.7), 36 lower-case characters in pool: 48 bits of now in milliseconds, so
 *  that an index stays warm, and 74 random bits. It names a record and is no secret. APR_EINVAL: now is before 1970 or
 *  after the year 10889, which 48 bits cannot say. */
apr_status_t um_random_uuid(apr_pool_t *pool, apr_time_t now, const char **uuid);

/** Reads the 36-character or 32-digit form, in either case and of any version, and returns the canonical lower-case 36
 *  characters in pool; NULL when text is NULL or anything else. */
const char *um_random_uuid_parse(apr_pool_t *pool, const char *text);

#define UM_RANDOM_UUID_BYTES 16

/** The bytes of a UUID in either form. 0: text is NULL or anything else. */
int um_random_uuid_bytes(const char *text, unsigned char bytes[UM_RANDOM_UUID_BYTES]);

/** The canonical text of such bytes, in pool. */
const char *um_random_uuid_text(apr_pool_t *pool, const unsigned char bytes[UM_RANDOM_UUID_BYTES]);
#endif
