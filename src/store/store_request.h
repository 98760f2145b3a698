/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REQUEST_H
#define UM_STORE_REQUEST_H
/* Rows of um_requests: requests for mail, with an address as it was typed that has not been looked up yet. All return
 * APR_EGENERAL, with the reason in call->cause, when the database did not execute the statement. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_store_t um_store_t;
typedef struct um_mail_t um_mail_t;

/** Stores a request, which is due at once.
 * @param mail  without an account, with the key of its address */
apr_status_t um_store_request_insert(um_store_call_t *call, const um_mail_t *mail);

/** From here on requests that several threads store at the same time are rows of one statement, because the commit is
 * what costs. Without this call, or when it fails, each request is stored by itself. */
void um_store_request_batch(apr_pool_t *pool, um_store_t *store);

/** Whether a site may have requests. */
apr_status_t um_store_request_due(um_store_call_t *call, const char *site, int *due);

/** How many mails an address may get. */
typedef struct um_request_limit_t {
    apr_int64_t since;          /**< one-time tokens made after this count */
    int most;
} um_request_limit_t;

/** Takes the newest requests of a site, at most most rows. A request for which an account may get a mail becomes a mail
 * that is due now; the others are deleted. All of this is done or nothing. *count: how many requests were taken; fewer
 * than most when there are no more that another node does not work on. */
apr_status_t um_store_request_resolve(um_store_call_t *call, const char *site, apr_int64_t now,
                                      const um_request_limit_t *limit, int most, int *count);

#endif
