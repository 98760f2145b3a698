/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REGISTRATION_H
#define UM_REGISTRATION_H
/* Registering: a new user, his first session, and where the site wants it a mail to verify his address. */
#include "ctx.h"

typedef struct um_profile_input_t um_profile_input_t;

/** Registers a user and opens a session for him. All faulty members are named at once; a name or an exclusive address
 * that is taken is one of them, and of two at the same instant exactly one succeeds.
 * UM_INVALID (also when ctx->errors was not empty at the call), UM_BUSY, UM_UNAVAILABLE, UM_FAILED.
 * @param token  of the session; NULL when the account waits until its address is verified */
um_status_e um_registration_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user,
                                   const char **token);

#endif
