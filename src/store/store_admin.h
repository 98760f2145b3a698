/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_ADMIN_H
#define UM_STORE_ADMIN_H
/* Statements that no request needs: for the start of a server and for the command line. All return APR_EGENERAL, with
 * the reason in call->cause, when the database did not execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/* --- what a server asks its database once, at its start --- */

typedef struct um_store_issuer_t {
    const char *issuer;
    apr_int64_t used_at;        /**< when a server last used it, in seconds since the epoch */
} um_store_issuer_t;

/** The issuers that were used, the latest first: um_store_issuer_t. */
apr_status_t um_store_admin_issuers(um_store_call_t *call, apr_array_header_t **issuers);

/** Records that an issuer is in use. */
apr_status_t um_store_admin_issuer_used(um_store_call_t *call, const char *issuer, apr_int64_t now);

/** Whether there are sessions that have not expired. */
apr_status_t um_store_admin_has_sessions(um_store_call_t *call, apr_int64_t now, int *has);

/** How many connections PostgreSQL allows to all its clients together; 0 for SQLite. */
apr_status_t um_store_admin_connections(um_store_call_t *call, apr_int64_t *most);

/** Hashes of one kind that some accounts have. */
typedef struct um_store_hash_kind_t {
    const char *hash;           /**< one of them; those with a pepper begin with it. Or a text that is no hash */
    apr_int64_t accounts;
    const char *last;           /**< the greatest id of them */
} um_store_hash_kind_t;

/** The kinds of hashes (um_store_hash_kind_t) of at most so many accounts, those whose ids follow a given one.
 * @param after  "": the first accounts */
apr_status_t um_store_admin_hash_kinds(um_store_call_t *call, const char *after, int most, apr_array_header_t **kinds);

/** Bytes of an id, with the zero at its end. */
#define UM_STORE_CLAIMS_ID 40

/** What a page of accounts has of addresses without a claim, and of names that are claimed addresses of others. */
typedef struct um_store_claims_t {
    int accounts;
    const char *last;           /**< the greatest id; NULL: there is no account */
    apr_int64_t shared, hiding;
    const char *shared_id, *hiding_id;  /**< one of each; or NULL */
} um_store_claims_t;

/** Counts them among at most so many accounts, those whose ids follow a given one.
 * @param after  "": the first accounts */
apr_status_t um_store_admin_claims(um_store_call_t *call, const char *after, int most, um_store_claims_t *claims);

/** Gives the accounts of the same page the claim to their address, unless another account has the address. */
apr_status_t um_store_admin_claim_emails(um_store_call_t *call, const char *after, int most);

/* --- ending the sessions, tokens and mails of all accounts, in batches --- */

/** Smaller than every id. */
#define UM_STORE_ADMIN_FIRST_ID "00000000-0000-0000-0000-000000000000"

/** Gives a new version to at most limit accounts whose ids are greater than *last, in the order of their ids. *last is
 * set to the greatest of them, *count to how many they were. */
apr_status_t um_store_admin_end_users(um_store_call_t *call, const char *version, apr_int64_t now, int limit,
                                      const char **last, int *count);

/** Deletes at most limit one-time tokens. *count: how many. */
apr_status_t um_store_admin_end_one_time_tokens(um_store_call_t *call, int limit, int *count);

/** Deletes at most limit requests for mail; when there are fewer, gives up at most limit waiting mails. *count: how
 * many of the last kind. */
apr_status_t um_store_admin_end_mails(um_store_call_t *call, apr_int64_t now, int limit, int *count);

/** The time of the database's machine, in milliseconds since the epoch. */
apr_status_t um_store_admin_clock(um_store_call_t *call, apr_int64_t *milliseconds);

/* --- how full the database is, for the metrics --- */

typedef struct um_overview_t {
    apr_int64_t mails_requested;    /**< whose recipient was not looked up yet */
    apr_int64_t mails_waiting;
    apr_int64_t mails_sending;
    apr_int64_t mails_given_up;     /**< since a time */
    apr_int64_t oldest_mail;        /**< when the oldest mail that is not done was asked for; seconds of the epoch; 0:
                                     * there is none */
    apr_int64_t oldest_due;         /**< since when the one that is overdue longest is due; 0: none is overdue */
    apr_int64_t sessions, accounts; /**< PostgreSQL: estimates */
} um_overview_t;

/** Reads it. It costs what the mails that are not done, and on SQLite the sessions and accounts, cost to count.
 * @param now    seconds since the epoch
 * @param since  from when mails that were given up are counted
 * @return APR_SUCCESS; APR_EGENERAL: the database did not execute the statement, call->cause says why */
apr_status_t um_store_overview(um_store_call_t *call, apr_int64_t now, apr_int64_t since, um_overview_t *overview);

#endif
