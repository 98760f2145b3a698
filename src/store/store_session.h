/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_SESSION_H
#define UM_STORE_SESSION_H
/* Rows of um_sessions. All return APR_EGENERAL with the call's cause when the database did not do it. */
#include "store_user.h"

/** A session as stored. */
typedef struct um_session_t {
    const char *id;            /**< UUID, the token's sid */
    const char *user_id;
    const char *user_version;  /**< of the credentials that were checked */
    apr_int64_t created_at;    /**< seconds since the epoch */
    apr_int64_t expires_at;
    const char *address;       /**< of the client */
    const char *user_agent;
} um_session_t;

/** *done = 0: the user is gone, inactive, or his credentials are no longer those of user_version. */
apr_status_t um_store_session_insert(um_store_call_t *call, const um_session_t *session, int *done);
/** The same in a transaction. */
apr_status_t um_store_session_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_session_t *session, int *done);
/** Whether there is such a session: settles a COMMIT whose answer was lost. */
apr_status_t um_store_session_exists(um_store_call_t *call, const char *id, int *there);
/** The user of a session and whether it stands (its version is the user's); *user NULL: no such session. */
apr_status_t um_store_session_user(um_store_call_t *call, const char *id, um_user_t **user, int *stands,
                                   apr_int64_t *expires_at);

/** A session, its user and his groups in one look. */
typedef struct um_session_state_t {
    um_user_t *user;           /**< NULL: no such session */
    const char *groups;        /**< names in order, commas between */
    int stands;                /**< its version is the user's */
    apr_int64_t expires_at;
} um_session_state_t;

apr_status_t um_store_session_state(um_store_call_t *call, const char *id, um_session_state_t *state);

#endif
