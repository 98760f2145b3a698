/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_ONE_TIME_TOKEN_H
#define UM_STORE_ONE_TIME_TOKEN_H
/* Rows of um_one_time_tokens: the tokens that mails carry, by their hashes. All return APR_EGENERAL with the call's
 * cause when the database did not do it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

/** A one-time token of an account. */
typedef struct um_one_time_token_t {
    const char *hash;          /**< SHA-256 of the token, base64url */
    const char *kind;          /**< reset or verify */
    const char *mail_id;       /**< the mail that carries it */
    const char *user_id;
    const char *email_key;     /**< of the address that the mail goes to */
    int state;                 /**< the value of is_active, besides 1, that the account may have */
    apr_int64_t created_at;    /**< seconds since the epoch */
    apr_int64_t expires_at;
} um_one_time_token_t;

/** Whom a request for a mail concerns. */
typedef struct um_mail_request_t {
    const char *email_key;
    const char *kind;
    int state;                 /**< as above */
    int verified;              /**< email_verified at most */
    apr_int64_t since;         /**< mails made after this count against the limit */
    int limit;
    const char *behind;        /**< only accounts with a higher id */
} um_mail_request_t;

/** Accounts of an address that are looked up at a time. */
#define UM_MAIL_REQUEST_PAGE 20

/** In a transaction: the accounts that a request is for, by id, a page of them, without those that reached the limit.
 * um_user_t *. */
apr_status_t um_store_one_time_token_users(um_tx_t *tx, apr_pool_t *pool, const um_mail_request_t *request,
                                           apr_array_header_t **users);

/** In a transaction: stores a token; the oldest beyond the limit go. *done 0: the account is not to have one.
 * @param again the mail was tried before: but for its last token the earlier ones go, or many tries would drive out
 * those of other mails */
apr_status_t um_store_one_time_token_insert(um_tx_t *tx, apr_pool_t *pool, const um_one_time_token_t *token, int again,
                                            int limit,
                                            int *done);

/** Whose token it is, and the key of the address that it went to, while it is good; *user NULL: not any more, or
 * never. */
apr_status_t um_store_one_time_token_user(um_store_call_t *call, const char *hash, const char *kind, apr_int64_t now,
                                          um_user_t **user, const char **email_key);

/** In a transaction: sets changed->password and changed->version and takes the reset token. *done 0: somebody else took
 * it, it ran out, or the account's version, state or address is no longer what the token was made for. */
apr_status_t um_store_one_time_token_reset(um_tx_t *tx, apr_pool_t *pool, const um_user_t *changed,
                                           const char *old_version,
                                           const char *email_key, const char *hash, apr_int64_t now, int *done);

/** Whether a token is there, good or not. */
apr_status_t um_store_one_time_token_there(um_store_call_t *call, const char *hash, int *there);

/** Whether an address is one that the account has and that is verified. */
apr_status_t um_store_one_time_token_is_verified(um_store_call_t *call, const char *user_id, const char *email_key,
                                                 int *verified);

/** In a transaction: takes a verify token and marks the address of its account as verified. *done 0: somebody else took
 * it, it ran out, or the account has another address by now. */
apr_status_t um_store_one_time_token_verify(um_tx_t *tx, apr_pool_t *pool, const char *hash, apr_int64_t now,
                                            int *done);

#endif
