/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CALLER_CACHE_LOGIN_H
#define UM_CALLER_CACHE_LOGIN_H
/* Names and passwords that were right a moment ago, so that who sends them with each request (Basic) does not pay a
 * hash for each. Kept under an HMAC of both with a key that was made at start and is nowhere else; void as said in
 * caller_cache.h, and after settings->basic_cache, when the password is hashed again. */
#include "ctx.h"

typedef struct um_identity_t um_identity_t;
typedef struct um_user_t um_user_t;

/** Who that is. UM_ABSENT: not known; verify. UM_UNAVAILABLE: known, but the account could not be asked for. */
um_status_e um_caller_cache_login(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                  const um_identity_t **identity);

/** To be called when user's password was found right by hashing: asks for the account as it is now and keeps it.
 * UM_ABSENT: it is gone, inactive, or has other credentials by now. UM_UNAVAILABLE. */
um_status_e um_caller_cache_login_add(um_ctx_t *ctx, const char *username_key, um_secret_t password,
                                      const um_user_t *user, const um_identity_t **identity);

#endif
