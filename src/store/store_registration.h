/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REGISTRATION_H
#define UM_STORE_REGISTRATION_H
/* A new account, with its first session and mail. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_idempotency_row_t um_idempotency_row_t;
typedef struct um_mail_t um_mail_t;
typedef struct um_session_t um_session_t;
typedef struct um_user_t um_user_t;
typedef struct um_user_keys_t um_user_keys_t;

typedef struct um_store_registration_t {
    const um_user_t *user;
    const um_user_keys_t *keys;
    const um_session_t *session;   /**< NULL: none */
    const um_mail_t *mail;         /**< NULL: none */
    const um_idempotency_row_t *idempotency;    /**< NULL: none */
} um_store_registration_t;

/** Stores all rows, and call->event, or none. *done = 0: the name, the claimed
 * address or the key is in use. APR_EGENERAL, with
 * the reason in call->cause, when the database did not execute it. */
apr_status_t um_store_registration(um_store_call_t *call, const um_store_registration_t *rows, apr_int64_t now,
                                   int *done);

#endif
