/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_PURGE_H
#define UM_STORE_PURGE_H
/* Rows that are over, or that nobody works off, of all tables; in bounded batches, so that no lock is held for long.
 * On PostgreSQL they go by an index whatever it knows of the tables. All return APR_EGENERAL with the call's cause when
 * the database did not do it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

/** What goes: what ended, or ran out, before. */
typedef struct um_store_purge_t {
    apr_int64_t mails, one_time_tokens, sessions, names;    /**< seconds since the epoch */
} um_store_purge_t;

/** Deletes at most most rows of each kind, in one transaction. *more: there are probably more. */
apr_status_t um_store_purge(um_store_call_t *call, const um_store_purge_t *before, int most, int *more);

/** Makes those mails due now that wait for a time beyond, most rows at most; but those that somebody has claimed only
 * when they wait for a time beyond latest. *count of them. */
apr_status_t um_store_purge_hurry(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t beyond,
                                  apr_int64_t latest, int most, int *count);

/** Waiting mails without a site, most rows at most, become this one's; *count of them. */
apr_status_t um_store_purge_adopt(um_store_call_t *call, const char *site, int most, int *count);

/** The sites that have waiting mails, requests, or both: these may be there twice. const char *, "" among them. */
apr_status_t um_store_purge_sites(um_store_call_t *call, apr_array_header_t **sites);

/** Gives up mails of a site, most rows at most, that were written and are due since before; deletes as many of its
 * requests with smaller ids. *count of the larger number. */
apr_status_t um_store_purge_orphans(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t before,
                                    const char *id, int most, int *count);

#endif
