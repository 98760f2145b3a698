/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_PURGE_H
#define UM_STORE_PURGE_H
/* Rows of all tables that have ended, or that no host takes; in bounded batches, so that no lock is held for long. On
 * PostgreSQL they are found by an index, whatever its statistics of the tables are. All return APR_EGENERAL, with the
 * reason in call->cause, when the database did not execute it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/** Rows that ended before these times are deleted. */
typedef struct um_store_purge_t {
    apr_int64_t mails, one_time_tokens, sessions, names, email_changes, idempotency; /**< seconds since the epoch */
    const char *events;        /**< events with smaller ids */
} um_store_purge_t;

/** Deletes at most most rows of each kind, in one transaction. *more: there are probably more rows. */
apr_status_t um_store_purge(um_store_call_t *call, const um_store_purge_t *before, int most, int *more);

/** Makes mails due now whose due time is later than beyond, at most most rows. A claimed mail only when its due time is
 * later than latest. *count: how many. */
apr_status_t um_store_purge_hurry(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t beyond,
                                  apr_int64_t latest, int most, int *count);

/** Gives this site to waiting mails that have none, at most most rows. *count: how many. */
apr_status_t um_store_purge_adopt(um_store_call_t *call, const char *site, int most, int *count);

/** The sites that have waiting mails or requests: const char *, also "". A site that has both may be there twice. */
apr_status_t um_store_purge_sites(um_store_call_t *call, apr_array_header_t **sites);

/** Gives up mails of a site that were made and became due before that time, at most most rows, and deletes at most as
 * many of its requests whose ids are smaller than id. *count: the larger of the two numbers. */
apr_status_t um_store_purge_orphans(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t before,
                                    const char *id, int most, int *count);

#endif
