/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_ONE_TIME_TOKEN_H
#define UM_STORE_ONE_TIME_TOKEN_H
/* Rows of um_one_time_tokens: the tokens that mails carry, by their hashes. All return APR_EGENERAL, with the reason in
 * call->cause, when the database did not execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

/** A one-time token of an account. */
typedef struct um_one_time_token_t {
    const char *hash;          /**< SHA-256 of the token, base64url */
    const char *kind;          /**< reset, verify or invite */
    const char *mail_id;       /**< the mail that carries it */
    const char *user_id;
    const char *email_key;     /**< of the address that the mail goes to */
    int is_pending;            /**< that is the address of a pending change (store_email_change.h) */
    int state;                 /**< the value of is_active, besides 1, that the account may have */
    apr_int64_t created_at;    /**< seconds since the epoch */
    apr_int64_t expires_at;
} um_one_time_token_t;

/** The accounts that a request for a mail is for. */
typedef struct um_mail_request_t {
    const char *email_key;
    const char *kind;
    int state;                 /**< as above */
    int verified;              /**< the largest email_verified that they may have: 0, not verified; 1, any */
    apr_int64_t since;         /**< mails prepared after this count against the limit */
    int limit;
    const char *behind;        /**< only accounts with a higher id */
} um_mail_request_t;

/** How many accounts of an address are looked up at a time. */
#define UM_MAIL_REQUEST_PAGE 20

/** In a transaction: a page of the accounts that a request is for, by id, without accounts that have reached the limit:
 * um_user_t *. */
apr_status_t um_store_one_time_token_users(um_tx_t *tx, apr_pool_t *pool, const um_mail_request_t *request,
                                           apr_array_header_t **users);

/** In a transaction: stores a token, and deletes the oldest ones beyond the limit. *done 0: the account may not have
 * one.
 * @param again  the mail was tried before: of its earlier tokens only the last one is kept, because many tries would
 * otherwise push out the tokens of other mails */
apr_status_t um_store_one_time_token_insert(um_tx_t *tx, apr_pool_t *pool, const um_one_time_token_t *token, int again,
                                            int limit, int *done);

/** A valid token that sets a password. */
typedef struct um_store_token_user_t {
    um_user_t *user;           /**< NULL: there is none */
    const char *email_key;     /**< of the address that it was sent to */
    const char *kind;          /**< reset or invite */
} um_store_token_user_t;

/** The valid token with that hash that sets a password, and its account. */
apr_status_t um_store_one_time_token_user(um_store_call_t *call, const char *hash, apr_int64_t now,
                                          um_store_token_user_t *found);

/** In a transaction: sets changed->password and changed->version of the account that was found, and deletes the token.
 * The first password of an invited account verifies its address. *done 0: the token was used already or has expired, or
 * the account's version, state or address is no longer that which was found. */
apr_status_t um_store_one_time_token_reset(um_tx_t *tx, apr_pool_t *pool, const um_user_t *changed,
                                           const um_store_token_user_t *found, const char *hash, apr_int64_t now,
                                           int *done);

/** For a transaction that used up a token, and stored call->event if that is not NULL: after UM_STORE_UNKNOWN, looks
 * whether it was done. Without an event it takes a token that is gone for one that this call has used up; the deletion
 * of its account or another mail may have removed it instead. Status as um_store_event_settle. */
apr_status_t um_store_one_time_token_settle(um_store_call_t *call, const char *hash, apr_status_t rv);

/** Whether an account has the address, and has verified it. */
apr_status_t um_store_one_time_token_is_verified(um_store_call_t *call, const char *user_id, const char *email_key,
                                                 int *verified);

/** In a transaction: deletes a verify token and marks the address of its account as verified. *user_id: the account;
 * left as it is when there is no such token. *done 0: the token was used already or has expired, or the account has
 * another address by now. The account may be marked all the same, or the token deleted: the caller must roll back. */
apr_status_t um_store_one_time_token_verify(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t now,
                                            const char **user_id, int *done);

#endif
