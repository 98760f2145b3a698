/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_PASSWORD_H
#define UM_PASSWORD_H
/* Passwords: the check of a new one, hashing within the hash limit, signing in, and changing. No database connection is
 * held while a password is hashed. The functions of password_hash.c come first. */
#include "ctx.h"

typedef struct um_concurrency_limit_pass_t um_concurrency_limit_pass_t;
typedef struct um_password_policy_person_t um_password_policy_person_t;
typedef struct um_session_new_t um_session_new_t;

/** A password as it is compared and hashed: normalized (um_unicode_opaque), so that it is the same from every keyboard.
 * Returns typed itself if that makes no difference or is not possible; otherwise a copy that is wiped when the
 * context's pool is cleared. All other functions here take passwords as they were typed. */
um_secret_t um_password_prepare(um_ctx_t *ctx, um_secret_t typed);

/** Adds an error of that field for each fault of a new password: too long, or what the policy says. */
void um_password_check(um_ctx_t *ctx, const char *field, um_secret_t password,
                       const um_password_policy_person_t *person);

/** Waits for a turn to hash, because the hash limit bounds how many calls hash at a time. Do checks that need no
 * database before this, so that no call waits in vain; query the database after it, so that a call that is refused
 * costs no query. UM_BUSY: too many wait; there is no pass to give back. */
um_status_e um_password_enter(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass);
void um_password_leave(um_ctx_t *ctx, um_concurrency_limit_pass_t *pass);

/* --- password_kinds.c: which kinds of hashes the database has --- */

/* A wrong password must take the same time for every account and for an unknown name. So each refused sign-in costs one
 * hash of every kind that the database has: that of the account, and the others in vain. */

/** Bytes of shared memory, which must be zero at first. */
apr_size_t um_password_kinds_size(void);

/** The record of a database in shared memory; in the pool, for one process, when there is no room. */
um_password_kinds_t *um_password_kinds_of(apr_pool_t *pool, void *memory, apr_uint64_t scope);

/** A record for one process. */
um_password_kinds_t *um_password_kinds_create(apr_pool_t *pool);

#define UM_PASSWORD_KINDS_COUNTED 32

/** A pass over the accounts, which finds the kinds of their hashes. Zeroed: it has not begun. */
typedef struct um_password_kinds_pass_t {
    char last[40];              /**< id of the last account that was looked at; "": none */
    int found;
    apr_uint64_t kind[UM_PASSWORD_KINDS_COUNTED];
    apr_int64_t accounts[UM_PASSWORD_KINDS_COUNTED]; /**< of each kind */
} um_password_kinds_pass_t;

/** Looks at the next accounts, if a pass is under way or due; it is due an hour after the last one. For the worker: no
 * request may wait for a pass over millions of accounts. Whether more accounts are left. */
int um_password_kinds_scan(um_ctx_t *ctx, um_password_kinds_pass_t *pass);

/** Computes a hash of each kind other than own, which the caller has spent; 0: none. The kind of new hashes is always
 * among them. Kinds that were not known are remembered. */
void um_password_kinds_spend(um_ctx_t *ctx, apr_uint64_t own, um_secret_t password);

/* --- password_hash.c --- */

/** Makes a new hash; needs a pass. UM_FAILED. */
um_status_e um_password_make(um_ctx_t *ctx, um_secret_t password, const char **hash);

/** Verifies a password; needs a pass. When it is right, *fresh is set to a hash of wanted or, if that is NULL and the
 * stored hash is out of date, to a new hash of the same password.
 * @param user  NULL: no account has the name. Then a hash is made in vain, so that the time does not show it
 * @return UM_OK; UM_INVALID: the password is wrong; UM_FAILED */
um_status_e um_password_verify(um_ctx_t *ctx, const um_user_t *user, um_secret_t password, const um_secret_t *wanted,
                               const char **fresh);

/** Makes a new hash with a pass of its own. UM_BUSY, UM_FAILED. */
um_status_e um_password_hash(um_ctx_t *ctx, um_secret_t password, const char **hash);

/** Finds the account of a user name, or an address (login_name.h), and a password. An outdated hash is replaced by a
 * new one of the same password.
 * @param user  the account as it was before the password was hashed; later changes are for the caller to find
 * @return UM_OK; UM_INVALID: there is no such account (*user is NULL), the password is wrong, or the account is
 * inactive. All three take the same time and add nothing to ctx->errors; ctx->cause says which, for the log alone.
 * UM_THROTTLED, UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_verify_user(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **user);

/** Verifies the old password of a change. Guesses count like sign-ins (throttle.h).
 * @param new_password  of which *fresh becomes the hash
 * @return as um_password_verify; UM_THROTTLED, UM_BUSY */
um_status_e um_password_verify_old(um_ctx_t *ctx, const um_user_t *user, um_secret_t old_password,
                                   const um_secret_t *new_password, const char **fresh);

/** Signs in by user name and password and opens a session, with a refresh token if the site has refresh tokens.
 * @param session  the new session and its tokens
 * @return UM_OK; UM_INVALID: an unknown name, a wrong password and an inactive account get the same error after the
 * same time; UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_login(um_ctx_t *ctx, const char *username, um_secret_t password, const um_user_t **who,
                              um_session_new_t *session);

/** Changes a password. The policy is checked first, because it costs no hash, then the old password. Every session of
 * the account ends, and a new one begins.
 * @param user   as this request has read it. If the password was changed since, this call fails with "Wrong password."
 * @param has_refresh  the new session gets a refresh token, if the site has refresh tokens
 * @param session  the new session and its tokens
 * @return UM_OK; UM_INVALID: errors of old_password or new_password, or ctx->errors was not empty at the call, as it
 * must be when a password is missing (text NULL); UM_BUSY, UM_UNAVAILABLE, UM_FAILED */
um_status_e um_password_change(um_ctx_t *ctx, const um_user_t *user, um_secret_t old_password, um_secret_t new_password,
                               int has_refresh, um_session_new_t *session);

#endif
