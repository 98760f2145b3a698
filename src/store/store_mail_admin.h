/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_MAIL_ADMIN_H
#define UM_STORE_MAIL_ADMIN_H
/* The rows of um_mail and um_requests as an administrator sees them. All return APR_EGENERAL, with the reason in
 * call->cause, when the database did not execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/** A row of um_mail, or of um_requests. No text is NULL where that is not said. */
typedef struct um_mail_row_t {
    const char *id;
    const char *kind;
    const char *address;
    const char *username;      /**< NULL: its account is not known */
    const char *site;          /**< the host that sends it */
    const char *state;         /**< "requested", "waiting", "sending", "sent" or "given up" */
    apr_int64_t attempts;
    apr_int64_t created_at;    /**< seconds since the epoch, as all times */
    apr_int64_t due_at;        /**< the next attempt; 0: none */
    apr_int64_t done_at;       /**< when it was sent or given up; 0: not yet */
    const char *last_error;    /**< "": none */
    const char *user_id;       /**< of its account; NULL: not known */
} um_mail_row_t;

/** At most most rows after an id, in the order of ids, which is that of time: mails that are not done or were given up,
 * and requests whose address was not looked up yet.
 * @param also_sent  those that were sent, too */
apr_status_t um_store_mail_admin_list(um_store_call_t *call, const char *after, int also_sent, apr_int64_t now,
                                      int most, apr_array_header_t **rows);

/** One mail. *row NULL: there is none. */
apr_status_t um_store_mail_admin_one(um_store_call_t *call, const char *id, apr_int64_t now, um_mail_row_t **row);

/** At most most mails of an account, the newest first, as far as they were made for its present address, whose key is
 * email_key. A mail is made when it is first tried. */
apr_status_t um_store_mail_admin_of_user(um_store_call_t *call, const char *user_id, const char *email_key,
                                         apr_int64_t now, int most, apr_array_header_t **rows);

/** Lets a mail that waits or was given up be sent now, as if it had been asked for now. A mail that is being sent stays
 * as it is. id NULL: all of them. *count: how many; of all of them 0, too, when the answer was lost and the worker has
 * taken them meanwhile. Stores call->event if there are any. */
apr_status_t um_store_mail_admin_retry(um_store_call_t *call, const char *id, apr_int64_t now, int *count);

/** Deletes a mail that waits or was given up, or a request. A mail that is being sent stays. *count: how many, 0 or
 * 1. Stores call->event if it is 1. */
apr_status_t um_store_mail_admin_drop(um_store_call_t *call, const char *id, apr_int64_t now, int *count);

/** How the outbox is. */
typedef struct um_mail_counts_t {
    apr_int64_t waiting;       /**< mails and requests */
    apr_int64_t oldest_due;    /**< since when the one that is overdue longest is due; 0: none is overdue */
    apr_int64_t given_up;      /**< since a time */
} um_mail_counts_t;

apr_status_t um_store_mail_admin_counts(um_store_call_t *call, apr_int64_t now, apr_int64_t since,
                                        um_mail_counts_t *counts);

#endif
