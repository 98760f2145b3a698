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

/* Whether a call failed and said so with that text. */
static void is_cause(const um_store_call_t *call, apr_status_t rv, const char *want, const char *name)
{
    ok(rv == APR_EGENERAL && call->cause && strstr(call->cause, want), "%s: %s", name,
       call->cause ? call->cause : "(no cause)");
}

/* --- the table of statements --- */

/* "%s" is a value, "%%" a percent sign; anything else APR would take for a value of another kind. */
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
    is_int(um_store_ready(&call), APR_SUCCESS, "SQLite makes its schema by itself");
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

/* Its number; 0: none is missing. */
static int first_missing(const um_schema_state_t *state)
{
    return state->missing->nelts ? APR_ARRAY_IDX(state->missing, 0, const um_schema_step_t *)->number : 0;
}

/* A database that a newer program has been at. */
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
    is_int(um_store_ready(&call), APR_SUCCESS, "a step that is not known harms nothing, if it says so");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && state.unknown->nelts == 1 && !state.too_new, "and is seen");
    is_text(APR_ARRAY_IDX(state.unknown, 0, const char *), "998_more", "by its name");
    site_do(&s, "insert into um_schema (step, name, applied_at, works_from) values (999, '999_other', 1, 999)");
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    call = call_of(&s);
    is_cause(&call, um_store_ready(&call), "step 999_other, which does not work with this version",
             "another is refused");
    is_cause(&call, um_schema_upgrade(&call, NULL), "step 999_other", "nor is anything applied then");
    site_close(&s);
}

/* What belongs to a deleted row goes with it, although SQLite is not told to look after foreign keys. */
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
    is_text(site_ask(&s, "pragma foreign_keys"), "0", "foreign keys are left alone");
    is_text(site_ask(&s, tables), NULL, "each table whose rows go with others has a trigger for it");
    site_do(&s, "insert into um_users (id, username, username_key, password, version, created_at, updated_at)"
            " values ('u', 'a', 'a', '', 'v', 1, 1); insert into um_groups values ('g', 'x', 1);"
            " insert into um_memberships values ('u', 'g');"
            " insert into um_sessions (id, user_id, user_version, created_at, expires_at) values ('s', 'u', 'v', 1, 1);"
            " insert into um_one_time_tokens values ('h', 'reset', 'm', 'u', 'v', '', 1, 1); delete from um_users");
    is_text(site_ask(&s, "select (select count(*) from um_memberships) + (select count(*) from um_sessions)"
                     " + (select count(*) from um_one_time_tokens)"), "0", "a user's rows go with the user");
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
    ok(um_schema_upgrade(&call, applied) == APR_SUCCESS && applied->nelts > 0, "an upgrade applies steps");
    is_text(applied->nelts ? APR_ARRAY_IDX(applied, 0, const char *) : NULL, "001_accounts", "and names them");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && first_missing(&state) == 0, "nothing is missing then");
    ok(um_schema_upgrade(&call, applied) == APR_SUCCESS && applied->nelts == 0, "a second one finds nothing to do");
    ok(um_schema_upgrade(&call, NULL) == APR_SUCCESS, "nor need anybody ask which steps were done");
    site_do(&s, "delete from um_schema where step = 1");
    ok(um_schema_look(&call, &state) == APR_SUCCESS && first_missing(&state) == 1, "a step not recorded is missing");
    is_cause(&call, um_schema_upgrade(&call, applied), "step 001_accounts failed", "one that fails is named");
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
    is_cause(&call, um_store_ready(&call), "step 001_accounts", "PostgreSQL's is not made");
    call.cause = NULL;
    ok(um_store_run(&call, UM_SQL_USER_BY_KEY, UM_VALUES("a"), &rows) == APR_EGENERAL && call.cause && rows.count == 0,
       "and nothing runs before it is there");
    s.site.store = site_store(&s, UM_DIALECT_SQLITE3);
    call = call_of(&s);
    um_store_ready(&call);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    call = call_of(&s);
    is_int(um_store_ready(&call), APR_SUCCESS, "made meanwhile by somebody else: ready");
    s.refuse = -1;
    is_int(um_store_ready(&call), APR_SUCCESS, "which is not asked a second time");
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
    is_text(site_ask(&s, "pragma busy_timeout"), "0", "SQLite does not wait by itself");
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
             "too many values");
    is_cause(&call, um_store_run(&call, UM_SQL_USER_ACTIVE, values, 3, &rows), "USER_ACTIVE takes 4 values", "too few");
    is_int(s.asked, 0, "the database is not even asked");
    call.cause = NULL;
    ok(um_store_run(&call, UM_SQL_USER_EMAIL_TAKEN, values + 1, 2, &rows) == APR_SUCCESS && rows.count == 0
       && !call.cause, "NULL is a value");
    site_close(&s);
}

static int locked_when_asked;

static void note_lock(site_t *s)
{
    locked_when_asked = s->locked;
}

/* The lock comes before the connection: who waits for it must not keep one from the readers. */
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
    is_int(locked_when_asked, 0, "reading takes no lock");
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        um_store_run(&call, writes[i].id, values, writes[i].values, &rows);
        ok(locked_when_asked && !s.locked, "%s does, and gives it back",
           um_store_sql_statement(UM_DIALECT_SQLITE3, writes[i].id)->name);
    }
    site_register(&s, "alice", "", NULL);
    ok(locked_when_asked && !s.locked && !s.misused, "so does a transaction");
    site_close(&s);
}

/* What a row of NULLs, of empty texts and of the largest number comes back as. */
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
    is_int(um_store_conn_run(&conn, &strange, s.pool, &value, &rows, &why), APR_SUCCESS, why ? why : "two rows");
    if (ok(rows.count == 2, "both come")) {
        ok(rows.row[0][0] == NULL, "NULL is NULL");
        is_text(rows.row[0][1], "", "an empty text is empty");
        is_text(rows.row[0][2], "9223372036854775807", "a large number is whole");
        is_text(rows.row[0][3], value, "a text comes back as it went in");
        is_text(rows.row[0][4], "50%", "a doubled percent sign is one");
        ok(rows.row[1][1] == NULL && strcmp(rows.row[1][0], "x") == 0, "a row does not change the one before");
    }
    site_close(&s);
}

/* A statement kept with the connection is refused by SQLite after each of these. */
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
           && rows.again && faults.prepares == 1, "then it is prepared anew, and answers");
        ok(um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(id), &rows) == APR_SUCCESS && !rows.again,
           "so are the others, before they can fail");
        site_close(&s);
        ok(!s.misused && !s.in_use && !s.locked, "everything was released");
    }
}

/* The causes are for the log: what failed and why, but nobody's data. */
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
             "um.USER_DELETE: told: reason", "the statement and the first line of the reason");
    ok(call.cause && !strstr(call.cause, SECRET), "without what follows it");
    is_int(call.is_logged, 0, "nobody knew it before");
    site_close(&s);
}

int main(void)
{
    site_begin();
    test_table();
    test_sqlite_takes_all();
    test_schema();
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
