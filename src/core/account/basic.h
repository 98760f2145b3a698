/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BASIC_H
#define UM_BASIC_H
/* HTTP Basic authentication (RFC 7617), for clients that send user name and password with each request, as WebDAV and
 * git do. The rules are those of signing in, but no session is made, and a password that was right a moment ago is not
 * hashed again (caller_cache_login.h). When several requests of a process bring the same password at the same time, one
 * of them hashes it. */
#include "ctx.h"

typedef struct um_identity_t um_identity_t;

/** What um_basic_caller found. */
typedef struct um_basic_t {
    const um_identity_t *identity;  /**< set with UM_OK */
    int hashed;                     /**< the password was hashed for this call */
} um_basic_t;

/** Finds the account of a user name, or an address where people sign in by it (login_name.h), and a password.
 * @return UM_OK; UM_ABSENT: no account has the name; UM_INVALID: the password is wrong or the account is inactive;
 * UM_BUSY, UM_UNAVAILABLE, UM_FAILED. UM_ABSENT and UM_INVALID take the same time, except that names and passwords that
 * no account can have are refused at once. Unless UM_OK, ctx->cause says why, without a part of what was typed. */
um_status_e um_basic_caller(um_ctx_t *ctx, const char *username, um_secret_t password, um_basic_t *found);

#endif
