/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: acquired, recovered after a failure, released. */
#include "monotonic.h"
#include "store_private.h"
#include "thread_limit.h"

#include <apr_atomic.h>
#include <apr_time.h>

/* --- how long to wait, and when not to --- */

/* A PostgreSQL that is restarted is back within a second. A request waits that long rather than fail. */
#define PATIENCE_MS 1000
#define FIRST_STEP_MS 50
#define LONGEST_STEP_MS 200
#define CONFLICT_WAIT apr_time_from_msec(5)

/* Whether to try again after a failure; since is when the first try began. The steps grow, because mod_dbd logs two
 * lines for each connection that it cannot make. */
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

/* --- after a failure --- */

/* So often may the server miss a prepared statement before the process stops using them. A restart of PostgreSQL seldom
 * causes that, because the connection is lost then. Behind a connection pooler it has no end. */
#define MOST_STALE 64

static um_store_memory_e memory_for(um_store_t *store)
{
    if (store->dialect == UM_DIALECT_SQLITE3) {
        return UM_MEMORY_DRIVER;
    }
    return store->prepare && apr_atomic_read32(&store->stale_count) < MOST_STALE ? UM_MEMORY_SERVER : UM_MEMORY_NONE;
}

int um_store_pool_recover(um_store_call_t *call, um_store_conn_t *conn, const um_statement_t *failed)
{
    um_store_t *store = call->store;
    apr_uint32_t since = um_monotonic_tick();
    um_failure_e failure = conn->failure;
    int is_idle, all_dropped;

    if (store->dialect == UM_DIALECT_PGSQL
        && (failure == UM_FAILURE_FINAL || failure == UM_FAILURE_BUSY || failure == UM_FAILURE_OVERDUE)) {
        return 0;
    }
    is_idle = um_store_conn_settle(conn, call->pool);
    while (!um_store_conn_alive(conn, call->pool)) {
        if (!is_patient(store, since)) {
            um_breaker_down(&store->breaker);
            return 0;
        }
    }
    /* The other transaction goes first: one that was waiting for our locks is slower to wake up than we are to take
     * them again. */
    if (failure == UM_FAILURE_CONFLICT) {
        apr_sleep(CONFLICT_WAIT + um_monotonic_us() % CONFLICT_WAIT);
    }
    if (store->dialect == UM_DIALECT_PGSQL && is_idle && failure != UM_FAILURE_STALE) {
        return 1;
    }
    all_dropped = um_store_conn_forget(conn, failed, call->pool);
    if (store->dialect == UM_DIALECT_SQLITE3) {
        return all_dropped || (failed && failed->kind == UM_STATEMENT_READ);
    }
    if (failure == UM_FAILURE_STALE) {
        apr_atomic_inc32(&store->stale_count);
    }
    conn->memory = UM_MEMORY_NONE;
    return 1;
}

/* --- the connection pool --- */

static apr_status_t refuse(um_store_call_t *call, const char *cause)
{
    call->cause = cause;
    call->is_logged = 1;
    return APR_EGENERAL;
}

/* A thread that was let through to find out, and did not find out, must report that, or no thread is let through
 * again. */
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
        call->cause = APR_STATUS_IS_TIMEUP(rv) ? "the write lock was not free in time: there are too many writers, "
                      "or another program keeps the database locked" : "the write lock could not be taken";
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

/* The write lock. While another program keeps the database locked, one writer of the process tries. The writers that
 * wait behind it give up when it has failed: in turn, each would wait as long as it did. */
static apr_status_t lock_to_write(um_store_call_t *call)
{
    static const char cause[] = "another program had the database locked a moment ago; it has not been tried "
                                "again yet";
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

/* One connection, without the open transaction that another module may have left on it. */
static apr_status_t acquire_once(um_store_call_t *call, um_store_conn_t *conn)
{
    const um_connection_pool_t *connections = &call->store->connections;
    apr_status_t rv;

    *conn = (um_store_conn_t){ .dialect = call->store->dialect, .guard = &connections->guard,
                               .timeout = connections->guard.timeout };
    rv = connections->acquire(connections->baton, call->pool, &conn->db);
    if (connections->guard.limit) {
        um_thread_limit_progress(connections->guard.limit);
    }
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
    connections->release(connections->baton, &conn->db);
    return rv;
}

/* Any connection, within the time that a request waits. */
static apr_status_t acquire_in_time(um_store_call_t *call, um_store_conn_t *conn)
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
        call->cause = "no database connection: the database is unreachable, or DBDParams is wrong";
    }
    return rv;
}

/* Changes settings of a SQLite connection or database. */
typedef apr_status_t prepare_fn(um_store_conn_t *conn, apr_pool_t *pool, const char **why);

/* Repeats it for a while: no other process can even read a database while it is switched to WAL, and at the start all
 * processes read it. */
static apr_status_t prepare_in_time(um_store_call_t *call, um_store_conn_t *conn, prepare_fn *prepare)
{
    apr_uint32_t since = um_monotonic_tick();
    const char *why = NULL;
    apr_status_t rv;

    do {
        rv = prepare(conn, call->pool, &why);
    } while (rv != APR_SUCCESS && is_patient(call->store, since));
    if (rv != APR_SUCCESS) {
        call->cause = why;
        um_breaker_down(&call->store->breaker);
    }
    return rv;
}

/* --- the limit of threads --- */

static const char too_many[] = "the database does not answer, and too many threads wait for it already";
static const char is_unreachable[] = "no database connection: the database was unreachable a moment ago and has not "
                                    "been tried again yet";

/* Takes a place among the connections in use. From then until fetched() this thread is the only one that asks mod_dbd:
 * mod_dbd connects under a lock of its pool, where each thread would hang in turn, and the threads that wait here need
 * not ask when this one has failed. */
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
                      : APR_STATUS_IS_EINPROGRESS(rv) ? "too many threads wait until database connections are opened, "
                                                        "one after the other"
                      : too_many;
    }
    else if (limit && !was_down && um_breaker_is_down(&store->breaker)) {
        um_thread_limit_fetched(limit);
        um_thread_limit_leave(limit);
        rv = refuse(call, is_unreachable);
    }
    return rv;
}

apr_status_t um_store_pool_wait_begin(um_store_call_t *call)
{
    um_thread_limit_t *limit = call->store->connections.guard.limit;

    if (limit && um_thread_limit_wait_begin(limit) != APR_SUCCESS) {
        call->cause = too_many;
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

void um_store_pool_wait_end(um_store_call_t *call)
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

/* --- acquire and release --- */

/* How long one trial may take. */
#define TRIAL_MS 1000

/* Whether the server answers. That a connection could be acquired says little: it may be an old one, and libpq notices
 * its loss, or a server that hangs, only by a call. */
static apr_status_t try_out(um_store_call_t *call, um_store_conn_t *conn)
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
    return APR_EGENERAL;
}

/* A connection in a place of its own. */
static apr_status_t take_place(um_store_call_t *call, int was_down, um_store_conn_t *conn)
{
    um_store_t *store = call->store;
    apr_status_t rv = enter(call, was_down);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = acquire_in_time(call, conn);
    fetched(store);
    if (rv == APR_SUCCESS) {
        rv = prepare_in_time(call, conn, um_store_conn_prepare);
        if (rv == APR_SUCCESS && was_down && store->dialect == UM_DIALECT_PGSQL) {
            rv = try_out(call, conn);
        }
        if (rv != APR_SUCCESS) {
            store->connections.release(store->connections.baton, &conn->db);
        }
    }
    if (rv != APR_SUCCESS) {
        leave(store);
    }
    return rv;
}

apr_status_t um_store_pool_acquire(um_store_call_t *call, int write, um_store_conn_t *conn)
{
    um_store_t *store = call->store;
    const char *trouble = store->connections.trouble ? store->connections.trouble(store->connections.baton) : NULL;
    int was_down = um_breaker_is_down(&store->breaker);
    apr_status_t rv;

    if (trouble) {
        return refuse(call, trouble);
    }
    if (!um_breaker_may_try(&store->breaker)) {
        return refuse(call, is_unreachable);
    }
    rv = write ? lock_to_write(call) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = take_place(call, was_down, conn);
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

void um_store_pool_release(um_store_call_t *call, int write, um_store_conn_t *conn)
{
    um_store_t *store = call->store;

    (void)um_store_conn_settle(conn, call->pool);
    if (conn->failure == UM_FAILURE_OVERDUE) {
        um_breaker_open(&store->breaker);
    }
    store->connections.release(store->connections.baton, &conn->db);
    leave(store);
    if (write) {
        unlock(call);
    }
}

apr_status_t um_store_pool_set_wal(um_store_call_t *call)
{
    um_store_t *store = call->store;
    um_store_conn_t conn;
    apr_status_t rv;
    int has_wal;

    if (store->dialect == UM_DIALECT_PGSQL || store->keeps_schema) {
        return APR_SUCCESS;
    }
    if (um_store_pool_acquire(call, 0, &conn) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    has_wal = um_store_conn_has_wal(&conn, call->pool);
    um_store_pool_release(call, 0, &conn);
    if (has_wal) {
        return APR_SUCCESS;
    }
    if (um_store_pool_acquire(call, 1, &conn) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rv = prepare_in_time(call, &conn, um_store_conn_set_wal);
    if (rv == APR_SUCCESS) {
        um_breaker_up(&store->writers);
    }
    else {
        still_down(&store->writers);
    }
    um_store_pool_release(call, 1, &conn);
    return rv;
}
