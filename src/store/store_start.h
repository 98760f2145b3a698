/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_START_H
#define UM_STORE_START_H
/* What a server asks its database once, at its start. All return APR_EGENERAL, with the reason in call->cause, when the
 * database did not answer. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;

typedef struct um_store_issuer_t {
    const char *issuer;
    apr_int64_t used_at;        /**< when a server last used it, in seconds since the epoch */
} um_store_issuer_t;

/** The issuers that were used, the latest first: um_store_issuer_t. */
apr_status_t um_store_start_issuers(um_store_call_t *call, apr_array_header_t **issuers);

/** Records that an issuer is in use. */
apr_status_t um_store_start_issuer_used(um_store_call_t *call, const char *issuer, apr_int64_t now);

/** Whether there are sessions that have not expired. */
apr_status_t um_store_start_has_sessions(um_store_call_t *call, apr_int64_t now, int *has);

/** How many connections PostgreSQL allows to all its clients together; 0 for SQLite. */
apr_status_t um_store_start_connections(um_store_call_t *call, apr_int64_t *most);

#endif
