/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: borrowed, recovered after a failure, given back. */
#include "monotonic.h"
#include "store_native.h"
#include "store_private.h"

#include <apr_atomic.h>
#include <apr_time.h>

/* --- how long to wait, and when not to --- */

/* A PostgreSQL that is restarted is back within a second: so long a request waits for it rather than fail. */
#define PATIENCE_MS 1000
#define FIRST_STEP_MS 50
#define LONGEST_STEP_MS 200

/* Whether to try once more after a failure; since is when the trying began. The steps grow, for mod_dbd logs two lines
 * for each connection that cannot be had. */
static int is_patient(um_store_t *store, apr_uint32_t since)
{
    apr_uint32_t waited = um_monotonic_tick() - since;
    apr_uint32_t step = waited < FIRST_STEP_MS ? FIRST_STEP_MS : waited < LONGEST_STEP_MS ? waited : LONGEST_STEP_MS;

    if (um_breaker_is_down(&store->breaker) || waited + step > PATIENCE_MS) {
        return 0;
    }
    apr_sleep(apr_time_from_msec(step));
    return 1;
}

/* --- what is kept on the server --- */

/* A restart of PostgreSQL causes one such failure for each connection; a pooler causes them without an end. */
#define MOST_KEPT_FAILURES 64
#define KEPT_FAILURES_LAST_MS 600000

static um_store_memory_e memory_for(um_store_t *store)
{
    if (store->dialect == UM_DIALECT_SQLITE3) {
        return UM_MEMORY_DRIVER;
    }
    return store->prepare && apr_atomic_read32(&store->kept_failures) < MOST_KEPT_FAILURES ? UM_MEMORY_SERVER
                                                                                           : UM_MEMORY_NONE;
}

static void count_failure(um_store_t *store)
{
    apr_uint32_t now = um_monotonic_tick();

    if (now - apr_atomic_xchg32(&store->last_kept_failure, now) > KEPT_FAILURES_LAST_MS) {
        apr_atomic_set32(&store->kept_failures, 0);
    }
    apr_atomic_inc32(&store->kept_failures);
}

int um_store_pool_recover(um_store_call_t *call, um_dbconn_t *conn, const um_statement_t *failed)
{
    apr_uint32_t since = um_monotonic_tick();
    um_failure_e failure = conn->failure;
    int changed, forgotten;

    if (call->store->dialect == UM_DIALECT_PGSQL && (failure == UM_FAILURE_FINAL || failure == UM_FAILURE_OVERDUE)) {
        return 0;
    }
    forgotten = !um_store_conn_settle(conn, call->pool) || failure == UM_FAILURE_STALE;
    while (!um_store_conn_alive(conn, call->pool)) {
        if (!is_patient(call->store, since)) {
            um_breaker_down(&call->store->breaker);
            return 0;
        }
    }
    if (call->store->dialect == UM_DIALECT_SQLITE3) {
        changed = um_store_conn_forget(conn, call->store->dialect, failed, call->pool);
        return changed || (failed && failed->kind == UM_STATEMENT_READ);
    }
    if (forgotten) {
        changed = um_store_conn_forget(conn, call->store->dialect, failed, call->pool);
        if (conn->memory == UM_MEMORY_SERVER && (changed || failure == UM_FAILURE_STALE)) {
            count_failure(call->store);
        }
        conn->memory = UM_MEMORY_NONE;
    }
    return 1;
}

/* --- the connection pool --- */

static apr_status_t refuse(um_store_call_t *call, const char *cause)
{
    call->cause = cause;
    call->is_logged = 1;
    return APR_EGENERAL;
}

/* Who was let through to find out, and did not, must say so, or nobody is let through again. */
static void still_down(um_breaker_t *breaker)
{
    if (um_breaker_is_down(breaker)) {
        um_breaker_down(breaker);
    }
}

static apr_status_t lock(um_store_call_t *call)
{
    const um_connection_pool_t *connections = &call->store->connections;
    apr_status_t rv = connections->lock ? connections->lock(connections->baton) : APR_SUCCESS;

    if (rv != APR_SUCCESS) {
        call->cause = APR_STATUS_IS_TIMEUP(rv) ? "the write lock was not free in time: too many write, or another "
                      "program keeps the database locked" : "the write lock could not be taken";
    }
    return rv;
}

static void unlock(um_store_call_t *call)
{
    const um_connection_pool_t *connections = &call->store->connections;

    if (connections->unlock) {
        connections->unlock(connections->baton);
    }
}

/* The write lock. While another program has the database locked, one writer of the process tries, and those who wait
 * for him here go when he has failed: in turn, each would wait as long as he did. */
static apr_status_t lock_to_write(um_store_call_t *call)
{
    static const char cause[] = "another program had the database locked a moment ago, not tried again yet";
    um_breaker_t *writers = &call->store->writers;
    int was_down = um_breaker_is_down(writers);
    apr_status_t rv;

    if (!um_breaker_may_try(writers)) {
        return refuse(call, cause);
    }
    rv = lock(call);
    if (rv == APR_SUCCESS && !was_down && um_breaker_is_down(writers)) {
        unlock(call);
        rv = refuse(call, cause);
    }
    if (rv != APR_SUCCESS) {
        still_down(writers);
    }
    return rv;
}

/* One connection on which no transaction is open, whoever left one. */
static apr_status_t acquire_once(um_store_call_t *call, um_dbconn_t *conn)
{
    const um_connection_pool_t *connections = &call->store->connections;
    apr_status_t rv = connections->acquire(connections->baton, call->pool, conn);

    if (connections->guard.limit) {
        um_thread_limit_progress(connections->guard.limit);
    }
    conn->guard = &connections->guard;
    conn->timeout = connections->guard.timeout;
    if (rv == APR_SUCCESS && !um_store_native_attach(conn)) {
        call->cause = "the library of the DBD driver lacks functions that tell the state of a connection";
        rv = APR_ENOTIMPL;
    }
    else if (rv == APR_SUCCESS && !um_store_conn_settle(conn, call->pool)
             && !(um_store_conn_alive(conn, call->pool) && um_store_conn_settle(conn, call->pool))) {
        rv = APR_EGENERAL;
    }
    else {
        return rv;
    }
    connections->release(connections->baton, conn);
    return rv;
}

/* Any connection, by and by. */
static apr_status_t acquire_in_time(um_store_call_t *call, um_dbconn_t *conn)
{
    um_store_t *store = call->store;
    apr_uint32_t since = um_monotonic_tick();
    apr_status_t rv;

    do {
        rv = acquire_once(call, conn);
    } while (rv != APR_SUCCESS && !APR_STATUS_IS_ENOTIMPL(rv) && is_patient(store, since));
    if (rv != APR_SUCCESS) {
        um_breaker_down(&store->breaker);
    }
    if (rv != APR_SUCCESS && !APR_STATUS_IS_ENOTIMPL(rv)) {
        call->cause = "no database connection: the database is away, or DBDParams is wrong";
    }
    return rv;
}

/* A connection's first use, under the write lock where that is needed. Patient, for nobody else may even look while a
 * database is turned to WAL, and at the start all processes do look. */
static apr_status_t make_ready(um_store_call_t *call, um_dbconn_t *conn)
{
    apr_uint32_t since = um_monotonic_tick();
    const char *why = NULL;
    apr_status_t rv = APR_SUCCESS;

    if (um_store_conn_is_fresh(conn, call->store->dialect)) {
        do {
            rv = um_store_conn_prepare(conn, !call->store->keeps_schema, call->pool, &why);
        } while (rv != APR_SUCCESS && is_patient(call->store, since));
        call->cause = rv == APR_SUCCESS ? NULL : why;
    }
    if (rv != APR_SUCCESS) {
        um_breaker_down(&call->store->breaker);
        call->store->connections.release(call->store->connections.baton, conn);
    }
    return rv;
}

static apr_status_t prepare_connection(um_store_call_t *call, int locked, um_dbconn_t *conn)
{
    um_store_t *store = call->store;
    apr_status_t rv;

    if (locked || store->keeps_schema || !um_store_conn_is_fresh(conn, store->dialect)
        || !um_store_conn_is_new(conn, call->pool)) {
        return make_ready(call, conn);
    }
    store->connections.release(store->connections.baton, conn);
    rv = lock(call);
    if (rv == APR_SUCCESS) {
        rv = acquire_in_time(call, conn);
        rv = rv == APR_SUCCESS ? make_ready(call, conn) : rv;
        unlock(call);
    }
    return rv;
}

/* --- a place --- */

static const char too_many[] = "the database does not answer, and too many threads wait for it already";
static const char is_away[] = "no database connection: it was away a moment ago, not asked again yet";

/* A place among the connections in use; then this thread is the only one that asks mod_dbd until fetched(). One at a
 * time, for mod_dbd connects under a lock of its pool, and each would hang there in turn; and those who wait for it
 * need not ask when it has failed. */
static apr_status_t enter(um_store_call_t *call, int was_down)
{
    um_store_t *store = call->store;
    um_thread_limit_t *limit = store->connections.guard.limit;
    apr_status_t rv = limit ? um_thread_limit_enter(limit, PATIENCE_MS) : APR_SUCCESS;

    if (APR_STATUS_IS_EBUSY(rv)) {
        um_breaker_down(&store->breaker);
        call->cause = "no database connection: another thread has tried to connect for a second";
    }
    else if (rv != APR_SUCCESS) {
        call->cause = APR_STATUS_IS_TIMEUP(rv) ? "all database connections were in use for a second"
                      : too_many;
    }
    else if (limit && !was_down && um_breaker_is_down(&store->breaker)) {
        um_thread_limit_fetched(limit);
        um_thread_limit_leave(limit);
        rv = refuse(call, is_away);
    }
    return rv;
}

apr_status_t um_store_pool_join(um_store_call_t *call)
{
    um_thread_limit_t *limit = call->store->connections.guard.limit;

    if (limit && um_thread_limit_wait_begin(limit) != APR_SUCCESS) {
        call->cause = too_many;
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

void um_store_pool_part(um_store_call_t *call)
{
    if (call->store->connections.guard.limit) {
        um_thread_limit_wait_end(call->store->connections.guard.limit);
    }
}

static void fetched(const um_store_t *store)
{
    if (store->connections.guard.limit) {
        um_thread_limit_fetched(store->connections.guard.limit);
    }
}

static void leave(const um_store_t *store)
{
    if (store->connections.guard.limit) {
        um_thread_limit_leave(store->connections.guard.limit);
    }
}

/* --- borrowing --- */

/* How long one trial may take. */
#define TRIAL_MS 1000

/* Whether the server answers. That a connection could be borrowed says little: it may be an old one, and libpq notices
 * its loss, or a server that hangs, by a call. */
static apr_status_t try_out(um_store_call_t *call, um_dbconn_t *conn)
{
    for (int i = 0; i < UM_STORE_TRIES; i++) {
        if (um_store_conn_answers(conn, call->pool, TRIAL_MS)) {
            return APR_SUCCESS;
        }
        if (conn->failure != UM_FAILURE_LOST || !um_store_conn_alive(conn, call->pool)) {
            break;
        }
    }
    call->cause = "no database connection: the database does not answer";
    call->store->connections.release(call->store->connections.baton, conn);
    return APR_EGENERAL;
}

/* A connection in a place of its own. */
static apr_status_t take_place(um_store_call_t *call, int write, int was_down, um_dbconn_t *conn)
{
    um_store_t *store = call->store;
    apr_status_t rv = enter(call, was_down);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = acquire_in_time(call, conn);
    fetched(store);
    rv = rv == APR_SUCCESS ? prepare_connection(call, write, conn) : rv;
    if (rv == APR_SUCCESS && was_down && store->dialect == UM_DIALECT_PGSQL) {
        rv = try_out(call, conn);
    }
    if (rv != APR_SUCCESS) {
        leave(store);
    }
    return rv;
}

apr_status_t um_store_pool_acquire(um_store_call_t *call, int write, um_dbconn_t *conn)
{
    um_store_t *store = call->store;
    const char *trouble = store->connections.trouble ? store->connections.trouble(store->connections.baton) : NULL;
    int was_down = um_breaker_is_down(&store->breaker);
    apr_status_t rv;

    if (trouble) {
        return refuse(call, trouble);
    }
    if (!um_breaker_may_try(&store->breaker)) {
        return refuse(call, is_away);
    }
    rv = write ? lock_to_write(call) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = take_place(call, write, was_down, conn);
        if (rv != APR_SUCCESS && write) {
            still_down(&store->writers);
            unlock(call);
        }
    }
    if (rv != APR_SUCCESS) {
        still_down(&store->breaker);
        return APR_EGENERAL;
    }
    um_breaker_up(&store->breaker);
    conn->memory = memory_for(store);
    return APR_SUCCESS;
}

void um_store_pool_release(um_store_call_t *call, int write, um_dbconn_t *conn)
{
    um_store_t *store = call->store;

    (void)um_store_conn_settle(conn, call->pool);
    if (conn->failure == UM_FAILURE_OVERDUE) {
        um_breaker_suspect(&store->breaker);
    }
    store->connections.release(store->connections.baton, conn);
    leave(store);
    if (write) {
        unlock(call);
    }
}
