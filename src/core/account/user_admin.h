/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_ADMIN_H
#define UM_USER_ADMIN_H
/* Accounts in the hands of an administrator: the rules of finding, adding, renaming, setting a password, and taking an
 * address as verified. Switching on and off, and deleting, are in user.h; a mail to reset the password is in
 * password_reset.h. Each change stores its event in its own transaction. */
#include "ctx.h"
#include "profile_input.h"
#include "store_user_admin.h"

/* --- user_lookup.c --- */

/** The most accounts that a list of candidates has. */
#define UM_USER_CANDIDATES 20

/** Finds the account that an administrator means: its id, or else its user name or e-mail address, in any spelling that
 * is equal to it, or the number with which it was imported (alias.h).
 * @param candidates  um_user_t *: with UM_INVALID the accounts that text may mean, at most UM_USER_CANDIDATES. A name
 *                    of one account that is the address of another is such a case: anybody can choose a name
 * @return UM_OK; UM_ABSENT; UM_INVALID: it is ambiguous; UM_UNAVAILABLE */
um_status_e um_user_lookup(um_ctx_t *ctx, const char *text, um_user_t **user, apr_array_header_t **candidates);

/** Reads what um_user_t does not have. UM_ABSENT, UM_UNAVAILABLE. */
um_status_e um_user_lookup_details(um_ctx_t *ctx, const char *id, um_user_details_t *details);

/* --- user_add.c --- */

/** A new account. */
typedef struct um_user_add_t {
    um_profile_input_t profile;         /**< password.text NULL: none, and nobody can sign in until one is set */
    int is_staff;
    int is_verified;                    /**< its address is taken as verified */
    int takes_held_name;                /**< a name that is held back may be given (quarantine.h) */
    const apr_array_header_t *groups;   /**< const char *: names of groups that it belongs to; NULL: none */
} um_user_add_t;

/** Adds an account with its groups and rights, all or nothing. It opens no session. A reserved name may be given. Where
 * addresses are verified, a mail to verify an address that is not taken as verified is stored; where they must be, the
 * account is inactive until then.
 * @param user           the account as it was stored
 * @param missing_group  with UM_ABSENT: a group that does not exist
 * @return UM_OK; UM_INVALID: ctx->errors; UM_ABSENT; UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_user_add(um_ctx_t *ctx, const um_user_add_t *add, const um_user_t **user, const char **missing_group);

/* --- user_rename.c --- */

/** Gives an account another name. Its sessions go on. The former name is held back like that of a deleted account.
 * @param user     as it was read before; if it was renamed since, this call fails with UM_BUSY
 * @param renamed  the account after the change
 * @return UM_OK; UM_INVALID: ctx->errors; UM_ABSENT: it was deleted; UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_user_rename(um_ctx_t *ctx, const um_user_t *user, const char *name, int takes_held_name,
                           um_user_t **renamed);

/* --- user_password.c --- */

/** Sets a password, whatever it was, and ends all sessions of the account. The policy of passwords holds. The owner is
 * notified by mail as after a change of their own.
 * @param password  text NULL: none, and nobody can sign in until one is set
 * @return UM_OK; UM_INVALID: ctx->errors; UM_ABSENT: it was deleted; UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_user_password_set(um_ctx_t *ctx, const um_user_t *user, um_secret_t password);

/** What is stored in place of a hash when an account has no password. No password matches it. */
#define UM_USER_PASSWORD_NONE "!"

/** The format of a stored hash for people, in pool: "argon2id", "bcrypt with pepper 2026"; "none": there is no usable
 * password; "invited": an invited person has not set one yet; "unknown": this build cannot verify it. */
const char *um_user_password_format(apr_pool_t *pool, const char *hash);

/* --- user_verify.c --- */

/** Takes the address of an account as verified; an account that waited for this is active then. Sessions go on.
 * @param user      as it was read before; if its address was changed since, this call fails with UM_BUSY
 * @param verified  the account after the change
 * @return UM_OK; UM_INVALID: it has no address; UM_ABSENT: it was deleted; UM_BUSY, UM_UNAVAILABLE */
um_status_e um_user_verify(um_ctx_t *ctx, const um_user_t *user, um_user_t **verified);

#endif
