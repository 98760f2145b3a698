/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_H
#define UM_USER_H
/* Users: finding, updating, switching on and off, deleting. */
#include "ctx.h"

typedef struct um_caller_t um_caller_t;
typedef struct um_profile_input_t um_profile_input_t;

typedef struct um_caller_t um_caller_t;

/** The user that a caller may see: himself, or anybody if he is staff. UM_ABSENT for all others alike.
 * @param id  canonical UUID, or NULL for an id that is none */
um_status_e um_user_find(um_ctx_t *ctx, const um_caller_t *caller, const char *id, const um_user_t **user);

/** Changes first_name, last_name and email; what is NULL stays. *updated is the record after it. A new address is
 * told to the old one and is to be verified, where the site says so; another spelling of the same address is not new.
 * UM_INVALID (also when ctx->errors was not empty at the call), UM_ABSENT (deleted meanwhile), UM_BUSY, UM_UNAVAILABLE,
 * UM_FAILED. With ctx->demand: UM_PRECONDITION when that does not hold; it is judged in the transaction of the change.
 * @param user as read by this request */
um_status_e um_user_update(um_ctx_t *ctx, const um_user_t *user, const um_profile_input_t *input,
                           const um_user_t **updated);

/** The user of a name in any spelling that is equal to it. UM_ABSENT, UM_UNAVAILABLE. */
um_status_e um_user_by_name(um_ctx_t *ctx, const char *name, um_user_t **user);

/** Switches an account on or off, under a new version: every session of the user ends. *user is the record after it. An
 * account that waited for its address to be verified does not wait any more. UM_ABSENT, UM_UNAVAILABLE, UM_FAILED. */
um_status_e um_user_set_active(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/** Makes an account one of staff, or not, under a new version. The same otherwise. */
um_status_e um_user_set_staff(um_ctx_t *ctx, const char *id, int on, um_user_t **user);

/** Deletes a user and all that belongs to it. UM_ABSENT, UM_UNAVAILABLE; with ctx->demand UM_PRECONDITION as above. */
um_status_e um_user_delete(um_ctx_t *ctx, const char *id);

#endif
