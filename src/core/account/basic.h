/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_BASIC_H
#define UM_BASIC_H
/* Who sends his name and password with each request, as WebDAV and git clients do: by the rules of signing in, but
 * without a session, and without a hash for what was right a moment ago. Of requests of one process that bring the
 * same new password at the same moment one hashes it. */
#include "ctx.h"

typedef struct um_identity_t um_identity_t;

/** Who was found. */
typedef struct um_basic_t {
    const um_identity_t *identity;  /**< set with UM_OK */
    int hashed;                     /**< the password was hashed for this call */
} um_basic_t;

/** Whose name and password these are. UM_ABSENT: nobody has that name; UM_INVALID: not his password, or those of an
 * inactive account; both after the same time, but for names and passwords that nobody can have, which cost none.
 * UM_BUSY, UM_UNAVAILABLE, UM_FAILED. With all but UM_OK ctx->cause says why, without a word of what was typed. */
um_status_e um_basic_caller(um_ctx_t *ctx, const char *username, um_secret_t password, um_basic_t *found);

#endif
