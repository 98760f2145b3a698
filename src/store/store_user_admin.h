/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_USER_ADMIN_H
#define UM_STORE_USER_ADMIN_H
/* Rows of um_users as an administrator looks for them and changes them; otherwise as store_user.h. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_keys_t um_user_keys_t;
typedef struct um_user_t um_user_t;

/** The accounts of an address by id, at most most: um_user_t *. */
apr_status_t um_store_user_of_email(um_store_call_t *call, const char *email_key, int most, apr_array_header_t **users);

/** What um_user_t does not have of an account. */
typedef struct um_user_details_t {
    apr_int64_t updated_at;         /**< seconds since the epoch */
    apr_int64_t sessions;           /**< how many are valid */
    apr_int64_t latest_session_at;  /**< when the newest of them was opened; 0: there is none */
} um_user_details_t;

/** *found = 0: there is no such user. */
apr_status_t um_store_user_details(um_store_call_t *call, const char *id, apr_int64_t now, um_user_details_t *details,
                                   int *found);

/** In a transaction: inserts an account. *done = 0: another account has the name or claims the address. */
apr_status_t um_store_user_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys,
                                     apr_int64_t now, int *done);

/** In the transaction that inserts an account: sets is_staff, and whether its address is verified. */
apr_status_t um_store_user_grant_tx(um_tx_t *tx, const char *id, int is_staff, int is_verified);

/** In a transaction: renames the account change->id to change->username. *user is the record after the change, or NULL:
 * there is no such user, it has another name than key_before by now, or another account has the new name. */
apr_status_t um_store_user_rename_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, const um_user_keys_t *keys,
                                     const char *key_before, apr_int64_t now, um_user_t **user);

/** In a transaction: sets password and version, whatever they are. *user as above, or NULL: there is no such user. */
apr_status_t um_store_user_set_password_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, apr_int64_t now,
                                           um_user_t **user);

/** Takes an address as verified, and stores call->event with it. An account that waited for this is active then. *user
 * as above, or NULL: there is no such user, or it has another address. */
apr_status_t um_store_user_verify(um_store_call_t *call, const char *id, const char *email, apr_int64_t now,
                                  um_user_t **user);

#endif
