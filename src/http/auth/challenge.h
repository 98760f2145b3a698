/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CHALLENGE_H
#define UM_CHALLENGE_H
/* The headers that tell a client how to go on after an answer of 401 or 503. */
#include <apr_pools.h>

/** Retry-After of an answer of 503, in seconds: the database or the hash limit could not serve the request. */
#define UM_CHALLENGE_RETRY_AFTER "2"

/** The value of WWW-Authenticate for the scheme Bearer (RFC 6750 3), allocated from pool. realm is copied as it is.
 * error: the value of the parameter error, for instance "invalid_token"; NULL: the request had no token. */
const char *um_challenge_bearer(apr_pool_t *pool, const char *realm, const char *error);

#endif
