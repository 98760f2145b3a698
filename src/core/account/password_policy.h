/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PASSWORD_POLICY_H
#define UM_PASSWORD_POLICY_H

/* Which passwords a person may choose. Registration, change and reset use the same check: a minimum length, and nothing
 * that an attacker would guess first. There are no rules of composition. */

#include <apr_pools.h>
#include <apr_tables.h>

#include "message.h"
#include "profile.h"

typedef struct um_wordlist_t um_wordlist_t;

/** The administrator's settings. They live as long as the configuration. */
typedef struct um_password_policy_t {
    int min_length;              /**< code points; below 1: no minimum */
    const um_wordlist_t *common; /**< common passwords; NULL: no list */
} um_password_policy_t;

/** The profile of the person who chooses the password: UTF-8; a field is NULL or "" when it is not known. */
typedef struct um_password_policy_person_t {
#define UM_PASSWORD_POLICY_MEMBER(name, ...) const char *name;
    UM_PROFILE(UM_PASSWORD_POLICY_MEMBER)
#undef UM_PASSWORD_POLICY_MEMBER
} um_password_policy_person_t;

/** One reason against a password. */
typedef struct um_password_policy_fault_t {
    um_message_e message; /**< UM_MESSAGE_PASSWORD_TOO_SIMILAR, _TOO_SHORT, _TOO_COMMON or _NUMERIC */
    const char *value;    /**< of the message, static or in the pool, without any part of the password; NULL: none */
} um_password_policy_fault_t;

/**
 * Lists the faults of a password, in the order of the messages above.
 *
 * Too similar: lower-cased, it shares 70 percent or more of its letters, in any order, with a lower-cased field of the
 * profile, or with a word of one (um_unicode_words): 2 x shared / (sum of both lengths) >= 0.7. Only the first field
 * that is too similar is named, in the order of the profile's rows.
 *
 * Time and memory grow with the sum of the lengths. Copies of the password are wiped before returning.
 * @param person    NULL when nothing is known of the person; a field that is not UTF-8, as old imports may have, is
 *                  not compared
 * @param password  len bytes of UTF-8 without NUL, not necessarily terminated. The caller refuses an empty one
 * @return um_password_policy_fault_t elements, none when the password is good; NULL when the password is not UTF-8
 */
apr_array_header_t *um_password_policy_check(apr_pool_t *pool, const um_password_policy_t *policy,
                                             const um_password_policy_person_t *person,
                                             const char *password, apr_size_t len);

#endif
