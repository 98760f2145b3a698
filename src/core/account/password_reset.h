/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PASSWORD_RESET_H
#define UM_PASSWORD_RESET_H
/* Forgotten passwords: a request, a token by mail, a new password. */
#include "ctx.h"

/** Notes the request of somebody who types an address; sends nothing, looks nobody up: known and unknown are alike.
 * UM_INVALID (also when ctx->errors was not empty at the call), UM_UNAVAILABLE, UM_FAILED.
 * @param email  NULL: not given, or found faulty before */
um_status_e um_password_reset_request(um_ctx_t *ctx, const char *email);

/** Whether a token is good now; consumes nothing. UM_ABSENT for every token that is not, whatever the reason.
 * UM_UNAVAILABLE. */
um_status_e um_password_reset_validate(um_ctx_t *ctx, const char *token);

/** Sets the password of the token's account and ends all its sessions and tokens. In this order: fields, token, policy.
 * Of many at the same instant exactly one ends in UM_OK. UM_INVALID, UM_ABSENT, UM_BUSY, UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_password_reset_confirm(um_ctx_t *ctx, const char *token, um_secret_t password);

#endif
