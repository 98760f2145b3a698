/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_EMAIL_CHANGE_H
#define UM_EMAIL_CHANGE_H
/* Changes of addresses that have to be confirmed (UserMgmtEmailChange confirm). A change that was asked for is pending
 * until the one-time token that was mailed to the new address is used. It ends with a newer one, when it is
 * withdrawn (user_update.c), with a change of the password, the state or the address of the account, and with its
 * time. */
#include "ctx.h"

typedef struct um_email_change_t um_email_change_t;     /* store_email_change.h */
typedef struct um_mail_t um_mail_t;                     /* store_mail.h */
typedef struct um_tx_t um_tx_t;                         /* store.h */
typedef struct um_user_keys_t um_user_keys_t;           /* store_user.h */

/** Whether an address is another one than that of an account, and not another spelling of it.
 * @param keys  of the address, as um_profile_check_email() sets them */
int um_email_change_is_other(const um_ctx_t *ctx, const um_user_t *user, const um_user_keys_t *keys);

/** Whether an address of an account must be confirmed before it takes effect. Another spelling of its present address,
 * and no address at all, need no confirming. Nor does that of an invited account: staff mends a wrong address, and the
 * invitation that went there must be void at once.
 * @param keys  of the address, as um_profile_check_email() sets them */
int um_email_change_is_pending(const um_ctx_t *ctx, const um_user_t *user, const char *email,
                               const um_user_keys_t *keys);

/** Makes the rows of a change: itself, and the mail to the new address. UM_FAILED. */
um_status_e um_email_change_make(um_ctx_t *ctx, const um_user_t *user, const char *email, const um_user_keys_t *keys,
                                 um_email_change_t **change, um_mail_t **mail);

/** In a transaction: stores a change. UM_STORE_ROLLED_BACK: the account is gone, or has another version than user. */
apr_status_t um_email_change_put(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const um_email_change_t *change);

/** Whether a change is stored and pending; 0 also when the database could not be asked. */
int um_email_change_is_stored(um_ctx_t *ctx, const um_user_t *user, const um_email_change_t *change);

/** The address that is pending for an account; NULL: none. UM_UNAVAILABLE. */
um_status_e um_email_change_find(um_ctx_t *ctx, const char *user_id, const char **email);

/** Confirms a change: the account has the new address, verified, and the old one is notified. Whether another account
 * has the address is decided here.
 * @param hash  of the token
 * @return UM_OK; UM_ABSENT: it is no valid token of a change; UM_INVALID: another account has the address, and the
 * token stays valid; UM_UNAVAILABLE, UM_FAILED */
um_status_e um_email_change_confirm(um_ctx_t *ctx, const char *hash);

#endif
