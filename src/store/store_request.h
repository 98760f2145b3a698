/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_REQUEST_H
#define UM_STORE_REQUEST_H
/* Rows of um_requests: a mail that somebody asked for, of which only an address as typed is known, and not yet whose it
 * is. All return APR_EGENERAL with the call's cause when the database did not do it. */
#include <apr_pools.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_store_t um_store_t;
typedef struct um_mail_t um_mail_t;

/** A request: one row, due at once. Requests of several threads go to the database together.
 * @param mail  without an account, with the key of its address */
apr_status_t um_store_request_insert(um_store_call_t *call, const um_mail_t *mail);

/** From here on requests of several threads go to the database together, as rows of one statement: the commit is what
 * costs. Without this, or when it fails, each goes by itself. */
void um_store_request_batch(apr_pool_t *pool, um_store_t *store);

/** Whether a site may have any. */
apr_status_t um_store_request_due(um_store_call_t *call, const char *site, int *due);

/** How many mails an address gets. */
typedef struct um_request_limit_t {
    apr_int64_t since;          /**< one-time tokens made after this count */
    int most;
} um_request_limit_t;

/** Takes the newest requests of a site, most rows at most. Those that an account may get a mail for become mails that
 * are due now; the others are deleted. It is done as a whole or not at all. *count of them all: fewer than most when
 * there are no more that nobody has in hand. */
apr_status_t um_store_request_resolve(um_store_call_t *call, const char *site, apr_int64_t now,
                                      const um_request_limit_t *limit, int most, int *count);

#endif
