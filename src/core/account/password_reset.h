/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PASSWORD_RESET_H
#define UM_PASSWORD_RESET_H
/* Forgotten passwords: a request leads to a mail with a token, and the token sets a new password. The token of an
 * invitation (invitation.h) sets the first one. */
#include "ctx.h"

/** Stores a request for a mail to an address. It sends no mail and looks up no account, so known and unknown addresses
 * are answered alike.
 * @param email  NULL: it is missing, or was refused before
 * @return UM_OK; UM_INVALID, also when ctx->errors was not empty at the call; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_reset_request(um_ctx_t *ctx, const char *email);

/** Stores a mail with a token for an account, as an administrator or staff asks for it: the invitation once more if the
 * account was invited and has no password yet. The account may also be one whose password was made unusable. A throttle
 * does not apply, and the hourly limit of mails does. The event is stored with the mail.
 * @return UM_OK: a worker sends the mail; UM_INVALID: the site sends no mail, the account is inactive, or it has no
 * address; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_reset_send(um_ctx_t *ctx, const um_user_t *user);

/** Whether a token is valid now. It is not used up.
 * @return UM_OK; UM_INVALID: ctx->errors was not empty at the call; UM_ABSENT: it is not valid, for whatever reason;
 * UM_UNAVAILABLE */
um_status_e um_password_reset_validate(um_ctx_t *ctx, const char *token);

/** Sets the password of the token's account and ends all its sessions and tokens. Checks the fields, then the token,
 * then the policy. Of several calls with one token at the same time exactly one succeeds.
 * @return UM_OK; UM_INVALID: errors of the fields or the password; UM_ABSENT: the token is not valid; UM_BUSY,
 * UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_reset_confirm(um_ctx_t *ctx, const char *token, um_secret_t password);

#endif
