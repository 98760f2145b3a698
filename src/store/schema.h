/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SCHEMA_H
#define UM_SCHEMA_H
/* The schema as numbered steps. The same number means the same step in both dialects; the files of sql/ are built
 * in. */
#include "store.h"

typedef struct um_schema_step_t {
    um_dialect_e dialect;
    int number;
    const char *name;          /**< e.g. 001_accounts */
    const char *sql;           /**< records itself in um_schema */
} um_schema_step_t;

/** The i-th step of a dialect in ascending order, NULL after the last. */
const um_schema_step_t *um_schema_step(um_dialect_e dialect, int i);

/** What a database has. */
typedef struct um_schema_state_t {
    const apr_array_header_t *missing;  /**< const um_schema_step_t *: steps that it lacks; all, without um_schema */
    const apr_array_header_t *unknown;  /**< const char *: names of newer steps, which this program does not know */
    const char *too_new;                /**< of these one that does not work with this program; NULL: none */
} um_schema_state_t;

/** Looks at the schema and changes nothing. APR_EGENERAL: it could not be asked, call->cause. */
apr_status_t um_schema_look(um_store_call_t *call, um_schema_state_t *state);

/** What to say when state->too_new is set. */
const char *um_schema_too_new(apr_pool_t *pool, const um_schema_state_t *state);

/** Applies all missing steps in one transaction under a lock; many at the same instant do it once.
 * @param applied  names of the steps done now, const char *; may be NULL
 * APR_EGENERAL: nothing was changed, call->cause says why; it has a step that does not work with this program */
apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied);

#endif
