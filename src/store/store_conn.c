/* SPDX-License-Identifier: Apache-2.0 */
#include "call_timeout.h"
#include "random.h"
#include "store_private.h"
#include "thread_limit.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <string.h>

/* Random access to the rows. With 0 the PostgreSQL driver reports errors as empty results and sleeps 0.1 s for each. */
#define RANDOM_ACCESS 1
#define NEXT_ROW (-1)

/* SQLITE_BUSY, which the driver passes on as it is. */
#define SQLITE_IS_LOCKED 5

static apr_status_t failed(const um_store_conn_t *conn, apr_pool_t *pool, const char *what, int rv, const char **why)
{
    const char *text = apr_dbd_error(conn->db.driver, conn->db.handle, rv);
    apr_size_t first_line = text ? strcspn(text, "\r\n") : 0;

    *why = apr_psprintf(pool, "%s: %s (%d)", what,
                        first_line ? apr_pstrmemdup(pool, text, first_line) : "the driver gives no reason", rv);
    return APR_EGENERAL;
}

/* --- prepared statements --- */

/* The statements that are kept with the connection, by name. */
static apr_hash_t *kept_statements(const um_store_conn_t *conn)
{
    static const char key[] = "um.statements";
    apr_hash_t *kept = apr_hash_get(conn->db.prepared, key, APR_HASH_KEY_STRING);

    if (!kept) {
        kept = apr_hash_make(conn->db.pool);
        apr_hash_set(conn->db.prepared, key, APR_HASH_KEY_STRING, kept);
    }
    return kept;
}

/* A name that no other connection, process or node has given. Behind a connection pooler a name could be on a server
 * where another client has prepared a statement under it, and to execute that one would be worse than any failure. */
static const char *new_label(apr_pool_t *pool)
{
    unsigned char random[12];
    char hex[2 * sizeof(random) + 1];

    if (um_random_bytes(random, sizeof(random)) != APR_SUCCESS
        || apr_escape_hex(hex, random, sizeof(random), 0, NULL) != APR_SUCCESS) {
        return NULL;
    }
    return apr_pstrcat(pool, "um_", hex, NULL);
}

static apr_dbd_prepared_t *prepared(const um_store_conn_t *conn, const um_statement_t *statement, apr_pool_t *pool,
                                    int *rv)
{
    apr_hash_t *kept = kept_statements(conn);
    apr_dbd_prepared_t *found = NULL;

    *rv = 0;
    if (conn->memory == UM_MEMORY_NONE) {
        *rv = apr_dbd_prepare(conn->db.driver, pool, conn->db.handle, statement->text, NULL, &found);
        return found;
    }
    found = apr_hash_get(kept, statement->name, APR_HASH_KEY_STRING);
    if (!found) {
        *rv = apr_dbd_prepare(conn->db.driver, conn->db.pool, conn->db.handle, statement->text,
                              conn->memory == UM_MEMORY_SERVER ? new_label(conn->db.pool) : NULL, &found);
        if (*rv) {
            return NULL;
        }
        apr_hash_set(kept, statement->name, APR_HASH_KEY_STRING, found);
    }
    return found;
}

/* Reads all rows, because only that frees the driver's result. Copies each value, because the next row frees it. */
static void fetch(const um_store_conn_t *conn, apr_pool_t *pool, apr_dbd_results_t *results, um_rows_t *rows)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *const *));
    int columns = apr_dbd_num_cols(conn->db.driver, results);
    apr_dbd_row_t *row = NULL;

    while (apr_dbd_get_row(conn->db.driver, pool, results, &row, NEXT_ROW) == 0) {
        const char **values = apr_pcalloc(pool, (apr_size_t)columns * sizeof(*values));

        for (int i = 0; i < columns; i++) {
            const char *value = NULL;

            /* This is the only way to recognize NULL that works with both drivers. */
            if (apr_dbd_datum_get(conn->db.driver, row, i, APR_DBD_TYPE_STRING, &value) == APR_SUCCESS) {
                values[i] = apr_pstrdup(pool, value);
            }
        }
        APR_ARRAY_PUSH(list, const char *const *) = values;
    }
    rows->count = list->nelts;
    rows->row = (const char *const *const *)list->elts;
}

/* How a statement failed. An error that the server did not report itself is a lost connection, whatever libpq says:
 * when sending fails, libpq keeps a connection whose end lies unread in the socket. */
static um_failure_e failure_of(const um_store_conn_t *conn, int rv)
{
    static const struct { const char *state; um_failure_e failure; } rows[] = {
        { "40001", UM_FAILURE_CONFLICT },  /* serialization_failure */
        { "40P01", UM_FAILURE_CONFLICT },  /* deadlock_detected */
        /* Our statements look for these rows first, so another transaction has deleted or made one since. */
        { "23503", UM_FAILURE_CONFLICT },  /* foreign_key_violation */
        { "23505", UM_FAILURE_CONFLICT },  /* unique_violation */
        { "55P03", UM_FAILURE_BUSY },      /* lock_not_available */
        { "26000", UM_FAILURE_STALE },     /* invalid_sql_statement_name: another server of a pooler */
        { "0A000", UM_FAILURE_STALE },     /* feature_not_supported: "cached plan must not change result type" */
        { "08", UM_FAILURE_LOST },         /* connection exceptions, which a pooler may pass on */
        { "57P0", UM_FAILURE_LOST },       /* the server shuts down, or ends this session */
        { "25P03", UM_FAILURE_LOST },      /* idle_in_transaction_session_timeout */
        { "40003", UM_FAILURE_LOST },      /* statement_completion_unknown */
        { "25006", UM_FAILURE_LOST },      /* read_only_sql_transaction: another node may accept writes by now */
    };
    const char *state = um_store_native_sqlstate(apr_dbd_error(conn->db.driver, conn->db.handle, rv));
    um_failure_e failure = state ? UM_FAILURE_FINAL : UM_FAILURE_LOST;

    for (apr_size_t i = 0; state && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strncmp(state, rows[i].state, strlen(rows[i].state)) == 0) {
            failure = rows[i].failure;
        }
    }
    if (failure == UM_FAILURE_LOST) {
        um_store_native_drop(conn);
    }
    return failure;
}

/* --- calls to the server, which the client ends when they take too long --- */

static void begin_call(const um_store_conn_t *conn, um_call_timeout_call_t *call)
{
    const um_call_timeout_socket_t *socket = conn->guard && conn->guard->call_timeout ? um_store_native_socket(conn)
                                                                                      : NULL;

    call->socket.fd = -1;
    if (socket) {
        um_call_timeout_begin(conn->guard->call_timeout, call, socket, conn->timeout);
    }
}

/* Whether the call took too long. Its connection is closed then, even if the answer came at the last moment. */
static int end_call(const um_store_conn_t *conn, um_call_timeout_call_t *call)
{
    int late = call->socket.fd >= 0 && um_call_timeout_end(conn->guard->call_timeout, call);

    if (conn->guard && conn->guard->limit) {
        um_thread_limit_progress(conn->guard->limit);
    }
    if (late) {
        um_store_native_drop(conn);
    }
    return late;
}

static apr_status_t failed_call(um_store_conn_t *conn, apr_pool_t *pool, const char *what, int rv, int late,
                                const char **why)
{
    conn->failure = late ? UM_FAILURE_OVERDUE : failure_of(conn, rv);
    if (late) {
        *why = apr_psprintf(pool, "%s: the database did not answer within %u ms, connection closed", what,
                            (unsigned)conn->timeout);
        return APR_EGENERAL;
    }
    return failed(conn, pool, what, rv, why);
}

apr_status_t um_store_conn_run(um_store_conn_t *conn, const um_statement_t *statement, apr_pool_t *pool,
                               const char *const *values, um_rows_t *rows, const char **why)
{
    apr_dbd_results_t *results = NULL;
    um_call_timeout_call_t call;
    apr_dbd_prepared_t *query;
    const char **args = NULL;
    int rv, late;

    begin_call(conn, &call);
    query = prepared(conn, statement, pool, &rv);
    if (query) {
        if (statement->values) {
            args = apr_pmemdup(pool, values, (apr_size_t)statement->values * sizeof(*args));
        }
        rv = apr_dbd_pselect(conn->db.driver, pool, conn->db.handle, &results, query, RANDOM_ACCESS, statement->values,
                             args);
    }
    late = end_call(conn, &call);
    if (rv) {
        return failed_call(conn, pool, statement->name, rv, late, why);
    }
    fetch(conn, pool, results, rows);
    /* A primary that became a standby answers what it knows, which the new primary may have changed since. */
    if (statement->kind == UM_STATEMENT_READ && um_store_native_is_demoted(conn)) {
        um_store_native_drop(conn);
        conn->failure = UM_FAILURE_LOST;
        *rows = (um_rows_t){ 0 };
        *why = apr_pstrcat(pool, statement->name, ": the server accepts no writes any more, connection closed", NULL);
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

apr_status_t um_store_conn_text(um_store_conn_t *conn, apr_pool_t *pool, const char *sql, const char **why)
{
    apr_size_t len = strlen(sql);
    um_call_timeout_call_t call;
    int changed = 0;
    int rv, late;

    /* SQLite's driver takes blanks after the last statement for another statement, and fails. */
    while (len && strchr(" \n", sql[len - 1])) {
        len--;
    }
    sql = apr_pstrmemdup(pool, sql, len);
    begin_call(conn, &call);
    rv = apr_dbd_query(conn->db.driver, conn->db.handle, &changed, sql);
    late = end_call(conn, &call);
    if (rv) {
        (void)failed_call(conn, pool, apr_pstrmemdup(pool, sql, strcspn(sql, "\n")), rv, late, why);
        return rv == SQLITE_IS_LOCKED && conn->dialect == UM_DIALECT_SQLITE3 ? APR_EBUSY : APR_EGENERAL;
    }
    return APR_SUCCESS;
}

int um_store_conn_alive(const um_store_conn_t *conn, apr_pool_t *pool)
{
    int good = apr_dbd_check_conn(conn->db.driver, pool, conn->db.handle) == APR_SUCCESS;

    if (conn->guard && conn->guard->limit) {
        um_thread_limit_progress(conn->guard->limit);
    }
    return good;
}

/* A ROLLBACK can be canceled like any statement, so it is tried so often. */
#define ROLLBACKS 3

int um_store_conn_settle(um_store_conn_t *conn, apr_pool_t *pool)
{
    um_failure_e failure = conn->failure;
    um_native_state_e state;
    const char *ignored;

    if (um_store_native_is_demoted(conn)) {
        um_store_native_drop(conn);
    }
    state = um_store_native_state(conn);
    for (int i = 0; i < ROLLBACKS && state == UM_NATIVE_OPEN; i++) {
        (void)um_store_conn_text(conn, pool, "ROLLBACK", &ignored);
        state = um_store_native_state(conn);
    }
    if (state == UM_NATIVE_OPEN) {
        um_store_native_drop(conn);
    }
    conn->failure = conn->failure == UM_FAILURE_OVERDUE ? conn->failure : failure;
    return state == UM_NATIVE_IDLE;
}

/* --- questions --- */

static apr_status_t ask(um_store_conn_t *conn, apr_pool_t *pool, const char *sql, const char **answer, const char **why)
{
    apr_dbd_results_t *results = NULL;
    um_call_timeout_call_t call;
    um_rows_t rows = { 0 };
    int rv, late;

    begin_call(conn, &call);
    rv = apr_dbd_select(conn->db.driver, pool, conn->db.handle, &results, sql, RANDOM_ACCESS);
    late = end_call(conn, &call);
    if (rv) {
        return failed_call(conn, pool, sql, rv, late, why);
    }
    fetch(conn, pool, results, &rows);
    *answer = rows.count ? rows.row[0][0] : NULL;
    return APR_SUCCESS;
}

/* The first column of the first row, or NULL. */
static const char *answer_to(um_store_conn_t *conn, apr_pool_t *pool, const char *sql)
{
    const char *answer = NULL, *ignored;

    (void)ask(conn, pool, sql, &answer, &ignored);
    return answer;
}

int um_store_conn_answers(um_store_conn_t *conn, apr_pool_t *pool, apr_uint32_t milliseconds)
{
    apr_uint32_t usual = conn->timeout;
    const char *answer;

    conn->timeout = usual < milliseconds ? usual : milliseconds;
    answer = answer_to(conn, pool, "select 1");
    conn->timeout = usual;
    return answer != NULL;
}

static const char state_key[] = "um.state";

/* What the prepared statements depend on: SQLite's schema, PostgreSQL's server process. NULL: it does not answer. */
static const char *state(um_store_conn_t *conn, apr_pool_t *pool)
{
    return answer_to(conn, pool, conn->dialect == UM_DIALECT_SQLITE3 ? "pragma schema_version"
                                                                     : "select pg_backend_pid()");
}

static void set_state(const um_store_conn_t *conn, const char *now)
{
    apr_hash_set(conn->db.prepared, state_key, APR_HASH_KEY_STRING, now ? apr_pstrdup(conn->db.pool, now) : NULL);
}

/* --- SQLite's settings --- */

typedef struct pragma_t {
    const char *set, *get, *want, *also;
} pragma_t;

static apr_status_t set_pragma(um_store_conn_t *conn, const pragma_t *pragma, apr_pool_t *pool, const char **why)
{
    const char *answer = NULL;

    if (ask(conn, pool, pragma->set, &answer, why) != APR_SUCCESS
        || ask(conn, pool, pragma->get, &answer, why) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    if (!answer || (strcmp(answer, pragma->want) != 0 && (!pragma->also || strcmp(answer, pragma->also) != 0))) {
        *why = apr_psprintf(pool, "%s has no effect: SQLite answers %s", pragma->set, answer ? answer : "nothing");
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

apr_status_t um_store_conn_prepare(um_store_conn_t *conn, apr_pool_t *pool, const char **why)
{
    static const char key[] = "um.prepared";
    /* busy_timeout stays 0: while SQLite waits, the driver holds a mutex over all connections of the process, and so
     * would block the very commit that is waited for. foreign_keys stays as it is: a pragma of that kind expires all
     * statements of the connection, and those that other modules keep with it, such as mod_authn_dbd, are never
     * prepared again. The schema has triggers that delete what belongs to a deleted row. */
    static const pragma_t pragmas[] = {
        { .set = "pragma busy_timeout = 0", .get = "pragma busy_timeout", .want = "0" },
        { .set = "pragma synchronous = full", .get = "pragma synchronous", .want = "2" },
    };

    if (conn->dialect != UM_DIALECT_SQLITE3 || apr_hash_get(conn->db.prepared, key, APR_HASH_KEY_STRING)) {
        return APR_SUCCESS;
    }
    for (apr_size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
        if (set_pragma(conn, &pragmas[i], pool, why) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    set_state(conn, state(conn, pool));
    apr_hash_set(conn->db.prepared, key, APR_HASH_KEY_STRING, key);
    return APR_SUCCESS;
}

int um_store_conn_has_wal(um_store_conn_t *conn, apr_pool_t *pool)
{
    const char *mode = answer_to(conn, pool, "pragma journal_mode");

    return mode && (strcmp(mode, "wal") == 0 || strcmp(mode, "memory") == 0);
}

apr_status_t um_store_conn_set_wal(um_store_conn_t *conn, apr_pool_t *pool, const char **why)
{
    static const pragma_t wal = {
        .set = "pragma journal_mode = wal", .get = "pragma journal_mode", .want = "wal", .also = "memory"
    };

    return set_pragma(conn, &wal, pool, why);
}

/* --- after a failure --- */

int um_store_conn_forget(um_store_conn_t *conn, const um_statement_t *failed, apr_pool_t *pool)
{
    int is_stale = conn->failure == UM_FAILURE_STALE;
    const char *before = apr_hash_get(conn->db.prepared, state_key, APR_HASH_KEY_STRING);
    const char *now = state(conn, pool);

    if (before && now && strcmp(before, now) == 0) {
        if (failed && (conn->dialect == UM_DIALECT_SQLITE3 || is_stale)) {
            apr_hash_set(kept_statements(conn), failed->name, APR_HASH_KEY_STRING, NULL);
        }
        return 0;
    }
    set_state(conn, now);
    apr_hash_clear(kept_statements(conn));
    return 1;
}
