/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SCHEMA_H
#define UM_SCHEMA_H
/* The schema as numbered steps. The same number means the same step in both dialects; the files of sql/ are built
 * in. */
#include "store_conn.h"

typedef struct um_schema_step_t {
    um_dialect_e dialect;
    int number;
    const char *name;          /**< e.g. 001_accounts */
    const char *sql;           /**< records itself in um_schema */
} um_schema_step_t;

/** The i-th step of a dialect in ascending order, NULL after the last. */
const um_schema_step_t *um_schema_step(um_dialect_e dialect, int i);

/** The first step that the database lacks, NULL when it has all.
 * APR_EGENERAL: it could not be asked, *why. A database without um_schema lacks the first step. */
apr_status_t um_schema_missing(um_store_call_t *call, const um_schema_step_t **step);

/** Applies all missing steps in one transaction under a lock; many at the same instant do it once.
 * @param applied  names of the steps done now, const char *; may be NULL
 * APR_EGENERAL: nothing was changed, call->cause says why */
apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied);

#endif
