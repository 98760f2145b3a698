/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_MAIL_H
#define UM_STORE_MAIL_H
/* Rows of um_mail: what waits to be sent. All return APR_EGENERAL with the call's cause when the database did not do
 * it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

/** A mail to be sent, or a request for one. All text is UTF-8 and never NULL but where it says so. */
typedef struct um_mail_t {
    const char *id;            /**< UUID */
    const char *kind;          /**< the template's name */
    const char *address;       /**< as typed while user_id is NULL, else where it goes */
    const char *email_key;     /**< of the address: of a request alone */
    const char *user_id;       /**< NULL: the accounts of the address are yet to be found */
    const char *username;      /**< as it was when the row was made */
    const char *detail;        /**< the new address; of a request: the account to continue after */
    const char *language;      /**< of the template; "" for the site's own */
    const char *site;          /**< the host whose mail it is: nobody else sends it */
    int attempts;              /**< so many times claimed, this one included */
    apr_int64_t created_at;    /**< seconds since the epoch */
    const char *last_error;    /**< why it was not sent before; "" */
    int was_made;              /**< a letter was made of it before */
} um_mail_t;

/** No mail's id. */
#define UM_MAIL_NO_ID "00000000-0000-0000-0000-000000000000"

typedef enum { UM_MAIL_WAITS, UM_MAIL_SENT, UM_MAIL_GIVEN_UP } um_mail_state_e;

/** The values of MAIL_INSERT. */
#define UM_STORE_MAIL_VALUES 10
void um_store_mail_values(apr_pool_t *pool, const um_mail_t *mail, const char **values);

/** In a transaction: one row, due at once. */
apr_status_t um_store_mail_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail);

/** First in a transaction over mails and tokens. PostgreSQL keeps a statement's plan until a table's statistics change;
 * one that was made when the table held next to nothing reads it from end to end, and goes on so when it is full.
 * Within this transaction it makes only such as go by an index. */
apr_status_t um_store_mail_begin(um_tx_t *tx);

/** Whether anything of a site is due. */
apr_status_t um_store_mail_due(um_store_call_t *call, const char *site, apr_int64_t now, int *due);

/** Claims what is due of a site, most rows at most, until lease_end; whoever dies with them loses them then.
 * @param claim  a new UUID
 * @param mails  um_mail_t *, oldest first, but those that failed before last; rows of an earlier try of the same claim
 * are among them */
apr_status_t um_store_mail_claim(um_store_call_t *call, const char *site, const char *claim, apr_int64_t now,
                                 apr_int64_t lease_end, int most, apr_array_header_t **mails);

/** In a transaction: a request becomes the mail of an account. *done 0: the claim is no longer ours. */
apr_status_t um_store_mail_resolve(um_tx_t *tx, const um_mail_t *mail, const char *claim, int *done);

/** How many mails of a kind an address gets. */
typedef struct um_mail_limit_t {
    const char *email_key;
    apr_int64_t since;         /**< those made after this count */
    int most;
    int first;                 /**< an account's first is made in any case */
} um_mail_limit_t;

/** In a transaction: a letter is made of it, which counts from now on. *done 0: that would be one too many, or the
 * claim is no longer ours. *verified: it goes to the account's present address, which is verified. */
apr_status_t um_store_mail_made(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                const um_mail_limit_t *limit, apr_int64_t now, int *done, int *verified);

/** In a transaction: puts a notice that a limit keeps back off until due, if what it tells is still so and its address
 * was not told since. *done 0: it was, or the claim is no longer ours. */
apr_status_t um_store_mail_postpone(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                    const char *email_key, apr_int64_t due, const char *why, int *done);

/** In a transaction: it was not made after all. */
apr_status_t um_store_mail_unmade(um_tx_t *tx, const um_mail_t *mail, const char *claim);

/** Records how a mail ended. In a transaction when tx is not NULL.
 * @param done  0: the claim is no longer ours; may be NULL */
apr_status_t um_store_mail_done(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                um_mail_state_e state, apr_int64_t now, const char *error, int *done);

/** Puts a mail back until due, with that count of attempts. In a transaction when tx is not NULL. */
apr_status_t um_store_mail_later(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                 apr_int64_t due, int attempts, const char *error);

/** Gives back what a claim still holds, as if it had not been claimed, due then.
 * @param but  the id of one that stays claimed; UM_MAIL_NO_ID: none */
apr_status_t um_store_mail_release(um_store_call_t *call, const char *claim, const char *but, apr_int64_t due);

#endif
