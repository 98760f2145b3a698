/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_LOGIN_H
#define UM_CALLER_CACHE_LOGIN_H
/* The cache of user names and passwords that were verified a moment ago. A client of HTTP Basic sends them with each
 * request, and the cache saves the hash for each. The key of an entry is an HMAC of both under a secret that is made
 * when httpd starts and stored nowhere else. Entries are invalidated as caller_cache.h says, and expire after
 * settings->basic_cache, when the password must be hashed again. */
#include "ctx.h"

typedef struct um_identity_t um_identity_t;
typedef struct um_user_t um_user_t;

/** Finds the identity of a user name and password. UM_ABSENT: it is not cached, the password must be verified.
 * UM_UNAVAILABLE: it is cached, but the database was needed and could not be asked. */
um_status_e um_caller_cache_login(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                  const um_identity_t **identity);

/** Call this after the password of user was verified by hashing. Reads the account as it is now and caches it.
 * UM_ABSENT: the account was deleted, is inactive, or has another version by now. UM_UNAVAILABLE. */
um_status_e um_caller_cache_login_add(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                      const um_user_t *user, const um_identity_t **identity);

#endif
