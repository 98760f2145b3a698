/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"
#include "schema.h"
#include "site.h"
#include "store_private.h"
#include "store_sql.h"

#define SECRET "secret@example.org"

static um_store_call_t call_of(site_t *s)
{
    return (um_store_call_t){ .store = s->site.store, .pool = s->pool };
}

/* Checks that a call failed and that its cause contains the text. */
static void is_cause(const um_store_call_t *call, apr_status_t rv, const char *want, const char *name)
{
    ok(rv == APR_EGENERAL && call->cause && strstr(call->cause, want), "%s: %s", name,
       call->cause ? call->cause : "(no cause)");
}

/* --- the table of statements --- */

/* "%s" is a value and "%%" a percent sign. APR would take anything else for a value of another kind. */
static int count_values(const char *text, int *strange)
{
    int count = 0;

    for (*strange = 0; (text = strchr(text, '%')) != NULL; text += 2) {
        count += text[1] == 's';
        *strange |= text[1] != 's' && text[1] != '%';
    }
    return count;
}

static void test_table(void)
{
    for (int dialect = UM_DIALECT_PGSQL; dialect <= UM_DIALECT_SQLITE3; dialect++) {
        for (int i = 0; i < UM_SQL_COUNT; i++) {
            const um_statement_t *row = um_store_sql_statement((um_dialect_e)dialect, (um_statement_e)i);
            const um_statement_t *other = um_store_sql_statement(UM_DIALECT_PGSQL, (um_statement_e)i);
            int strange, count = count_values(row->text, &strange);
            int reads = strncmp(row->text, "select", 6) == 0;

            if (dialect == UM_DIALECT_SQLITE3 && !*row->text) {
                continue;
            }
            ok(count == row->values && !strange, "%s takes %d values and has %d", row->name, row->values, count);
            ok(reads == (row->kind == UM_STATEMENT_READ), "%s is %s", row->name, reads ? "READ" : "WRITE");
            ok(strcmp(row->name, other->name) == 0 && row->kind == other->kind && row->values == other->values,
               "%s is the same row in both dialects", row->name);
        }
    }
}

static void test_sqlite_takes_all(void)
{
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    is_int(um_store_ready(&call), APR_SUCCESS, "a SQLite database gets its schema at the first call");
    for (int i = 0; i < UM_SQL_COUNT; i++) {
        const um_statement_t *row = um_store_sql_statement(UM_DIALECT_SQLITE3, (um_statement_e)i);
        apr_dbd_prepared_t *statement = NULL;

        if (*row->text) {
            is_int(apr_dbd_prepare(s.conn.driver, s.pool, s.conn.handle, row->text, NULL, &statement), 0, row->name);
        }
    }
    site_close(&s);
}

/* --- the schema --- */

/* The number of the first missing step; 0: none is missing. */
static apr_status_t upgrade(um_store_call_t *call, apr_array_header_t *applied)
{
    return um_schema_upgrade(call, applied, NULL, NULL);
}

static int first_missing(const um_schema_state_t *state)
{
    return state->missing->nelts ? APR_ARRAY_IDX(state->missing, 0, const um_schema_step_t *)->number : 0;
}

/* Whether a process that starts now refuses the database, with that text. */
static void refuses_columns(site_t *s, const char *sql, const char *want)
{
    um_store_call_t call;

    site_do(s, sql);
    s->site.store = site_store(s, UM_DIALECT_SQLITE3);
    call = call_of(s);
    is_cause(&call, um_store_ready(&call), want, sql);
}

/* A step that forgot a column of the profile, or made it of another type. */
static void test_wrong_columns(void)
{
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    is_int(um_store_ready(&call), APR_SUCCESS, "the steps make the columns of the profile");
    refuses_columns(&s, "alter table um_users rename column first_name to forename",
                    "the table um_users lacks the column first_name, although all steps of the schema are recorded: "
                    "alter table um_users add column first_name text not null default ''");
    refuses_columns(&s, "alter table um_users rename column forename to first_name;"
                    " alter table um_users drop column last_name;"
                    " alter table um_users add column last_name integer not null default 0",
                    "the column last_name of the table um_users is \"integer not null\" and must be \"text not null\"");
    refuses_columns(&s, "alter table um_users drop column last_name; alter table um_users add column last_name text",
                    "is \"text\" and must be \"text not null\"");
    site_close(&s);
}

/* A database that a newer program has upgraded. */
static void test_newer_schema(void)
{
    um_schema_state_t state;
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    um_store_ready(&call);
    site_do(&s, "insert into um_schema (step, name, applied_at, works_from) values (998, '998_more', 1, 8)");
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    call = call_of(&s);
    is_int(um_store_ready(&call), APR_SUCCESS, "an unknown step that works with this version is accepted");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && state.unknown->nelts == 1 && !state.too_new,
       "the unknown step is listed");
    is_text(APR_ARRAY_IDX(state.unknown, 0, const char *), "998_more", "the unknown step is listed by its name");
    site_do(&s, "insert into um_schema (step, name, applied_at, works_from) values (999, '999_other', 1, 999)");
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    call = call_of(&s);
    is_cause(&call, um_store_ready(&call), "step 999_other, which does not work with this version",
             "an unknown step that does not work with this version is refused");
    is_cause(&call, upgrade(&call, NULL), "step 999_other", "an upgrade of such a database applies nothing");
    site_close(&s);
}

/* Rows that belong to a deleted row are deleted with it, although SQLite is not told to enforce foreign keys. */
static void test_dependants(void)
{
    static const char tables[] = "select group_concat(m.name || ' of ' || f.\"table\", ', ') from sqlite_master m"
        " join pragma_foreign_key_list(m.name) f where f.on_delete = 'CASCADE' and not exists (select 1 from"
        " sqlite_master t where t.type = 'trigger' and t.tbl_name = f.\"table\""
        " and instr(t.sql, 'delete from ' || m.name || ' where ' || f.\"from\" || ' = old.id') > 0)";
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    um_store_ready(&call);
    is_text(site_ask(&s, "pragma foreign_keys"), "0", "the pragma foreign_keys is not changed");
    is_text(site_ask(&s, tables), NULL, "each table with \"on delete cascade\" has a trigger");
    site_do(&s, "insert into um_users (id, username, username_key, password, version, created_at, updated_at)"
            " values ('u', 'a', 'a', '', 'v', 1, 1); insert into um_groups values ('g', 'x', 1);"
            " insert into um_memberships values ('u', 'g');"
            " insert into um_sessions (id, user_id, user_version, created_at, expires_at) values ('s', 'u', 'v', 1, 1);"
            " insert into um_one_time_tokens values ('h', 'reset', 'm', 'u', 'v', '', 1, 1); delete from um_users");
    is_text(site_ask(&s, "select (select count(*) from um_memberships) + (select count(*) from um_sessions)"
                     " + (select count(*) from um_one_time_tokens)"), "0",
            "the rows of a user are deleted with the user");
    site_close(&s);
}

static void test_schema(void)
{
    apr_array_header_t *applied;
    const um_schema_step_t *step = NULL;
    um_schema_state_t state;
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    applied = apr_array_make(s.pool, 1, sizeof(const char *));
    ok(um_schema_look(&call, &state) == APR_SUCCESS && first_missing(&state) == 1, "an empty database lacks step 1");
    ok(upgrade(&call, applied) == APR_SUCCESS && applied->nelts > 0, "an upgrade applies the steps");
    is_text(applied->nelts ? APR_ARRAY_IDX(applied, 0, const char *) : NULL, "001_accounts",
            "an upgrade names the steps that it applied");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && first_missing(&state) == 0,
       "no step is missing after an upgrade");
    ok(upgrade(&call, applied) == APR_SUCCESS && applied->nelts == 0, "a second upgrade applies nothing");
    ok(upgrade(&call, NULL) == APR_SUCCESS, "an upgrade works without a list for the names");
    site_do(&s, "delete from um_schema where step = 1");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && first_missing(&state) == 1,
       "a step that is not recorded is missing");
    is_cause(&call, upgrade(&call, applied), "step 001_accounts failed", "a step that fails is named");
    site_close(&s);
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");

    for (int dialect = UM_DIALECT_PGSQL; dialect <= UM_DIALECT_SQLITE3; dialect++) {
        int number = 0, rising = 1;

        for (int i = 0; (step = um_schema_step((um_dialect_e)dialect, i)) != NULL; i++) {
            rising &= step->number == ++number && step->dialect == (um_dialect_e)dialect;
        }
        ok(number > 0 && rising, "dialect %d: %d steps, numbered from 1 without a gap", dialect, number);
    }
}

static void test_missing_step(void)
{
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    site_open(&s);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    call = call_of(&s);
    is_cause(&call, um_store_ready(&call), "step 001_accounts", "PostgreSQL's schema is not made");
    call.cause = NULL;
    ok(um_store_run(&call, UM_SQL_USER_BY_KEY, UM_VALUES("a"), &rows) == APR_EGENERAL && call.cause && rows.count == 0,
       "no statement runs before the schema is complete");
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    call = call_of(&s);
    um_store_ready(&call);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    call = call_of(&s);
    is_int(um_store_ready(&call), APR_SUCCESS, "a schema that was completed by others is found");
    s.refuse = -1;
    is_int(um_store_ready(&call), APR_SUCCESS, "a complete schema is not checked again");
    site_close(&s);
}

static void test_pragmas(void)
{
    um_store_call_t call;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    site_ask(&s, "pragma busy_timeout = 100");
    site_do(&s, "pragma synchronous = off");
    um_store_ready(&call);
    is_text(site_ask(&s, "pragma synchronous"), "2", "writes are synchronous");
    is_text(site_ask(&s, "pragma busy_timeout"), "0", "SQLite does not wait for a lock itself");
    site_close(&s);
}

/* --- one statement --- */

static void test_values(void)
{
    const char *values[] = { "a", "b", NULL };
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    um_store_ready(&call);
    s.asked = 0;
    is_cause(&call, um_store_run(&call, UM_SQL_USER_BY_ID, values, 2, &rows), "USER_BY_ID takes 1 values, was given 2",
             "too many values are refused");
    is_cause(&call, um_store_run(&call, UM_SQL_USER_ACTIVE, values, 3, &rows), "USER_ACTIVE takes 4 values",
             "too few are refused");
    is_int(s.asked, 0, "no connection is acquired for them");
    call.cause = NULL;
    ok(um_store_run(&call, UM_SQL_USER_EMAIL_TAKEN, values + 1, 2, &rows) == APR_SUCCESS && rows.count == 0
       && !call.cause, "NULL is a valid value");
    site_close(&s);
}

static int locked_when_asked;

static void note_lock(site_t *s)
{
    locked_when_asked = s->locked;
}

/* The lock is taken before the connection: a thread that waits for the lock must not keep a connection from readers. */
static void test_lock(void)
{
    static const struct { um_statement_e id; int values; } writes[] = {
        { UM_SQL_USER_DELETE, 1 }, { UM_SQL_USER_REHASH, 3 }, { UM_SQL_USER_ACTIVE, 4 }, { UM_SQL_SESSION_INSERT, 7 },
    };
    const char *values[7] = { NULL };
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    um_store_ready(&call);
    s.on_ask = note_lock;
    um_store_run(&call, UM_SQL_USER_BY_ID, values, 1, &rows);
    is_int(locked_when_asked, 0, "a reading statement takes no lock");
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        um_store_run(&call, writes[i].id, values, writes[i].values, &rows);
        ok(locked_when_asked && !s.locked, "%s takes the lock and releases it",
           um_store_sql_statement(UM_DIALECT_SQLITE3, writes[i].id)->name);
    }
    site_register(&s, "alice", "", NULL);
    ok(locked_when_asked && !s.locked && !s.misused, "a transaction takes the lock before the connection");
    site_close(&s);
}

/* How NULL, empty texts and the largest number are returned. */
static void test_rows(void)
{
    static const um_statement_t strange = {
        "um.TEST", UM_STATEMENT_READ, 1, "select null, '', 9223372036854775807, cast(%s as text), '50%%' union all "
        "select 'x', null, -1, 'y', 'z'" };
    const char *value = "\xC3\xA4' \"\n", *why = NULL;
    um_rows_t rows = { 0 };
    um_store_conn_t conn;
    site_t s;

    site_open(&s);
    conn = (um_store_conn_t){ .db = s.conn, .dialect = UM_DIALECT_SQLITE3, .memory = UM_MEMORY_DRIVER };
    is_int(um_store_conn_run(&conn, &strange, s.pool, &value, &rows, &why), APR_SUCCESS,
           why ? why : "a statement with two rows runs");
    if (ok(rows.count == 2, "both rows are returned")) {
        ok(rows.row[0][0] == NULL, "NULL is returned as NULL");
        is_text(rows.row[0][1], "", "an empty text is returned as such");
        is_text(rows.row[0][2], "9223372036854775807", "the largest number is returned in full");
        is_text(rows.row[0][3], value, "a text is returned unchanged");
        is_text(rows.row[0][4], "50%", "a doubled percent sign is one percent sign");
        ok(rows.row[1][1] == NULL && strcmp(rows.row[1][0], "x") == 0, "a row does not change the one before");
    }
    site_close(&s);
}

/* SQLite refuses a prepared statement of the connection after each of these. */
static void test_stale(void)
{
    static const char *const changes[] = {
        "alter table um_users add column test_extra text", "vacuum", "analyze", "create table test_extra (a integer)",
    };
    const char *id = "00000000-0000-7000-8000-000000000001";
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        faults_reset();
        site_open(&s);
        call = call_of(&s);
        site_register(&s, "alice", "", NULL);
        um_store_run(&call, UM_SQL_USER_BY_KEY, UM_VALUES("alice"), &rows);
        um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows);
        faults.prepares = 0;
        ok(um_store_run(&call, UM_SQL_USER_BY_KEY, UM_VALUES("alice"), &rows) == APR_SUCCESS && rows.count == 1
           && !rows.again && faults.prepares == 0, "a statement is prepared once");
        ok(site_do(&s, changes[i]), "%s", changes[i]);
        ok(um_store_run(&call, UM_SQL_USER_BY_KEY, UM_VALUES("alice"), &rows) == APR_SUCCESS && rows.count == 1
           && rows.again && faults.prepares == 1, "a refused statement is prepared again and succeeds");
        ok(um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows) == APR_SUCCESS && !rows.again,
           "the other statements are prepared again before they can fail");
        site_close(&s);
        ok(!s.misused && !s.in_use && !s.locked, "everything was released");
    }
}

/* A cause is for the log: it says what failed and why, without data of people. */
static void test_cause(void)
{
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    site_open(&s);
    call = call_of(&s);
    um_store_ready(&call);
    site_do(&s, "create trigger test_refuse before delete on um_users begin select raise(abort, 'told: reason\nmore: "
            SECRET "'); end");
    site_register(&s, "alice", SECRET, NULL);
    is_cause(&call, um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(site_ask(&s, "select id from um_users")), &rows),
             "um.USER_DELETE: told: reason", "a cause has the statement and the first line of the reason");
    ok(call.cause && !strstr(call.cause, SECRET), "a cause has no other line of the reason");
    is_int(call.is_logged, 0, "a new failure is not marked as logged");
    site_close(&s);
}

int main(void)
{
    site_begin();
    test_table();
    test_sqlite_takes_all();
    test_schema();
    test_wrong_columns();
    test_newer_schema();
    test_dependants();
    test_missing_step();
    test_pragmas();
    test_values();
    test_lock();
    test_rows();
    test_stale();
    test_cause();
    return site_end();
}
