/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PROFILE_INPUT_H
#define UM_PROFILE_INPUT_H
/* The members of a user as somebody gives them, and their rules. */
#include "password.h"

/** The longest of each member, in characters: what the shapes of the API and these rules agree on. */
#define UM_PROFILE_MAX_USERNAME 150
#define UM_PROFILE_MAX_NAME     150
#define UM_PROFILE_MAX_EMAIL    254

/** Bytes of the longest text that can be equal to a name: in parts each character is 12 at the most. */
#define UM_PROFILE_MAX_TYPED (UM_PROFILE_MAX_USERNAME * 12)

/** What somebody wants to be, or to become. NULL: not given, or found faulty before. */
typedef struct um_profile_input_t {
    const char *username;
    const char *first_name;
    const char *last_name;
    const char *email;
    um_secret_t password;       /**< text NULL: not given, or found faulty before */
} um_profile_input_t;

/** Whether text, normalized (NFKC), has the form of a name: letters, digits and the signs @ . + - _; not signs
 * alone. */
int um_profile_is_username(apr_pool_t *pool, const char *text);

/** Note that a name, or an e-mail address, has not its form, or is somebody else's. */
void um_profile_bad_username(um_ctx_t *ctx);
void um_profile_bad_email(um_ctx_t *ctx);
void um_profile_taken_username(um_ctx_t *ctx);
void um_profile_taken_email(um_ctx_t *ctx);

/** Checks a name and sets user->username, normalized, and its key; or notes what is wrong and leaves both NULL. */
void um_profile_check_username(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys);

/** Checks an address ("" is allowed) and sets user->email, its key and its claim; or notes what is wrong. */
void um_profile_check_email(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys);

#endif
