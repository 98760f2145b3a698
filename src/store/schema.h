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

/** The same in a transaction, without wrong_column. APR_EGENERAL: return it from the transaction's function. */
apr_status_t um_schema_look_tx(um_tx_t *tx, um_schema_state_t *state);

/** Compares the columns of um_users with the profile. *wrong is as wrong_column above. APR_EGENERAL: they could not be
 * read, call->cause says why. */
apr_status_t um_schema_columns(um_store_call_t *call, const char **wrong);

/** The error text when state->too_new is set. */
const char *um_schema_too_new(apr_pool_t *pool, const um_schema_state_t *state);

/** Is told why an upgrade waits, in one line. */
typedef void um_schema_waits_fn(void *baton, const char *why);

/** Applies the missing steps. Several calls at the same time apply each step once.
 *
 * SQLite, and an empty PostgreSQL database: all of them in one transaction; before that a SQLite database is switched
 * to WAL. Otherwise on PostgreSQL: one after the other, beside servers that use the database. A step is recorded in the
 * transaction of its last part. Parts before that can be repeated, so a call after one that was killed goes on.
 * "create index" after a line "-- concurrently:" is a part of its own, executed as "create index concurrently". The
 * other parts wait for their locks for a second at a time, so that nobody has to wait behind them for longer.
 *
 * @param applied  gets the names of the steps that were applied, const char *, also when a later one failed; may be
 *                 NULL
 * @param waits    called when the upgrade waits for another one or for locks. It waits for ten minutes at most. NULL:
 *                 it does not wait
 * @return APR_SUCCESS; APR_EGENERAL: not all steps were applied, call->cause says why, for instance because the
 * database has a step that does not work with this program */
apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied, um_schema_waits_fn *waits,
                               void *baton);

#endif
