/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PROFILE_INPUT_H
#define UM_PROFILE_INPUT_H
/* The profile as a request gives it, and the rules for its user name and address. */
#include "ctx.h"
#include "profile.h"

typedef struct um_password_policy_person_t um_password_policy_person_t;
typedef struct um_user_keys_t um_user_keys_t;

/** The longest value of each field in characters, UM_PROFILE_LONGEST_<name>. */
enum {
#define UM_PROFILE_LONGEST(name, label, kind, longest, ...) UM_PROFILE_LONGEST_##name = longest,
    UM_PROFILE(UM_PROFILE_LONGEST)
#undef UM_PROFILE_LONGEST
};

/** Bytes of the longest text that can be equal to a user name: decomposed, each character has at most 12. */
#define UM_PROFILE_MAX_TYPED (UM_PROFILE_LONGEST_username * 12)

/** The fields of a registration or an update. NULL: the request does not have the field, or its value was refused
 * before. */
typedef struct um_profile_input_t {
#define UM_PROFILE_MEMBER(name, ...) const char *name;
    UM_PROFILE(UM_PROFILE_MEMBER)
#undef UM_PROFILE_MEMBER
    um_secret_t password;       /**< registration only; text NULL: as above */
    const char *custom;         /**< custom fields that were given, a JSON object; NULL: none */
} um_profile_input_t;

/** The profile that a new password is compared with. */
um_password_policy_person_t um_profile_person_of_user(const um_user_t *from);
um_password_policy_person_t um_profile_person_of_input(const um_profile_input_t *from);

/** Makes the ids of a new account and of its version. UM_FAILED. */
um_status_e um_profile_make_ids(um_ctx_t *ctx, um_user_t *user);

/** The names of the fields, custom ones too, that have another value in change than in user, separated by blanks; "":
 * none. A field of change that is NULL is not changed. */
const char *um_profile_changes(const um_ctx_t *ctx, const um_user_t *user, const um_user_t *change);

/** Whether text, normalized (NFKC), has the form of a user name: letters, digits and the signs @ . + - _, but not signs
 * alone. */
int um_profile_is_username(apr_pool_t *pool, const char *text);

/** Each adds an error to ctx->errors: the user name or the e-mail address has a wrong form, or is taken. */
void um_profile_bad_username(um_ctx_t *ctx);
void um_profile_bad_email(um_ctx_t *ctx);
void um_profile_taken_username(um_ctx_t *ctx);
void um_profile_taken_email(um_ctx_t *ctx);

/** Checks a user name and sets user->username, normalized, and its key. Otherwise adds an error and leaves both
 * NULL. */
void um_profile_check_username(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys);

/** Checks the fields of a profile that are given and have no rule of their own, and the length of the address. The
 * input schemas of the API do so before they call core; for the command line this does it. */
void um_profile_check_texts(um_ctx_t *ctx, const um_profile_input_t *input);

/** Checks an address and sets user->email, its key and its claim. "" is allowed. Otherwise adds an error. */
void um_profile_check_email(um_ctx_t *ctx, const char *typed, um_user_t *user, um_user_keys_t *keys);

#endif
