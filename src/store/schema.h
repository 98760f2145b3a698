/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SCHEMA_H
#define UM_SCHEMA_H
/* The schema as numbered steps. A number means the same step in both dialects. The files of sql/ are built in. */
#include "store.h"

typedef struct um_schema_step_t {
    um_dialect_e dialect;
    int number;
    const char *name;          /**< e.g. 001_accounts */
    const char *sql;           /**< its last statement records it in um_schema */
} um_schema_step_t;

/** The i-th step of a dialect in ascending order, NULL after the last. */
const um_schema_step_t *um_schema_step(um_dialect_e dialect, int i);

/** What a database has and lacks. */
typedef struct um_schema_state_t {
    const apr_array_header_t *missing;  /**< const um_schema_step_t *: steps that it lacks; all without um_schema */
    const apr_array_header_t *unknown;  /**< const char *: names of newer steps, which this program does not know */
    const char *too_new;                /**< the name of one that does not work with this program; NULL: none */
    const char *wrong_column;           /**< a column of the profile (profile.h) that um_users lacks or has with another
                                             type, and what to do; NULL: none, or a step is missing */
} um_schema_state_t;

/** Reads which steps a database has. APR_EGENERAL: it could not be read, call->cause says why. */
apr_status_t um_schema_look(um_store_call_t *call, um_schema_state_t *state);

/** Compares the columns of um_users with the profile. *wrong is as wrong_column above. APR_EGENERAL: they could not be
 * read, call->cause says why. */
apr_status_t um_schema_columns(um_store_call_t *call, const char **wrong);

/** The error text when state->too_new is set. */
const char *um_schema_too_new(apr_pool_t *pool, const um_schema_state_t *state);

/** Applies all missing steps in one transaction under a lock, so several calls at the same time apply them once. Before
 * that it switches a SQLite database to WAL.
 * @param applied  gets the names of the steps that were applied, const char *; may be NULL
 * @return APR_SUCCESS; APR_EGENERAL: no step was applied, call->cause says why, for instance because the database has a
 * step that does not work with this program */
apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied);

#endif
