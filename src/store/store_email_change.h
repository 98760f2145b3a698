/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_EMAIL_CHANGE_H
#define UM_STORE_EMAIL_CHANGE_H
/* Rows of um_email_changes: new addresses of accounts that are not confirmed yet, one an account. A change is pending
 * while its account has the version and the address that it had when the change was asked for. All return APR_EGENERAL,
 * with the reason in call->cause, when the database did not execute the statement. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

typedef struct um_email_change_t {
    const char *email, *email_key;  /**< the new address */
    const char *email_claim;        /**< email_key where addresses are unique, "" where not */
    apr_int64_t created_at, expires_at;
} um_email_change_t;

/** In a transaction: stores a change, in the place of an earlier one. *done 0: the account is gone, or has another
 * version than user. */
apr_status_t um_store_email_change_put(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user,
                                       const um_email_change_t *change, int *done);

/** In a transaction: deletes the change of an account, if there is one. */
apr_status_t um_store_email_change_drop(um_tx_t *tx, const char *user_id);

/** The address of the pending change of an account; NULL: there is none. */
apr_status_t um_store_email_change_get(um_store_call_t *call, const char *user_id, apr_int64_t now, const char **email);

/** The account of a valid token of a change, and the new address (email and email_key). *user NULL: the token is not
 * valid. */
apr_status_t um_store_email_change_user(um_store_call_t *call, const char *hash, apr_int64_t now, um_user_t **user,
                                        um_email_change_t *change);

/** In a transaction: takes the token, gives the account the new address, verified, and deletes the change. *done 0: the
 * token was used already, the change is no longer pending, or another account has the address that is claimed. Then the
 * caller rolls back.
 * @param user  as it was read with the token */
apr_status_t um_store_email_change_apply(um_tx_t *tx, apr_pool_t *pool, const char *hash, const um_user_t *user,
                                         const um_email_change_t *change, apr_int64_t now, int *done);

#endif
