/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_H
#define UM_USER_H
/* Accounts: finding, updating, changing their state, deleting. */
#include "ctx.h"

typedef struct um_caller_t um_caller_t;
typedef struct um_profile_input_t um_profile_input_t;
typedef struct um_user_state_t um_user_state_t;         /* user_state.h */

/** Finds an account that a caller may see: the caller's own, or any account if the caller is staff.
 * @param id  canonical UUID; NULL: the path has no UUID
 * @return UM_OK; UM_ABSENT: there is no such account, or the caller may not see it; UM_UNAVAILABLE */
um_status_e um_user_find(um_ctx_t *ctx, const um_caller_t *caller, const char *id, const um_user_t **user);

/** Changes the fields of the profile that are not NULL in input. If the site says so, a mail tells the old address of a
 * new one, and the new address must be verified. Another spelling of the same address is not a new address.
 * @param user     as this request has read it
 * @param updated  the account after the change
 * @return UM_OK; UM_INVALID, also when ctx->errors was not empty at the call; UM_ABSENT: the account was deleted
 * meanwhile; UM_PRECONDITION: ctx->demand is not met, which is checked in the transaction of the change; UM_BUSY: other
 * requests keep changing the address; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_user_update(um_ctx_t *ctx, const um_user_t *user, const um_profile_input_t *input,
                           const um_user_t **updated);

/** The same, and sets the state of the account in the same transaction. The caller must be staff. state NULL: it stays.
 * UM_INVALID also when there is no such group. */
um_status_e um_user_update_state(um_ctx_t *ctx, const um_user_t *user, const um_profile_input_t *input,
                                 const um_user_state_t *state, const um_user_t **updated);

/** Finds the account of a user name, in any spelling that is equal to it. UM_ABSENT, UM_UNAVAILABLE. */
um_status_e um_user_by_name(um_ctx_t *ctx, const char *name, um_user_t **user);

/** Makes an account active or inactive, with a new version, so every session of it ends. *user is the account after the
 * change. An account that waited for its address to be verified no longer waits. UM_ABSENT, UM_UNAVAILABLE,
 * UM_FAILED. */
um_status_e um_user_set_active(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/** Makes an account staff, or not; otherwise as um_user_set_active. */
um_status_e um_user_set_staff(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/** Deletes an account and everything that belongs to it. UM_ABSENT, UM_UNAVAILABLE; UM_PRECONDITION: ctx->demand is not
 * met. */
um_status_e um_user_delete(um_ctx_t *ctx, const char *id);

#endif
