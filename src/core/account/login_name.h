/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_LOGIN_NAME_H
#define UM_LOGIN_NAME_H
/* What people type to say which account they sign in to: its name or, where UserMgmtLogin allows it, its e-mail
 * address.
 *
 * An address signs in only where one account claims it (um_users.email_claim, which is unique). Where both are allowed,
 * the account that has the text as its name comes first; nobody can register a name with an @ there, so nobody can
 * register a name that takes the place of somebody's address. */
#include "ctx.h"

/** A text that was typed, and what it may stand for. */
typedef struct um_login_name_t {
    const char *username_key;   /**< NULL: no name */
    const char *email_key;      /**< NULL: no address */
    const char *key;            /**< under which tries are counted (throttle.h) */
    const char *cache_key;      /**< two texts with the same one stand for the same account */
} um_login_name_t;

/** Reads what was typed. 0: no account can be meant; then all members are NULL. */
int um_login_name_read(um_ctx_t *ctx, const char *typed, um_login_name_t *name);

/** Finds the account. *user is NULL when there is none. UM_UNAVAILABLE. */
um_status_e um_login_name_find(um_ctx_t *ctx, const um_login_name_t *name, um_user_t **user);

/** The key under which tries at an account that was found are counted (um_throttle_take_found()). NULL: people sign in
 * by name alone, so what was typed is the account's name.
 * @param username  of the account */
const char *um_login_name_account(um_ctx_t *ctx, const char *username);

#endif
