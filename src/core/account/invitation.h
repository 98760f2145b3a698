/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_INVITATION_H
#define UM_INVITATION_H
/* Invitations: a new account without a password, for somebody else, and a mail with which they set it (see
 * um_password_reset_confirm). An invitation is sent again by um_password_reset_send. */
#include "ctx.h"

typedef struct um_profile_input_t um_profile_input_t;

/** Makes an account without a password, and the mail that invites its owner to set one. Until then nobody can sign in
 * to it. Setting it verifies the address. The rules for names and addresses are those of registration, an address is
 * required, and a password in input is ignored.
 * @return as um_registration_create; UM_INVALID also when the site sends no mail */
um_status_e um_invitation_create(um_ctx_t *ctx, const um_profile_input_t *input, const um_user_t **user);

#endif
