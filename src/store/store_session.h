/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_SESSION_H
#define UM_STORE_SESSION_H
/* Rows of um_sessions. All return APR_EGENERAL, with the reason in call->cause, when the database did not execute the
 * statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

/** A session as stored. */
typedef struct um_session_t {
    const char *id;            /**< UUID, the token's sid */
    const char *user_id;
    const char *user_version;  /**< of the credentials that were checked */
    apr_int64_t created_at;    /**< seconds since the epoch */
    apr_int64_t expires_at;    /**< unless it is refreshed before */
    apr_int64_t ends_at;       /**< no refresh prolongs it beyond this */
    apr_int64_t refreshed_at;  /**< 0: never; read only */
    const char *address;       /**< of the client */
    const char *user_agent;
    const char *family_hash;   /**< of the refresh token's part that stays; "": the session has none */
    const char *refresh_hash;  /**< of its part that is replaced */
} um_session_t;

/** The values of SESSION_INSERT, in their order. */
#define UM_STORE_SESSION_VALUES 10
void um_store_session_values(apr_pool_t *pool, const um_session_t *session, const char **values);

/** Stores a session, and its time as that of the last sign-in to the account. *done = 0: the user was deleted, is
 * inactive, or has another version than user_version. */
apr_status_t um_store_session_insert(um_store_call_t *call, const um_session_t *session, int *done);
/** The same in a transaction. */
apr_status_t um_store_session_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_session_t *session, int *done);
/** Whether there is such a session. After a COMMIT whose answer was lost, this tells whether it was done. */
apr_status_t um_store_session_exists(um_store_call_t *call, const char *id, int *there);
/** The session whose imported token has this hash: id, user_id, created_at and expires_at of *session, valid or not.
 * *found = 0: there is none. */
apr_status_t um_store_session_of_token(um_store_call_t *call, const char *hash, um_session_t *session, int *found);
/** Whether any session has an imported token, valid or not. */
apr_status_t um_store_session_any_token(um_store_call_t *call, int *any);

/** A session and its user, by one statement. */
typedef struct um_session_state_t {
    um_user_t *user;           /**< NULL: no such session */
    int is_valid;              /**< user_version is still the version of the user */
    apr_int64_t expires_at;
    const char *groups;        /**< names in order, joined by commas; NULL: not asked for */
} um_session_state_t;

apr_status_t um_store_session_user(um_store_call_t *call, const char *id, um_session_state_t *state);
/** The same with the groups of the user. */
apr_status_t um_store_session_state(um_store_call_t *call, const char *id, um_session_state_t *state);

/** What a refresh needs to know. */
typedef struct um_session_refresh_t {
    um_user_t *user;           /**< NULL: no such session */
    int is_valid;              /**< user_version is still the version of the user */
    apr_int64_t created_at, expires_at, ends_at;
    const char *family_hash;
    const char *refresh_hash;
    const char *previous_hash; /**< the value of refresh_hash until rotated_at; "": none */
    const char *refresh_salt;  /**< with which the present token was made from the one before */
    apr_int64_t rotated_at;
    const char *earlier_hashes; /**< "HASH SALT TIME ..." of those before previous_hash, the newest first */
} um_session_refresh_t;

apr_status_t um_store_session_refresh(um_store_call_t *call, const char *id, um_session_refresh_t *state);

/** What a refresh changes. */
typedef struct um_session_rotation_t {
    const char *id;
    const char *old_hash;      /**< changes nothing unless this is refresh_hash */
    const char *new_hash;
    const char *salt;
    const char *earlier_hashes;
    const char *address;
    const char *user_agent;
    apr_int64_t now;
    apr_int64_t expires_at;
} um_session_rotation_t;

/** *done = 0: another refresh was faster, or this one's first sending was executed, or the session has ended. */
apr_status_t um_store_session_rotate(um_store_call_t *call, const um_session_rotation_t *rotation, int *done);

/** The sessions of a user that are valid at now, the newest first, at most most. *sessions holds um_session_t, in which
 * user_version and the hashes are NULL. */
apr_status_t um_store_session_list(um_store_call_t *call, const char *user_id, apr_int64_t now, int most,
                                   apr_array_header_t **sessions);

/** The addresses from which an account was signed in to after since, the newest first, at most most: um_session_t of
 * which only address and created_at are set.
 * @param username_key  of the account; without one the array is empty */
apr_status_t um_store_session_addresses(um_store_call_t *call, const char *username_key, const char *email_key,
                                        apr_int64_t since, int most, apr_array_header_t **sessions);

/** Ends all sessions of a user, and what else depends on the version; stores call->event with it. *done = 0: there is
 * no such user.
 * @param version  the new version */
apr_status_t um_store_session_end_all(um_store_call_t *call, const char *user_id, const char *version, apr_int64_t now,
                                      int *done);

/** Ends a session of a user; stores call->event with it. *done = 0: the user has no such session that is valid at now.
 * */
apr_status_t um_store_session_end(um_store_call_t *call, const char *id, const char *user_id, apr_int64_t now,
                                  int *done);

#endif
