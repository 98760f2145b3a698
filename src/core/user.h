/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_H
#define UM_USER_H
/* Users: registering, finding, updating, deleting, and the rules of their members. */
#include "password.h"

/** The longest of each member, in characters: what the shapes of the API and these rules agree on. */
#define UM_USER_MAX_USERNAME 150
#define UM_USER_MAX_NAME     150
#define UM_USER_MAX_EMAIL    254

/** Whether text, normalized (NFKC), has the form of a name: letters, digits and the signs @ . + - _. */
int um_user_is_username(apr_pool_t *pool, const char *text);
/** Note that a name, or an e-mail address, has not its form. */
void um_user_bad_username(um_cx_t *cx);
void um_user_bad_email(um_cx_t *cx);

/** What somebody wants to be, or to become. NULL: not given, or found faulty before. */
typedef struct um_user_input_t {
    const char *username;
    const char *first_name;
    const char *last_name;
    const char *email;
    um_secret_t password;       /**< text NULL: not given, or found faulty before */
} um_user_input_t;

/** Registers a user and opens a session for him. All faulty members are named at once; a name or an exclusive address
 * that is taken is one of them, and of two at the same instant exactly one succeeds.
 * UM_INVALID (also when cx->errors was not empty at the call), UM_BUSY, UM_AWAY, UM_FAILED. */
um_status_e um_user_register(um_cx_t *cx, const um_user_input_t *input, const um_user_t **user, const char **token);

/** The user that a caller may see: himself, or anybody if he is staff. UM_ABSENT for all others alike.
 * @param id  canonical UUID, or NULL for an id that is none */
um_status_e um_user_find(um_cx_t *cx, const um_caller_t *caller, const char *id, const um_user_t **user);

/** Changes first_name, last_name and email; what is NULL stays. *user is the record after it.
 * UM_INVALID (also when cx->errors was not empty at the call), UM_ABSENT (deleted meanwhile), UM_AWAY. */
um_status_e um_user_update(um_cx_t *cx, const char *id, const um_user_input_t *input, const um_user_t **user);

/** The user of a name in any spelling that is equal to it. UM_ABSENT, UM_AWAY. */
um_status_e um_user_by_name(um_cx_t *cx, const char *name, um_user_t **user);

/** Stores is_active and is_staff as they stand in user, under a new version: every session of the user ends.
 * UM_ABSENT, UM_AWAY, UM_FAILED. */
um_status_e um_user_set_state(um_cx_t *cx, um_user_t *user);

/** Deletes a user and with him his sessions. UM_ABSENT, UM_AWAY. */
um_status_e um_user_delete(um_cx_t *cx, const char *id);

#endif
