/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDENTITY_H
#define UM_IDENTITY_H
/* The identity of a caller, as Locations and applications need it. It holds no password hash, no version and nothing
 * secret. */
#include "profile.h"

#include <apr.h>

typedef struct um_ctx_t um_ctx_t;
typedef struct um_user_t um_user_t;

/** All texts are UTF-8 and, except where noted, never NULL. */
typedef struct um_identity_t {
    const char *user_id;        /**< UUID, canonical */
#define UM_IDENTITY_MEMBER(name, label, kind, longest, registration, update, identity) \
    UM_PROFILE_IF_PUBLIC(identity, const char *name;)
    UM_PROFILE(UM_IDENTITY_MEMBER)
#undef UM_IDENTITY_MEMBER
    const char *groups;         /**< names in order, separated by commas; "": the account is in no group */
    const char *custom;         /**< custom fields that applications get, as um_custom_field_claims() gives them */
    const char *session_id;     /**< UUID; NULL: authenticated by password, without a session */
    apr_int64_t expires_at;     /**< of the token, seconds since the epoch; 0: authenticated by password */
    int is_staff;
} um_identity_t;

/** The identity of an account without a session. Its texts are the account's, they are not copied. */
um_identity_t um_identity_of(const um_ctx_t *ctx, const um_user_t *user, const char *groups);

/** Whether the identity is in the group with exactly that name. */
int um_identity_in_group(const um_identity_t *identity, const char *group);

#endif
