/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PASSWORD_H
#define UM_PASSWORD_H
/* Passwords: what a new one must be, hashing within the machine's bound, signing in, changing. No database
 * connection is held while a password is hashed. */
#include "ctx.h"

typedef struct um_concurrency_limit_pass_t um_concurrency_limit_pass_t;
typedef struct um_password_policy_person_t um_password_policy_person_t;
typedef struct um_session_new_t um_session_new_t;

/** A password as it is compared and hashed (um_unicode_opaque), so that it is the same from every keyboard; typed
 * itself where that makes no difference. Wiped with the context's pool. All functions here take passwords as typed. */
um_secret_t um_password_prepare(um_ctx_t *ctx, um_secret_t typed);

/** Notes under field what is wrong with a new password of that person: its length limit, then the policy. */
void um_password_check(um_ctx_t *ctx, const char *field, um_secret_t password,
                       const um_password_policy_person_t *person);

/** The right to hash, for one call: no more hash at a time than the machine bears. What can refuse the call without the
 * database comes before, so that nobody waits for nothing; what asks the database comes after, so that a call that is
 * sent away asks nothing. UM_BUSY: leave without a pass. */
um_status_e um_password_enter(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass);
void um_password_leave(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass);

/** A new hash, inside. UM_FAILED. */
um_status_e um_password_make(um_ctx_t *ctx, um_secret_t password, const char **hash);

/** Verifies a password, inside. user: NULL where nobody has the name; then a hash is made in vain, so that the time
 * tells nothing. When the password is right, *fresh is set to a hash of wanted or, if that is NULL and the stored hash
 * is out of date, to a new hash of the same password. UM_INVALID: not the password. UM_FAILED. */
um_status_e um_password_verify(um_ctx_t *ctx, const um_user_t *user, um_secret_t password, const um_secret_t *wanted,
                               const char **fresh);

/** The same with a pass of its own. UM_BUSY, UM_FAILED. */
um_status_e um_password_hash(um_ctx_t *ctx, um_secret_t password, const char **hash);

/** Whose name and password these are. UM_INVALID: there is no such account (*user NULL), the password is wrong, or the
 * account is inactive, all after the same time. Then nothing is noted in ctx->errors, and ctx->cause says which, for
 * the log alone. UM_BUSY, UM_UNAVAILABLE, UM_FAILED. An old hash is replaced by a better one of the same password.
 * @param user  as it was before the password was hashed: what has changed since is for the caller to see */
um_status_e um_password_verify_user(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **user);

/** Signs in by name and password and opens a session, with a refresh token where the site has them. UM_INVALID with
 * the one text for unknown name, wrong password and inactive account, which also take the same time. UM_BUSY,
 * UM_UNAVAILABLE, UM_FAILED.
 * @param session  the new one, and its tokens */
um_status_e um_password_login(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **who,
                              um_session_new_t *session);

/** Changes a password: the policy first (it costs no hash), then the old one. Every session of the user ends; token is
 * of a fresh one. UM_INVALID: fields old_password, new_password (also when ctx->errors was not empty at the call, as it
 * has to be when one of them is missing: text NULL). UM_BUSY, UM_UNAVAILABLE, UM_FAILED.
 * @param user  as read by this request: a change since then makes this one fail with "Wrong password." */
um_status_e um_password_change(um_ctx_t *ctx, const um_user_t *user, um_secret_t old_password, um_secret_t new_password,
                               const char **token);

#endif
