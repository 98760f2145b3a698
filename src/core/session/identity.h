/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_IDENTITY_H
#define UM_IDENTITY_H
/* Who somebody has shown to be, as Locations and applications need it: no hash, no version, nothing secret. */
#include <apr.h>

/** All text is UTF-8 and never NULL but where said. */
typedef struct um_identity_t {
    const char *user_id;        /**< UUID, canonical */
    const char *username;
    const char *first_name;
    const char *last_name;
    const char *email;
    const char *groups;         /**< names in order, commas between; "": in none */
    const char *session_id;     /**< UUID; NULL: by password, without a session */
    apr_int64_t expires_at;     /**< of the token, seconds since the epoch; 0: by password */
    int is_staff;
} um_identity_t;

/** Whether the identity is in the group of exactly that name. */
int um_identity_in_group(const um_identity_t *identity, const char *group);

#endif
