/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_USER_H
#define UM_STORE_USER_H
/* Rows of um_users. A function that looks for one user sets *user to NULL when there is none, which is no error. All
 * return APR_EGENERAL, with the reason in call->cause, when the database did not execute the statement. Rows are in the
 * pool of the call or of the argument. */
#include "../core/account/profile.h"

#include <apr_hash.h>
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

/** In place of the hash of an account that was invited and has no password yet: no password verifies against it. The
 * statements of one-time tokens have the same text. */
#define UM_USER_INVITED "invited"

/** An account as stored. All text is UTF-8 and never NULL. */
typedef struct um_user_t {
    const char *id;            /**< UUID, canonical */
#define UM_USER_MEMBER(name, ...) const char *name;
    UM_PROFILE(UM_USER_MEMBER)
#undef UM_USER_MEMBER
    const char *custom;        /**< custom fields, a JSON object. Of a change: those that change; or NULL */
    const char *password;      /**< the hash, or UM_USER_INVITED */
    const char *version;       /**< UUID, new with each change of credentials or state */
    int is_active;
    int is_waiting;            /**< inactive until the address is verified */
    int is_invited;            /**< has no password yet: an invitation sets the first one */
    int is_staff;
    int is_verified;           /**< the e-mail address is verified */
    apr_int64_t created_at;    /**< seconds since the epoch */
    apr_int64_t last_sign_in_at; /**< the same; 0: never, or before step 013 of the schema */
} um_user_t;

/** What is stored beside the record for finding it. */
typedef struct um_user_keys_t {
    const char *username_key;
    const char *email_key;     /**< NULL: keeps its value */
    const char *email_claim;   /**< email_key where addresses are unique, "" where not; NULL: keeps its value */
} um_user_keys_t;

/** Reads a row that begins with UM_USER_COLUMNS (user_columns.h); further columns begin at UM_STORE_USER_COLUMNS. */
um_user_t *um_store_user_read(apr_pool_t *pool, const char *const *row);

apr_status_t um_store_user_by_id(um_store_call_t *call, const char *id, um_user_t **user);
apr_status_t um_store_user_by_key(um_store_call_t *call, const char *username_key, um_user_t **user);
/** By the name or, when no account has that name, by the address, if an account claims it. Either may be NULL. */
apr_status_t um_store_user_by_login(um_store_call_t *call, const char *username_key, const char *email_key,
                                    um_user_t **user);

/** The id of the account with that alias; NULL: there is none. */
apr_status_t um_store_user_id_by_alias(um_store_call_t *call, const char *alias, const char **id);

/** The names of accounts by their ids, for those of ids that there are. ids: a list of UUIDs in JSON. */
apr_status_t um_store_user_names(um_store_call_t *call, const char *ids, apr_hash_t **names);

/** Whether another account has the name, and whether one claims the address. */
apr_status_t um_store_user_taken(um_store_call_t *call, const um_user_keys_t *keys, int *name, int *email);
/** Whether another account than id claims the address. */
apr_status_t um_store_user_email_taken(um_store_call_t *call, const char *email_claim, const char *id, int *taken);

/** The values of USER_INSERT, UM_STORE_USER_VALUES of them. */
void um_store_user_values(apr_pool_t *pool, const um_user_t *user, const um_user_keys_t *keys, apr_int64_t now,
                          const char **values);
/** Changes the profile, and stores call->event with it; fields that are NULL keep their value. *user is the record
 * after the change, or NULL: there is no such user, another account has the claimed address, or the address is to
 * change and is no longer email_before. */
apr_status_t um_store_user_update(um_store_call_t *call, const um_user_t *change, const um_user_keys_t *keys,
                                  const char *email_before, apr_int64_t now, um_user_t **user);
/** The same in a transaction. */
apr_status_t um_store_user_update_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change,
                                     const um_user_keys_t *keys, const char *email_before, apr_int64_t now,
                                     um_user_t **user);
/** In a transaction: reads a user and locks the row until the transaction ends. *user NULL: there is none. */
apr_status_t um_store_user_lock_tx(um_tx_t *tx, apr_pool_t *pool, const char *id, um_user_t **user);
/** In a transaction: sets password and version. *done = 0: the version is no longer old_version. */
apr_status_t um_store_user_password(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, const char *old_version,
                                    apr_int64_t now, int *done);
/** Replaces a hash by a better one of the same password, if it is still stored. The version stays. */
apr_status_t um_store_user_rehash(um_store_call_t *call, const char *id, const char *old_hash, const char *new_hash);
/** Sets is_active of change->id and the version to change->version, and stores call->event with it. *user is the record
 * after the change, or NULL. */
apr_status_t um_store_user_active(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user);
/** The same with is_staff. */
apr_status_t um_store_user_staff(um_store_call_t *call, const um_user_t *change, apr_int64_t now, um_user_t **user);
/** In a transaction that has changed the row before: sets is_active, is_waiting, is_staff, is_verified and version of
 * change->id. *user is the record after the change, or NULL. */
apr_status_t um_store_user_state_tx(um_tx_t *tx, apr_pool_t *pool, const um_user_t *change, apr_int64_t now,
                                    um_user_t **user);
/** In a transaction: whether the row has the profile and the state of user and was last changed at
 * unmodified_since or before. If so, it is locked and stays so until the transaction ends. */
apr_status_t um_store_user_match(um_tx_t *tx, apr_pool_t *pool, const um_user_t *user, apr_int64_t unmodified_since,
                                 int *matches);
/** Deletes a user, and stores call->event with it. *done: this call deleted the row, or its first sending did. */
apr_status_t um_store_user_delete(um_store_call_t *call, const char *id, int *done);
/** In a transaction: deletes a user. *username_key is the key of the name, NULL when there is no such user. */
apr_status_t um_store_user_delete_tx(um_tx_t *tx, const char *id, const char **username_key);

/* Rows of um_held_names: hashes of the names of deleted accounts that are held back. store_purge.h deletes them. */

/** In a transaction: holds a name back until that time. */
apr_status_t um_store_user_hold_name(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t until);
/** Whether a name is held back now. */
apr_status_t um_store_user_is_name_held(um_store_call_t *call, const char *hash, apr_int64_t now, int *held);

#endif
