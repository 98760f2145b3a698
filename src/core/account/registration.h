/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_REGISTRATION_H
#define UM_REGISTRATION_H
/* Registration: a new account, its first session, and a mail to verify its address if the site verifies addresses. */
#include "ctx.h"

typedef struct um_profile_input_t um_profile_input_t;
typedef struct um_session_new_t um_session_new_t;

/** Registers an account and opens a session. All faulty fields are reported at once; a user name that is taken, or an
 * address where addresses are exclusive, is one of them. Of two calls with one name at the same time exactly one
 * succeeds.
 * @param token    of the session; *token is NULL when the account is inactive until its address is verified. NULL: no
 *                 session is opened
 * @param session  NULL: not wanted. Otherwise the session gets a refresh token too if the site has refresh tokens, and
 *                 *session is that session; NULL when there is none
 * @return UM_OK; UM_INVALID, also when ctx->errors was not empty at the call; UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_registration_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user,
                                   const char **token, const um_session_new_t **session);

#endif
