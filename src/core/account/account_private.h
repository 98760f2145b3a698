/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_ACCOUNT_PRIVATE_H
#define UM_ACCOUNT_PRIVATE_H
/* What the files of core/account share: the steps in which an account is made, by registration and by invitation. */
#include "ctx.h"
#include "session.h"

typedef struct um_idempotency_row_t um_idempotency_row_t;   /* store_idempotency.h */
typedef struct um_mail_t um_mail_t;                     /* store_mail.h */
typedef struct um_profile_input_t um_profile_input_t;
typedef struct um_user_keys_t um_user_keys_t;           /* store_user.h */

/* --- registration.c --- */

/** A new account, and what is stored with it. */
typedef struct um_registration_t {
    um_user_t *user;
    um_user_keys_t *keys;
    um_session_new_t session;   /**< stored unless the account is waiting or invited */
    int has_no_session;         /**< it is not stored in any case */
    um_mail_t *mail;            /**< to verify the address, or the invitation; NULL: none */
    const um_idempotency_row_t *idempotency;    /**< NULL: none */
    um_event_t *event;
} um_registration_t;

/** Checks whether the name or the address is taken. UM_INVALID when anything is wrong by now; UM_UNAVAILABLE. */
um_status_e um_registration_check_others(um_ctx_t *ctx, const um_user_keys_t *keys);

/** Stores all of it, or nothing, and settles the event. UM_INVALID: somebody else took the name or the address in the
 * meantime; UM_UNAVAILABLE. */
um_status_e um_registration_store(um_ctx_t *ctx, um_registration_t *new);

/* --- registration_check.c --- */

/** Makes the checks that need no database, and sets the profile of user and its keys. user->is_waiting and is_invited
 * say what is required. Errors are added to ctx->errors. */
void um_registration_check(um_ctx_t *ctx, const um_profile_input_t *input, um_user_t *user, um_user_keys_t *keys);

/* --- registration.c, again --- */

/** The status of a call that could not store its account: another one may have made it under the same key. See
 * um_idempotency_replay() for made, token and the status; without a key, status itself. */
um_status_e um_registration_again(um_ctx_t *ctx, um_status_e status, const um_profile_input_t *input, um_user_t *made,
                                  const char **token);

#endif
