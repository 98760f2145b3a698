/* SPDX-License-Identifier: Apache-2.0 */
/* Applies the steps of the schema, on PostgreSQL beside servers that use the database. */
#include "monotonic.h"
#include "schema.h"
#include "store_private.h"
#include "store_sql.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

/* How long an upgrade waits in all, and how long between two tries. */
#define PATIENCE_MS (10 * 60 * 1000)
#define PAUSE_MS 1000

typedef struct upgrade_t {
    um_store_call_t *call;
    apr_array_header_t *applied;   /* const char * */
    um_schema_waits_fn *waits;     /* NULL: do not wait */
    void *baton;
    apr_uint32_t began;
    const char *told;              /* why it waits, as was last told */
    const um_schema_step_t *step;  /* the one that is being applied */
    const um_schema_step_t *lost;  /* the one at whose COMMIT the connection was lost; NULL: none */
    const char *part;              /* of the step */
    um_failure_e failure;          /* of the last part that failed */
} upgrade_t;

/* Tells why it waits, once for each reason, and waits. 0: it has waited for long enough. */
static int wait_on(upgrade_t *upgrade, const char *why)
{
    if (!upgrade->waits || um_monotonic_tick() - upgrade->began > PATIENCE_MS) {
        return 0;
    }
    if (!upgrade->told || strcmp(upgrade->told, why) != 0) {
        upgrade->waits(upgrade->baton, why);
        upgrade->told = why;
    }
    upgrade->call->is_logged = 0;
    apr_sleep(apr_time_from_msec(PAUSE_MS));
    return 1;
}

static apr_status_t step_failed(um_store_call_t *call, const um_schema_step_t *step, const char *hint)
{
    call->cause = apr_pstrcat(call->pool, "the schema's step ", step->name, " failed: ", call->cause, hint, NULL);
    return APR_EGENERAL;
}

static apr_status_t check_too_new(um_store_call_t *call, const um_schema_state_t *state)
{
    if (state->too_new) {
        call->cause = um_schema_too_new(call->pool, state);
    }
    return state->too_new ? APR_EGENERAL : APR_SUCCESS;
}

/* --- all steps in one transaction --------------------------------------------------------------------------------- */

/* The number is arbitrary, so that no other program uses it. The lock ends with the transaction, so it works behind a
 * connection pooler. SQLite's transaction already excludes others. */
static apr_status_t lock_upgrade(um_tx_t *tx)
{
    return um_store_tx_dialect(tx) == UM_DIALECT_PGSQL
           ? um_store_tx_text(tx, "select pg_advisory_xact_lock(7234815906)") : APR_SUCCESS;
}

static apr_status_t apply_all(um_tx_t *tx, void *baton)
{
    upgrade_t *upgrade = baton;
    um_schema_state_t state;
    apr_status_t rv = lock_upgrade(tx);

    upgrade->applied->nelts = 0;
    if (rv != APR_SUCCESS || (rv = um_schema_look_tx(tx, &state)) != APR_SUCCESS
        || (rv = check_too_new(tx->call, &state)) != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < state.missing->nelts; i++) {
        const um_schema_step_t *step = APR_ARRAY_IDX(state.missing, i, const um_schema_step_t *);

        if (um_store_tx_text(tx, step->sql) != APR_SUCCESS) {
            return step_failed(tx->call, step, "");
        }
        APR_ARRAY_PUSH(upgrade->applied, const char *) = step->name;
    }
    return upgrade->applied->nelts ? APR_SUCCESS : UM_STORE_ROLLED_BACK;
}

/* Whether to try again because another program has locked a SQLite database, as another upgrade does until it is done.
 * For some tries after one that met the lock the store refuses to look. */
static int wait_unlocked(upgrade_t *upgrade)
{
    um_store_call_t *call = upgrade->call;
    int is_locked = call->cause && (strstr(call->cause, "database is locked") || (upgrade->told && call->is_logged));

    return is_locked && wait_on(upgrade, "another program has locked the database, perhaps another upgrade");
}

static apr_status_t upgrade_at_once(upgrade_t *upgrade)
{
    apr_status_t rv;

    do {
        rv = um_store_tx_do(upgrade->call, apply_all, upgrade);
    } while (rv == APR_EGENERAL && wait_unlocked(upgrade));
    if (rv != APR_SUCCESS) {
        upgrade->applied->nelts = 0;
    }
    return rv == UM_STORE_ROLLED_BACK ? APR_SUCCESS : rv;
}

/* --- PostgreSQL, a part of a step --------------------------------------------------------------------------------- */

/* A request that needs a lock after us waits behind us, so we wait briefly and try again. The locks are held until the
 * part is done, hence no limit for that. */
static const char limits[] = "set local lock_timeout = '1s'; set local statement_timeout = 0";

static apr_status_t look_alone(um_tx_t *tx, um_schema_state_t *state)
{
    apr_status_t rv = um_store_tx_text(tx, limits);

    if (rv == APR_SUCCESS) {
        rv = lock_upgrade(tx);
    }
    return rv == APR_SUCCESS ? um_schema_look_tx(tx, state) : rv;
}

static apr_status_t apply_part(um_tx_t *tx, void *baton)
{
    upgrade_t *upgrade = baton;
    um_schema_state_t state;
    apr_status_t rv = look_alone(tx, &state);

    if (rv == APR_SUCCESS
        && (!state.missing->nelts || APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *) != upgrade->step)) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS) {
        rv = um_store_tx_text(tx, upgrade->part);
    }
    upgrade->failure = rv == APR_SUCCESS ? UM_FAILURE_FINAL : tx->conn.failure;
    return rv;
}

/* Which server processes have had locks on our tables for a while. */
static const char *locked_by(um_store_call_t *call)
{
    um_store_call_t inner = *call;
    um_rows_t rows;

    if (um_store_sql_alone(&inner, UM_SQL_SCHEMA_BLOCKERS, NULL, 0, &rows) != APR_SUCCESS || !rows.count
        || !rows.row[0][0]) {
        return "";
    }
    return apr_pstrcat(call->pool, " (of PostgreSQL's processes ", rows.row[0][0], ")", NULL);
}

/* UM_STORE_ROLLED_BACK: another upgrade has applied the step. */
static apr_status_t run_part(upgrade_t *upgrade)
{
    for (;;) {
        apr_status_t rv;

        upgrade->failure = UM_FAILURE_FINAL;
        rv = um_store_tx_do(upgrade->call, apply_part, upgrade);
        if (rv != APR_EGENERAL || upgrade->failure != UM_FAILURE_BUSY
            || !wait_on(upgrade, apr_pstrcat(upgrade->call->pool, "the step ", upgrade->step->name, " needs a lock "
                                             "that other transactions have", locked_by(upgrade->call), NULL))) {
            return rv;
        }
    }
}

/* --- PostgreSQL, one upgrade at a time ---------------------------------------------------------------------------- */

/* For the session while it builds an index: its waiting for locks blocks no other transaction. */
static const char no_limits[] = "set statement_timeout = 0; set lock_timeout = 0";

/* One upgrade at a time builds indexes, which is done outside of transactions. The lock and the limits are lost with
 * the connection, so this is called before each index. A session can have the lock several times. */
static apr_status_t be_alone(upgrade_t *upgrade)
{
    um_rows_t rows;
    apr_status_t rv;

    do {
        rv = um_store_sql_alone(upgrade->call, UM_SQL_SCHEMA_LOCK, NULL, 0, &rows);
        if (rv != APR_SUCCESS || (rows.count && rows.row[0][0][0] == '1')) {
            return rv == APR_SUCCESS ? um_store_tx_text_alone(upgrade->call, no_limits) : rv;
        }
    } while (wait_on(upgrade, "another upgrade of this database is running"));
    upgrade->call->cause = "another upgrade of this database is running";
    return APR_EGENERAL;
}

/* --- PostgreSQL, an index ----------------------------------------------------------------------------------------- */

static const char index_words[] = "index if not exists ";

/* Reads and writes go on meanwhile. PostgreSQL waits until transactions that began earlier have ended. An index whose
 * making was interrupted is there and invalid. */
static apr_status_t build_index(upgrade_t *upgrade, const char *text)
{
    um_store_call_t *call = upgrade->call;
    const char *at = strstr(text, index_words), *name = at ? at + strlen(index_words) : "";
    apr_status_t rv;

    name = apr_pstrmemdup(call->pool, name, strcspn(name, " "));
    upgrade->part = apr_psprintf(call->pool, "do $$ begin if exists (select 1 from pg_index where not indisvalid and "
                                 "indexrelid = to_regclass('%s')) then drop index %s; end if; end $$", name, name);
    rv = *name ? be_alone(upgrade) : APR_EGENERAL;
    if (rv == APR_SUCCESS) {
        rv = run_part(upgrade);
    }
    if (rv == APR_SUCCESS) {
        rv = um_store_tx_text_alone(call, apr_pstrcat(call->pool, apr_pstrmemdup(call->pool, text,
                                                                                 (apr_size_t)(at - text)),
                                                      "index concurrently if not exists ", at + strlen(index_words),
                                                      NULL));
    }
    return rv;
}

/* --- PostgreSQL, steps -------------------------------------------------------------------------------------------- */

static const char mark[] = "\n-- concurrently:\n";

/* The part that is only comments and blanks has nothing to execute. */
static int is_empty(const char *text)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (!strchr("-\n", *line)) {
            return 0;
        }
    }
    return 1;
}

static apr_status_t apply_step(upgrade_t *upgrade)
{
    um_store_call_t *call = upgrade->call;
    const char *text = upgrade->step->sql, *next;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && (next = strstr(text, mark)) != NULL) {
        const char *index = next + strlen(mark), *end = strstr(index, ";\n");

        upgrade->part = apr_pstrmemdup(call->pool, text, (apr_size_t)(next - text));
        rv = is_empty(upgrade->part) ? APR_SUCCESS : run_part(upgrade);
        if (rv == APR_SUCCESS) {
            rv = build_index(upgrade, apr_pstrmemdup(call->pool, index, (apr_size_t)(end - index)));
        }
        text = end + 1;
    }
    if (rv == APR_SUCCESS) {
        upgrade->part = text;
        rv = run_part(upgrade);
    }
    if (rv == APR_SUCCESS) {
        APR_ARRAY_PUSH(upgrade->applied, const char *) = upgrade->step->name;
    }
    if (rv == APR_EGENERAL) {
        return step_failed(call, upgrade->step, upgrade->failure == UM_FAILURE_BUSY
                           ? ". Other transactions use the tables: try again when they have ended" : "");
    }
    return rv == UM_STORE_ROLLED_BACK ? APR_SUCCESS : rv;
}

/* After a loss at COMMIT: the steps that were recorded all the same. */
static void note_lost(upgrade_t *upgrade, const um_schema_state_t *state)
{
    const um_schema_step_t *step, *missing = state->missing->nelts
                                             ? APR_ARRAY_IDX(state->missing, 0, const um_schema_step_t *) : NULL;

    for (int i = 0; upgrade->lost && (step = um_schema_step(UM_DIALECT_PGSQL, i)) != NULL; i++) {
        if (step->number >= upgrade->lost->number && (!missing || step->number < missing->number)) {
            APR_ARRAY_PUSH(upgrade->applied, const char *) = step->name;
        }
    }
    upgrade->lost = NULL;
}

/* A step whose connection was lost at COMMIT is begun again unless it is recorded by then: a part may want what the
 * part before it has made, and has used up. */
static apr_status_t upgrade_beside(upgrade_t *upgrade)
{
    um_schema_state_t state;
    apr_status_t rv;

    while ((rv = um_schema_look(upgrade->call, &state)) == APR_SUCCESS) {
        note_lost(upgrade, &state);
        rv = check_too_new(upgrade->call, &state);
        if (rv != APR_SUCCESS || !state.missing->nelts) {
            break;
        }
        upgrade->step = APR_ARRAY_IDX(state.missing, 0, const um_schema_step_t *);
        rv = upgrade->step->number == 1 ? upgrade_at_once(upgrade) : apply_step(upgrade);
        if (rv == UM_STORE_UNKNOWN && um_monotonic_tick() - upgrade->began < PATIENCE_MS) {
            upgrade->lost = upgrade->step;
        }
        else if (rv != APR_SUCCESS) {
            break;
        }
    }
    return rv;
}

apr_status_t um_schema_upgrade(um_store_call_t *call, apr_array_header_t *applied, um_schema_waits_fn *waits,
                               void *baton)
{
    upgrade_t upgrade = {
        .call = call, .applied = applied ? applied : apr_array_make(call->pool, 4, sizeof(const char *)),
        .waits = waits, .baton = baton, .began = um_monotonic_tick()
    };
    apr_status_t rv;

    do {
        rv = um_store_pool_set_wal(call);
    } while (rv != APR_SUCCESS && wait_unlocked(&upgrade));
    upgrade.applied->nelts = 0;
    if (rv != APR_SUCCESS || um_store_dialect(call->store) == UM_DIALECT_SQLITE3) {
        return rv == APR_SUCCESS ? upgrade_at_once(&upgrade) : rv;
    }
    rv = be_alone(&upgrade);
    if (rv == APR_SUCCESS) {
        um_rows_t rows;
        const char *cause;

        rv = upgrade_beside(&upgrade);
        cause = call->cause;
        (void)um_store_sql_alone(call, UM_SQL_SCHEMA_UNLOCK, NULL, 0, &rows);
        call->cause = cause;
    }
    return rv;
}
