/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_VERIFICATION_H
#define UM_EMAIL_VERIFICATION_H
/* Verification of e-mail addresses: a token by mail, and its confirmation. */
#include "ctx.h"

/** Notes a request for another mail, known address or not. UM_INVALID (also when ctx->errors was not empty at the
 * call), UM_ABSENT: the site does not verify; UM_UNAVAILABLE, UM_FAILED.
 * @param email  NULL: not given, or found faulty before */
um_status_e um_email_verification_request(um_ctx_t *ctx, const char *email);

/** Takes a token: its account's address is verified, and an account that waited for it is active. No session ends.
 * UM_INVALID (ctx->errors was not empty at the call), UM_ABSENT for every token that is not good, UM_UNAVAILABLE. */
um_status_e um_email_verification_confirm(um_ctx_t *ctx, const char *token);

#endif
