/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_VERIFICATION_H
#define UM_EMAIL_VERIFICATION_H
/* Verification of e-mail addresses: a mail carries a token, and the token confirms the address. */
#include "ctx.h"

/** Stores a request for another mail. Accounts are looked up later, so known and unknown addresses are answered alike.
 * @param email  NULL: it is missing, or was refused before
 * @return UM_OK; UM_INVALID, also when ctx->errors was not empty at the call; UM_ABSENT: the site does not verify
 * addresses; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_email_verification_request(um_ctx_t *ctx, const char *email);

/** Uses up a token: the address of its account is now verified, and an account that waited for this is active. No
 * session ends.
 * @return UM_OK; UM_INVALID: ctx->errors was not empty at the call; UM_ABSENT: the token is not valid, for whatever
 * reason; UM_UNAVAILABLE */
um_status_e um_email_verification_confirm(um_ctx_t *ctx, const char *token);

#endif
