/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_IDEMPOTENCY_H
#define UM_STORE_IDEMPOTENCY_H
/* Rows of um_idempotency: keys of requests that made accounts. store_registration.h inserts them, store_purge.h deletes
 * them. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

typedef struct um_idempotency_row_t {
    const char *key_hash;
    const char *body_hash;
    const char *user_id, *user_version;     /**< of the account that was made, as it was then */
    int has_session;                        /**< the account was made with a session */
    apr_int64_t expires_at;                 /**< seconds since the epoch; not read */
} um_idempotency_row_t;

/** The row of a key that has not expired, in the call's pool; NULL: there is none. APR_EGENERAL, with the reason in
 * call->cause, when the database did not execute it. */
apr_status_t um_store_idempotency_get(um_store_call_t *call, const char *key_hash, apr_int64_t now,
                                      um_idempotency_row_t **row);

/** In a transaction: inserts a row. *done 0: the key is in use. APR_EGENERAL. */
apr_status_t um_store_idempotency_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_idempotency_row_t *row,
                                            apr_int64_t now, int *done);

#endif
