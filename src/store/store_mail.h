/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_MAIL_H
#define UM_STORE_MAIL_H
/* Rows of um_mail: mails to be sent. All return APR_EGENERAL, with the reason in call->cause, when the database did not
 * execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;

/** A mail to be sent, or a request for one. All text is UTF-8, and NULL only where that is said. */
typedef struct um_mail_t {
    const char *id;            /**< UUID */
    const char *kind;          /**< the template's name */
    const char *address;       /**< as typed while user_id is NULL, otherwise the recipient */
    const char *email_key;     /**< of the address; in a request only */
    const char *user_id;       /**< NULL: the accounts of the address have not been looked up yet */
    const char *username;      /**< as it was when the row was made */
    const char *detail;        /**< the new address; of a request: the account to continue after */
    const char *language;      /**< of the template; "" for the site's own */
    const char *site;          /**< the host that sends it; no other host does */
    int attempts;              /**< how often it was claimed, this time included */
    apr_int64_t created_at;    /**< seconds since the epoch */
    const char *last_error;    /**< why it was not sent before; "" */
    int was_made;              /**< it was prepared before */
} um_mail_t;

/** An id that no mail has. */
#define UM_MAIL_NO_ID "00000000-0000-0000-0000-000000000000"

typedef enum { UM_MAIL_WAITS, UM_MAIL_SENT, UM_MAIL_GIVEN_UP } um_mail_state_e;

/** The values of MAIL_INSERT, in their order. */
#define UM_STORE_MAIL_VALUES 10
void um_store_mail_values(apr_pool_t *pool, const um_mail_t *mail, const char **values);

/** In a transaction: one row, due at once. */
apr_status_t um_store_mail_insert_tx(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail);

/** The first call in a transaction over mails and tokens. PostgreSQL keeps the plan of a statement until the statistics
 * of a table change. A plan that was made while the table was nearly empty reads it from end to end, and still does so
 * when the table is full. In this transaction PostgreSQL makes only plans that use an index. */
apr_status_t um_store_mail_begin(um_tx_t *tx);

/** Whether any mail of a site is due. */
apr_status_t um_store_mail_due(um_store_call_t *call, const char *site, apr_int64_t now, int *due);

/** Claims due mails of a site, at most most rows, until lease_end. A worker that dies loses its claim then.
 * @param claim  a new UUID
 * @param mails  um_mail_t *, the oldest first, those that failed before last; rows of an earlier try of the same claim
 * are among them */
apr_status_t um_store_mail_claim(um_store_call_t *call, const char *site, const char *claim, apr_int64_t now,
                                 apr_int64_t lease_end, int most, apr_array_header_t **mails);

/** In a transaction: makes a request the mail of an account. *done 0: the claim is no longer ours. */
apr_status_t um_store_mail_resolve(um_tx_t *tx, const um_mail_t *mail, const char *claim, int *done);

/** How many mails of a kind an address may get. */
typedef struct um_mail_limit_t {
    const char *email_key;
    apr_int64_t since;         /**< those made after this count */
    int most;
    int first;                 /**< the first mail of an account is prepared in any case */
} um_mail_limit_t;

/** In a transaction: marks a mail as prepared, which counts from now on. *done 0: the limit is reached, or the claim is
 * no longer ours. *verified: it goes to the present address of the account, which is verified. */
apr_status_t um_store_mail_made(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                const um_mail_limit_t *limit, apr_int64_t now, int *done, int *verified);

/** In a transaction: postpones a notice that has reached a limit until due, if what it says is still true and its
 * address got no other notice of the account since. *done 0: not postponed, or the claim is no longer ours. */
apr_status_t um_store_mail_postpone(um_tx_t *tx, apr_pool_t *pool, const um_mail_t *mail, const char *claim,
                                    const char *email_key, apr_int64_t due, const char *why, int *done);

/** In a transaction: takes the mark of um_store_mail_made back. */
apr_status_t um_store_mail_unmade(um_tx_t *tx, const um_mail_t *mail, const char *claim);

/** Records how a mail ended. In a transaction when tx is not NULL.
 * @param done  0: the claim is no longer ours; may be NULL */
apr_status_t um_store_mail_done(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                um_mail_state_e state, apr_int64_t now, const char *error, int *done);

/** Puts a mail off until due and sets its count of attempts. In a transaction when tx is not NULL. */
apr_status_t um_store_mail_later(um_store_call_t *call, um_tx_t *tx, const um_mail_t *mail, const char *claim,
                                 apr_int64_t due, int attempts, const char *error);

/** Releases the mails that a claim still holds, as if they had not been claimed. They are due at due.
 * @param but  the id of a mail that stays claimed; UM_MAIL_NO_ID: none */
apr_status_t um_store_mail_release(um_store_call_t *call, const char *claim, const char *but, apr_int64_t due);

#endif
