/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_H
#define UM_USER_H
/* Users: finding, updating, switching on and off, deleting. */
#include "member.h"

/** The user that a caller may see: himself, or anybody if he is staff. UM_ABSENT for all others alike.
 * @param id  canonical UUID, or NULL for an id that is none */
um_status_e um_user_find(um_cx_t *cx, const um_caller_t *caller, const char *id, const um_user_t **user);

/** Changes first_name, last_name and email; what is NULL stays. *updated is the record after it. A new address is
 * told to the old one and is to be verified, where the site says so. UM_INVALID (also when cx->errors was not empty
 * at the call), UM_ABSENT (deleted meanwhile), UM_AWAY, UM_FAILED.
 * @param user as read by this request */
um_status_e um_user_update(um_cx_t *cx, const um_user_t *user, const um_member_input_t *input,
                           const um_user_t **updated);

/** The user of a name in any spelling that is equal to it. UM_ABSENT, UM_AWAY. */
um_status_e um_user_by_name(um_cx_t *cx, const char *name, um_user_t **user);

/** Stores is_active, is_waiting (which goes before it) and is_staff as they stand in user, under a new version: every
 * session of the user ends. UM_ABSENT, UM_AWAY, UM_FAILED. */
um_status_e um_user_set_state(um_cx_t *cx, um_user_t *user);

/** Deletes a user and with him his sessions. UM_ABSENT, UM_AWAY. */
um_status_e um_user_delete(um_cx_t *cx, const char *id);

#endif
