/* SPDX-License-Identifier: Apache-2.0 */
#include "store_private.h"
#include "schema.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <time.h>

/* How long the others are sent away at once after one thread found no database: a hanging host costs a connect timeout
 * for each thread that tries, one after the other, under the pool's lock. */
#define DOWN_SECONDS 1

um_store_t *um_store_create(apr_pool_t *pool, um_dialect_e dialect, const um_lender_t *lender, int prepare)
{
    um_store_t *store = apr_pcalloc(pool, sizeof(*store));

    store->dialect = dialect;
    store->lender = *lender;
    store->prepare = prepare;
    return store;
}

um_dialect_e um_store_dialect(const um_store_t *store)
{
    return store->dialect;
}

/* --- how long to wait, and when not to --- */

/* A PostgreSQL that is restarted is back within a second: so long a request waits for it rather than fail. */
#define PATIENCE_MS 1000
#define PATIENCE_STEP_MS 50

static apr_int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static apr_uint32_t monotonic_second(void)
{
    return (apr_uint32_t)(monotonic_ms() / 1000) + 1;
}

static int is_marked_down(um_store_t *store)
{
    return apr_atomic_read32(&store->down_until) != 0;
}

/* Whether to try once more after a failure; since is when the trying began. */
static int is_patient(um_store_t *store, apr_int64_t since)
{
    if (is_marked_down(store) || monotonic_ms() - since + PATIENCE_STEP_MS > PATIENCE_MS) {
        return 0;
    }
    apr_sleep(apr_time_from_msec(PATIENCE_STEP_MS));
    return 1;
}

static void mark_down(um_store_t *store)
{
    apr_atomic_set32(&store->down_until, monotonic_second() + DOWN_SECONDS);
}

/* --- what is kept on the server --- */

/* A restart of PostgreSQL costs one strike a connection; behind a pooler there is no end of them. */
#define MOST_STRIKES 64
#define STRIKES_LAST_SECONDS 600

static um_store_memory_e memory_for(um_store_t *store)
{
    if (store->dialect == UM_DIALECT_SQLITE3) {
        return UM_MEMORY_DRIVER;
    }
    return store->prepare && apr_atomic_read32(&store->strikes) < MOST_STRIKES ? UM_MEMORY_SERVER : UM_MEMORY_NONE;
}

static void strike(um_store_t *store)
{
    apr_uint32_t now = monotonic_second();

    if (now - apr_atomic_xchg32(&store->last_strike, now) > STRIKES_LAST_SECONDS) {
        apr_atomic_set32(&store->strikes, 0);
    }
    apr_atomic_inc32(&store->strikes);
}

int um_store_mend(um_store_call_t *call, um_dbconn_t *conn)
{
    apr_int64_t since = monotonic_ms();

    while (!um_store_conn_alive(conn, call->pool)) {
        if (!is_patient(call->store, since)) {
            mark_down(call->store);
            return 0;
        }
    }
    um_store_conn_forget(conn);
    if (conn->memory == UM_MEMORY_SERVER) {
        strike(call->store);
        conn->memory = UM_MEMORY_NONE;
    }
    return 1;
}

/* --- borrowing --- */

/* While the database is down one thread at a time goes through: the one that moves the mark. */
static int may_try(um_store_t *store)
{
    apr_uint32_t now = monotonic_second();
    apr_uint32_t until = apr_atomic_read32(&store->down_until);

    if (until == 0) {
        return 1;
    }
    return now >= until && apr_atomic_cas32(&store->down_until, now + DOWN_SECONDS, until) == until;
}

static apr_status_t lock(um_store_call_t *call, int wanted)
{
    const um_lender_t *lender = &call->store->lender;

    if (wanted && lender->lock && lender->lock(lender->baton) != APR_SUCCESS) {
        call->cause = "the write lock could not be taken";
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static void unlock(um_store_call_t *call, int wanted)
{
    const um_lender_t *lender = &call->store->lender;

    if (wanted && lender->unlock) {
        lender->unlock(lender->baton);
    }
}

/* A connection's first use, with the write lock held or taken for it. */
static apr_status_t prepare(um_store_call_t *call, int locked, const um_dbconn_t *conn)
{
    const char *why = NULL;
    apr_status_t rv = lock(call, !locked);

    if (rv == APR_SUCCESS) {
        rv = um_store_conn_prepare(conn, call->pool, &why);
        unlock(call, !locked);
        call->cause = why;
    }
    return rv;
}

apr_status_t um_store_borrow(um_store_call_t *call, int write, um_dbconn_t *conn)
{
    um_store_t *store = call->store;
    apr_int64_t since = monotonic_ms();
    apr_status_t rv;

    if (!may_try(store)) {
        call->cause = "no database connection: it was away a moment ago, not asked again yet";
        call->known = 1;
        return APR_EGENERAL;
    }
    /* The lock comes first: waiting for it with a connection in hand would starve the readers of connections. */
    if (lock(call, write) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    do {
        rv = store->lender.borrow(store->lender.baton, call->pool, conn);
    } while (rv != APR_SUCCESS && is_patient(store, since));
    if (rv != APR_SUCCESS) {
        mark_down(store);
        call->cause = "no database connection: the database is away, or DBDParams is wrong";
        unlock(call, write);
        return APR_EGENERAL;
    }
    if (um_store_conn_is_fresh(conn, store->dialect) && prepare(call, write, conn) != APR_SUCCESS) {
        um_store_give_back(call, write, conn);
        return APR_EGENERAL;
    }
    apr_atomic_set32(&store->down_until, 0);
    conn->memory = memory_for(store);
    return APR_SUCCESS;
}

void um_store_give_back(um_store_call_t *call, int write, um_dbconn_t *conn)
{
    call->store->lender.give_back(call->store->lender.baton, conn);
    unlock(call, write);
}

/* --- one statement --- */

const char *um_store_number(apr_pool_t *pool, apr_int64_t number)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

apr_status_t um_store_raw(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows)
{
    const um_statement_t *statement = um_statements_get(call->store->dialect, id);
    int write = statement->kind == UM_STATEMENT_WRITE;
    um_dbconn_t conn;
    apr_status_t rv;

    *rows = (um_rows_t){ 0 };
    if (count != statement->values) {
        call->cause = apr_psprintf(call->pool, "%s takes %d values, was given %d", statement->name, statement->values,
                                   count);
        return APR_EGENERAL;
    }
    if (um_store_borrow(call, write, &conn) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
    if (rv != APR_SUCCESS && um_store_mend(call, &conn)) {
        rv = um_store_conn_run(&conn, statement, call->pool, values, rows, &call->cause);
        rows->again = 1;
    }
    um_store_give_back(call, write, &conn);
    return rv;
}

apr_status_t um_store_run(um_store_call_t *call, um_statement_e id, const char *const *values, int count,
                          um_rows_t *rows)
{
    *rows = (um_rows_t){ 0 };
    if (um_store_ready(call) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    return um_store_raw(call, id, values, count, rows);
}

/* --- the schema --- */

apr_status_t um_store_ready(um_store_call_t *call)
{
    um_store_t *store = call->store;
    const um_schema_step_t *missing = NULL;

    if (apr_atomic_read32(&store->ready)) {
        return APR_SUCCESS;
    }
    if (um_schema_missing(call, &missing) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (missing && store->dialect == UM_DIALECT_SQLITE3) {
        if (um_schema_upgrade(call, NULL) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    else if (missing) {
        call->cause = apr_psprintf(call->pool, "the database lacks the schema's step %s: apply it with \"usermgmt "
                                   "schema upgrade\" or with psql", missing->name);
        return APR_EGENERAL;
    }
    apr_atomic_set32(&store->ready, 1);
    return APR_SUCCESS;
}
