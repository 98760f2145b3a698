/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_SESSION_H
#define UM_STORE_SESSION_H
/* Rows of um_sessions. All return APR_EGENERAL with the call's cause when the database did not do it. */
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
    apr_int64_t ends_at;       /**< no refresh goes beyond */
    apr_int64_t refreshed_at;  /**< 0: never; read only */
    const char *address;       /**< of the client */
    const char *user_agent;
    const char *family_hash;   /**< of the refresh token's part that stays; "": the session has none */
    const char *refresh_hash;  /**< of its part that is replaced */
} um_session_t;

/** The values of SESSION_INSERT. */
#define UM_STORE_SESSION_VALUES 10
void um_store_session_values(apr_pool_t *pool, const um_session_t *session, const char **values);

/** *done = 0: the user is gone, inactive, or his credentials are no longer those of user_version. */
apr_status_t um_store_session_insert(um_store_call_t *call, const um_session_t *session, int *done);
/** The same in a transaction. */
apr_status_t um_store_session_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_session_t *session, int *done);
/** Whether there is such a session: settles a COMMIT whose answer was lost. */
apr_status_t um_store_session_exists(um_store_call_t *call, const char *id, int *there);
/** A session and its user in one look. */
typedef struct um_session_state_t {
    um_user_t *user;           /**< NULL: no such session */
    int is_valid;              /**< its version is the user's */
    apr_int64_t expires_at;
    const char *groups;        /**< names in order, commas between; NULL: not asked for */
} um_session_state_t;

apr_status_t um_store_session_user(um_store_call_t *call, const char *id, um_session_state_t *state);
/** The same with the user's groups. */
apr_status_t um_store_session_state(um_store_call_t *call, const char *id, um_session_state_t *state);

/** All that a refresh looks at. */
typedef struct um_session_refresh_t {
    um_user_t *user;           /**< NULL: no such session */
    int is_valid;              /**< its version is the user's */
    apr_int64_t created_at, expires_at, ends_at;
    const char *family_hash;
    const char *refresh_hash;
    const char *previous_hash; /**< what refresh_hash was until rotated_at; "": nothing */
    const char *refresh_salt;  /**< with which the present token was made of the one before */
    apr_int64_t rotated_at;
    const char *earlier_hashes; /**< "HASH SALT TIME ..." of those before previous_hash, the newest first */
} um_session_refresh_t;

apr_status_t um_store_session_refresh(um_store_call_t *call, const char *id, um_session_refresh_t *state);

/** What a refresh changes. */
typedef struct um_session_rotation_t {
    const char *id;
    const char *old_hash;      /**< only while refresh_hash is that */
    const char *new_hash;
    const char *salt;
    const char *earlier_hashes;
    const char *address;
    const char *user_agent;
    apr_int64_t now;
    apr_int64_t expires_at;
} um_session_rotation_t;

/** *done = 0: another was faster, or did this one's first try; or the session is over by now. */
apr_status_t um_store_session_rotate(um_store_call_t *call, const um_session_rotation_t *rotation, int *done);

/** The sessions of a user that stand at now, the newest first, no more than most. *sessions is um_session_t, of which
 * user_version and the hashes are NULL. */
apr_status_t um_store_session_list(um_store_call_t *call, const char *user_id, apr_int64_t now, int most,
                                   apr_array_header_t **sessions);

/** Ends all sessions of a user, and what else hangs on his version. *done = 0: there is no such user.
 * @param version  his from now on */
apr_status_t um_store_session_end_all(um_store_call_t *call, const char *user_id, const char *version, apr_int64_t now,
                                      int *done);

/** Ends a session of a user. *done = 0: he has no such session that stands at now. */
apr_status_t um_store_session_end(um_store_call_t *call, const char *id, const char *user_id, apr_int64_t now,
                                  int *done);

#endif
