#ifndef UM_RANDOM_H
#define UM_RANDOM_H
#include <apr_pools.h>
#include <apr_time.h>
/** Fills buf with len bytes of OpenSSL's private generator. APR_EGENERAL: the generator failed; nothing may be issued. */
apr_status_t um_random_bytes(void *buf, apr_size_t len);
/** base64url text of len random bytes. */
apr_status_t um_random_text(apr_pool_t *pool, apr_size_t len, const char **text);
/** A new UUID version 7 (RFC 9562 5.7), 36 lower-case characters. */
apr_status_t um_random_uuid(apr_pool_t *pool, apr_time_t now, const char **uuid);
/** Reads the 36-character or 32-digit form in either case and returns the canonical lower-case 36 characters,
 *  NULL when text is anything else. */
const char *um_random_uuid_parse(apr_pool_t *pool, const char *text);
#endif
