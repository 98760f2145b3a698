/* SPDX-License-Identifier: Apache-2.0 */
#include "store_conn.h"

#include "random.h"
#include "store_native.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <string.h>

/* Random access. With 0 the PostgreSQL driver reports errors as empty results and sleeps 0.1 s for each of them. */
#define RANDOM_ACCESS 1
#define NEXT_ROW (-1)

/* SQLITE_BUSY, which the driver hands on as it is. */
#define SQLITE_IS_LOCKED 5

static apr_status_t failed(const um_dbconn_t *conn, apr_pool_t *pool, const char *what, int rv, const char **why)
{
    const char *text = apr_dbd_error(conn->driver, conn->handle, rv);
    apr_size_t first_line = text ? strcspn(text, "\r\n") : 0;

    *why = apr_psprintf(pool, "%s: %s (%d)", what,
                        first_line ? apr_pstrmemdup(pool, text, first_line) : "the driver gives no reason", rv);
    return APR_EGENERAL;
}

/* A name that no other connection, process or node has given: behind a pooler it could be on a server that somebody
 * else named a statement on, and to run that instead would be worse than any failure. */
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

static apr_dbd_prepared_t *prepared(const um_dbconn_t *conn, const um_statement_t *statement, apr_pool_t *pool, int *rv)
{
    apr_dbd_prepared_t *found = NULL;
    const char *label = NULL;

    *rv = 0;
    if (conn->memory == UM_MEMORY_NONE) {
        *rv = apr_dbd_prepare(conn->driver, pool, conn->handle, statement->text, NULL, &found);
        return found;
    }
    found = apr_hash_get(conn->prepared, statement->name, APR_HASH_KEY_STRING);
    if (!found) {
        if (conn->memory == UM_MEMORY_SERVER) {
            label = new_label(conn->pool);
        }
        *rv = apr_dbd_prepare(conn->driver, conn->pool, conn->handle, statement->text, label, &found);
        if (*rv) {
            return NULL;
        }
        apr_hash_set(conn->prepared, statement->name, APR_HASH_KEY_STRING, found);
    }
    return found;
}

/* Reads to the end, because only that frees the driver's result; copies each value, because the next row frees it. */
static void fetch(const um_dbconn_t *conn, apr_pool_t *pool, apr_dbd_results_t *results, um_rows_t *rows)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *const *));
    int columns = apr_dbd_num_cols(conn->driver, results);
    apr_dbd_row_t *row = NULL;

    while (apr_dbd_get_row(conn->driver, pool, results, &row, NEXT_ROW) == 0) {
        const char **values = apr_pcalloc(pool, (apr_size_t)columns * sizeof(*values));

        for (int i = 0; i < columns; i++) {
            const char *value = NULL;

            /* The one way to tell NULL that both drivers agree on. */
            if (apr_dbd_datum_get(conn->driver, row, i, APR_DBD_TYPE_STRING, &value) == APR_SUCCESS) {
                values[i] = apr_pstrdup(pool, value);
            }
        }
        APR_ARRAY_PUSH(list, const char *const *) = values;
    }
    rows->count = list->nelts;
    rows->row = (const char *const *const *)list->elts;
}

/* The SQLSTATE in an error text: libpq was asked to write it behind the severity, "ERROR:  57014: canceling ...". The
 * rest is in the server's language. NULL: the text is libpq's own. */
static const char *sqlstate_of(const char *text)
{
    const char *state = text ? strstr(text, ":  ") : NULL;

    if (!state || strspn(state + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || state[8] != ':') {
        return NULL;
    }
    return state + 3;
}

/* How a statement failed. What the server did not answer itself is a lost connection, whatever libpq thinks: when
 * sending fails it keeps a connection whose end lies unread in the socket. */
static um_failure_e failure_of(const um_dbconn_t *conn, int rv)
{
    static const struct { const char *state; um_failure_e failure; } rows[] = {
        { "40001", UM_FAILURE_CONFLICT },  /* serialization_failure */
        { "40P01", UM_FAILURE_CONFLICT },  /* deadlock_detected */
        { "26000", UM_FAILURE_STALE },     /* invalid_sql_statement_name: another server of a pooler */
        { "0A000", UM_FAILURE_STALE },     /* feature_not_supported: "cached plan must not change result type" */
        { "08", UM_FAILURE_LOST },         /* connection exceptions, which a pooler may hand on */
        { "57P0", UM_FAILURE_LOST },       /* the server shuts down, or ends this session */
        { "25P03", UM_FAILURE_LOST },      /* idle_in_transaction_session_timeout */
        { "40003", UM_FAILURE_LOST },      /* statement_completion_unknown */
    };
    const char *state = sqlstate_of(apr_dbd_error(conn->driver, conn->handle, rv));
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

/* --- calls to the server, whose end the client sees to --- */

static void begin_call(const um_dbconn_t *conn, um_call_timeout_call_t *call)
{
    const um_call_timeout_socket_t *socket = conn->guard && conn->guard->call_timeout ? um_store_native_socket(conn)
                                                                                      : NULL;

    call->socket.fd = -1;
    if (socket) {
        um_call_timeout_begin(conn->guard->call_timeout, call, socket, conn->timeout);
    }
}

/* Whether it took too long. Its connection is closed then, even if the answer has come in the last moment. */
static int end_call(const um_dbconn_t *conn, um_call_timeout_call_t *call)
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

static apr_status_t failed_call(um_dbconn_t *conn, apr_pool_t *pool, const char *what, int rv, int late,
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

apr_status_t um_store_conn_run(um_dbconn_t *conn, const um_statement_t *statement, apr_pool_t *pool,
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
        rv = apr_dbd_pselect(conn->driver, pool, conn->handle, &results, query, RANDOM_ACCESS, statement->values, args);
    }
    late = end_call(conn, &call);
    if (rv) {
        return failed_call(conn, pool, statement->name, rv, late, why);
    }
    fetch(conn, pool, results, rows);
    return APR_SUCCESS;
}

apr_status_t um_store_conn_text(um_dbconn_t *conn, apr_pool_t *pool, const char *sql, const char **why)
{
    apr_size_t len = strlen(sql);
    um_call_timeout_call_t call;
    int changed = 0;
    int rv, late;

    /* SQLite's driver takes blanks after the last statement for one more, and fails. */
    while (len && strchr(" \n", sql[len - 1])) {
        len--;
    }
    sql = apr_pstrmemdup(pool, sql, len);
    begin_call(conn, &call);
    rv = apr_dbd_query(conn->driver, conn->handle, &changed, sql);
    late = end_call(conn, &call);
    if (rv) {
        (void)failed_call(conn, pool, apr_pstrmemdup(pool, sql, strcspn(sql, "\n")), rv, late, why);
        return rv == SQLITE_IS_LOCKED && strcmp(apr_dbd_name(conn->driver), "sqlite3") == 0 ? APR_EBUSY : APR_EGENERAL;
    }
    return APR_SUCCESS;
}

int um_store_conn_alive(const um_dbconn_t *conn, apr_pool_t *pool)
{
    int good = apr_dbd_check_conn(conn->driver, pool, conn->handle) == APR_SUCCESS;

    if (conn->guard && conn->guard->limit) {
        um_thread_limit_progress(conn->guard->limit);
    }
    return good;
}

/* A ROLLBACK can be canceled as any statement can. */
#define ROLLBACKS 3

int um_store_conn_settle(um_dbconn_t *conn, apr_pool_t *pool)
{
    um_native_state_e state = um_store_native_state(conn);
    um_failure_e failure = conn->failure;
    const char *ignored;

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

/* --- a fresh SQLite connection --- */

typedef struct pragma_t {
    const char *set, *get, *want, *also;
} pragma_t;

/* busy_timeout stays 0: the driver holds a mutex over all connections of the process while SQLite waits, and so would
 * block the very commit that is waited for. WAL is "memory" for a database that is not in a file. foreign_keys stays
 * as it is: a pragma of that kind expires all statements of the connection, and those that other modules keep with it,
 * such as mod_authn_dbd, are never prepared anew. The schema has triggers that delete what belongs to a deleted row. */
static const pragma_t pragmas[] = {
    { "pragma busy_timeout = 0", "pragma busy_timeout", "0", NULL },
    { "pragma synchronous = full", "pragma synchronous", "2", NULL },
    { "pragma journal_mode = wal", "pragma journal_mode", "wal", "memory" },
};

static apr_status_t ask(um_dbconn_t *conn, apr_pool_t *pool, const char *sql, const char **answer,
                        const char **why)
{
    apr_dbd_results_t *results = NULL;
    um_call_timeout_call_t call;
    um_rows_t rows = { 0 };
    int rv, late;

    begin_call(conn, &call);
    rv = apr_dbd_select(conn->driver, pool, conn->handle, &results, sql, RANDOM_ACCESS);
    late = end_call(conn, &call);
    if (rv) {
        return failed_call(conn, pool, sql, rv, late, why);
    }
    fetch(conn, pool, results, &rows);
    *answer = rows.count ? rows.row[0][0] : NULL;
    return APR_SUCCESS;
}

static const char state_key[] = "um.state";

/* What the kept statements depend on: SQLite's schema, PostgreSQL's server process. NULL: it does not say. */
static const char *state(um_dbconn_t *conn, um_dialect_e dialect, apr_pool_t *pool)
{
    const char *answer = NULL;
    const char *ignored;

    (void)ask(conn, pool, dialect == UM_DIALECT_SQLITE3 ? "pragma schema_version" : "select pg_backend_pid()", &answer,
              &ignored);
    return answer;
}

int um_store_conn_answers(um_dbconn_t *conn, apr_pool_t *pool, apr_uint32_t milliseconds)
{
    apr_uint32_t usual = conn->timeout;
    const char *answer = NULL;
    const char *ignored;

    conn->timeout = usual < milliseconds ? usual : milliseconds;
    (void)ask(conn, pool, "select 1", &answer, &ignored);
    conn->timeout = usual;
    return answer != NULL;
}

static void remember(const um_dbconn_t *conn, const char *now)
{
    apr_hash_set(conn->prepared, state_key, APR_HASH_KEY_STRING, now ? apr_pstrdup(conn->pool, now) : NULL);
}

static const char mark[] = "um.";

int um_store_conn_is_fresh(const um_dbconn_t *conn, um_dialect_e dialect)
{
    return dialect == UM_DIALECT_SQLITE3 && !apr_hash_get(conn->prepared, mark, APR_HASH_KEY_STRING);
}

int um_store_conn_is_new(um_dbconn_t *conn, apr_pool_t *pool)
{
    const char *mode = NULL;
    const char *ignored;

    (void)ask(conn, pool, "pragma journal_mode", &mode, &ignored);
    return !mode || (strcmp(mode, "wal") != 0 && strcmp(mode, "memory") != 0);
}

apr_status_t um_store_conn_prepare(um_dbconn_t *conn, int to_wal, apr_pool_t *pool, const char **why)
{
    apr_size_t count = sizeof(pragmas) / sizeof(pragmas[0]) - (to_wal ? 0 : 1);

    for (apr_size_t i = 0; i < count; i++) {
        const pragma_t *pragma = &pragmas[i];
        const char *answer = NULL;

        if (ask(conn, pool, pragma->set, &answer, why) != APR_SUCCESS
            || ask(conn, pool, pragma->get, &answer, why) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        if (!answer || (strcmp(answer, pragma->want) != 0 && (!pragma->also || strcmp(answer, pragma->also) != 0))) {
            *why = apr_psprintf(pool, "%s has no effect: SQLite answers %s", pragma->set, answer ? answer : "nothing");
            return APR_EGENERAL;
        }
    }
    remember(conn, state(conn, UM_DIALECT_SQLITE3, pool));
    apr_hash_set(conn->prepared, mark, APR_HASH_KEY_STRING, mark);
    return APR_SUCCESS;
}

/* --- after a failure --- */

int um_store_conn_forget(um_dbconn_t *conn, um_dialect_e dialect, const um_statement_t *failed,
                         apr_pool_t *pool)
{
    int is_stale = conn->failure == UM_FAILURE_STALE;
    const char *before = apr_hash_get(conn->prepared, state_key, APR_HASH_KEY_STRING);
    const char *now = state(conn, dialect, pool);

    if (before && now && strcmp(before, now) == 0) {
        if (failed && (dialect == UM_DIALECT_SQLITE3 || is_stale)) {
            apr_hash_set(conn->prepared, failed->name, APR_HASH_KEY_STRING, NULL);
        }
        return 0;
    }
    remember(conn, now);
    for (int i = 0; i < UM_SQL_COUNT; i++) {
        apr_hash_set(conn->prepared, um_statements_get(dialect, (um_statement_e)i)->name, APR_HASH_KEY_STRING, NULL);
    }
    return 1;
}
