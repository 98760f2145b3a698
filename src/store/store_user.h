/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_USER_H
#define UM_STORE_USER_H
/* Rows of um_users. Functions that look for one user give NULL in *user for none: that is no error. All return
 * APR_EGENERAL with call->cause when the database did not do it. */
#include "../core/account/profile.h"

#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

/** An account as stored. All text is UTF-8 and never NULL. */
typedef struct um_user_t {
    const char *id;            /**< UUID, canonical */
#define UM_USER_MEMBER(name, ...) const char *name;
    UM_PROFILE(UM_USER_MEMBER)
#undef UM_USER_MEMBER
    const char *password;      /**< the hash */
    const char *version;       /**< UUID, new with each change of credentials or state */
    int is_active;
    int is_waiting;            /**< until the address is verified; not active */
    int is_staff;
} um_user_t;

/** What is stored beside the record itself for finding it. */
typedef struct um_user_keys_t {
    const char *username_key;
    const char *email_key;     /**< NULL: keeps its value */
    const char *email_claim;   /**< the key where addresses are exclusive, "" where not; NULL: keeps its value */
} um_user_keys_t;

/** Reads a row that begins with UM_USER_COLUMNS (user_columns.h); further columns begin at UM_STORE_USER_COLUMNS. */
um_user_t *um_store_user_read(apr_pool_t *pool, const char *const *row);

apr_status_t um_store_user_by_id(um_store_call_t *call, const char *id, um_user_t **user);
apr_status_t um_store_user_by_key(um_store_call_t *call, const char *username_key, um_user_t **user);

/** Which of the keys somebody has already. */
apr_status_t um_store_user_taken(um_store_call_t *call, const um_user_keys_t *keys, int *name, int *email);
/** Whether somebody other than id claims the address. */
apr_status_t um_store_user_email_taken(um_store_call_t *call, const char *email_claim, const char *id, int *taken);

/** The values of USER_INSERT, UM_STORE_USER_VALUES of them. */
void um_store_user_values(apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys, apr_int64_t now,
                          const char **values);
/** Members that are NULL keep their value. *user is the record after it, NULL when there is no such user, somebody else
 * has the claimed address, or the address to be changed is no longer email_before. */
apr_status_t um_store_user_update(um_store_call_t *call, const um_user_t *change, const um_user_keys_t *keys,
                                  const char *email_before, apr_int64_t now, um_user_t **user);
/** The same in a transaction. */
apr_status_t um_store_user_update_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change,
                                     const um_user_keys_t *keys, const char *email_before, apr_int64_t now,
                                     um_user_t **user);
/** In a transaction. *done = 0: the version is no longer old_version. */
apr_status_t um_store_user_password(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const char *old_version,
                                    apr_int64_t now, int *done);
/** Replaces a hash by a better one of the same password, if it still stands. */
apr_status_t um_store_user_rehash(um_store_call_t *call, const char *id, const char *old_hash, const char *new_hash);
/** Sets is_active of change->id, and nothing else, under change->version. *user is the record after it, or NULL. */
apr_status_t um_store_user_active(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user);
/** The same with is_staff. */
apr_status_t um_store_user_staff(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user);
/** In a transaction: whether the row shows what user shows and was last changed no later than unmodified_since. Then it
 * stays so until the transaction ends. */
apr_status_t um_store_user_match(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, apr_int64_t unmodified_since,
                                 int *matches);
/** *done: this call, or its first sending, deleted the row. */
apr_status_t um_store_user_delete(um_store_call_t *call, const char *id, int *done);
/** In a transaction: deletes a user. *username_key is the key of the name, NULL when there is no such user. */
apr_status_t um_store_user_delete_tx(um_tx_t *tx, const char *id, const char **username_key);

/* Rows of um_held_names: hashes of the names of deleted accounts that are held back. store_purge.h deletes them. */

/** In a transaction: holds a name back until that time. */
apr_status_t um_store_user_hold_name(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t until);
/** Whether a name is held back now. */
apr_status_t um_store_user_is_name_held(um_store_call_t *call, const char *hash, apr_int64_t now, int *held);

#endif
