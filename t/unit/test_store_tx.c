/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"
#include "site.h"
#include "store_session.h"
#include "store_user.h"
#include "user_columns.h"

#define USER_ID "00000000-0000-7000-8000-000000000001"
#define VERSION "00000000-0000-7000-8000-000000000002"
#define COUNT "select count(*) from um_users"

static um_store_call_t call_of(site_t *s)
{
    return (um_store_call_t){ .store = s->site.store, .pool = s->pool };
}

static void open_ready(site_t *s)
{
    um_store_call_t call;

    faults_reset();
    site_open(s);
    call = call_of(s);
    um_store_ready(&call);
    s->asked = 0;
}

/* One statement, as a request runs it. */
static apr_status_t look(site_t *s, um_store_call_t *call, um_rows_t *rows)
{
    *call = call_of(s);
    return um_store_run(call, UM_SQL_USER_BY_KEY, UM_VALUES("alice"), rows);
}

static void close_clean(site_t *s)
{
    ok(!s->misused && !s->in_use && !s->locked, "one connection and one lock at a time, all released");
    ok(site_do(s, "begin") && site_do(s, "rollback"), "no transaction is left open");
    site_close(s);
}

/* --- transactions --- */

typedef struct work_t {
    apr_pool_t *pool;
    const char *sql;           /* executed after the insert */
    apr_status_t answer;
    int calls;
} work_t;

static apr_status_t insert_and_more(um_tx_t *tx, void *baton)
{
#define BLANK(name, label, kind, ...) UM_PROFILE_UNLESS_USERNAME(kind, .name = "",)
    static const um_user_t user = { .id = USER_ID, .username = "alice", UM_PROFILE(BLANK) .password = "x",
                                    .version = VERSION, .is_active = 1 };
#undef BLANK
    static const um_user_keys_t keys = { "alice", "", "" };
    work_t *work = baton;
    const char *values[UM_STORE_USER_VALUES];
    um_rows_t rows;
    apr_status_t rv;

    um_store_user_values(work->pool, &user, &keys, 1, values);
    rv = um_store_tx_run(tx, UM_SQL_USER_INSERT, values, UM_STORE_USER_VALUES, &rows);
    work->calls++;
    if (rv == APR_SUCCESS && !rows.count) {
        return UM_STORE_ROLLED_BACK;
    }
    if (rv == APR_SUCCESS && work->sql) {
        (void)um_store_tx_text(tx, work->sql);
    }
    return rv == APR_SUCCESS ? work->answer : rv;
}

static void test_ends(void)
{
    /* A session without a user: with a deferred check, COMMIT finds it. */
    static const char orphan[] = "pragma defer_foreign_keys = on; insert into um_sessions (id, user_id, user_version, "
        "created_at, expires_at) values ('1', '2', '3', 1, 1)";
    /* Two calls after a failure: the tables were made on this connection, so its schema has changed. */
    static const struct { const char *name, *sql; apr_status_t answer, want; int calls; const char *left; } cases[] = {
        { "all is well", NULL, APR_SUCCESS, APR_SUCCESS, 1, "1" },
        { "fn asks to roll back", NULL, UM_STORE_ROLLED_BACK, UM_STORE_ROLLED_BACK, 1, "0" },
        { "fn fails by itself", NULL, APR_EGENERAL, APR_EGENERAL, 1, "0" },
        { "a statement fails, whatever fn says", "insert into um_users values (1)", APR_SUCCESS, APR_EGENERAL, 2, "0" },
        { "and when fn asks to roll back", "bad", UM_STORE_ROLLED_BACK, APR_EGENERAL, 2, "0" },
        { "COMMIT is refused", orphan, APR_SUCCESS, APR_EGENERAL, 1, "0" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        work_t work = { .sql = cases[i].sql, .answer = cases[i].answer };
        um_store_call_t call;
        site_t s;

        printf("# %s\n", cases[i].name);
        open_ready(&s);
        site_do(&s, "pragma foreign_keys = on");
        call = call_of(&s);
        work.pool = s.pool;
        is_int(um_store_transaction(&call, insert_and_more, &work), cases[i].want, cases[i].name);
        is_int(work.calls, cases[i].calls, "the transaction was begun that often");
        is_text(site_ask(&s, COUNT), cases[i].left, "that many rows are stored");
        is_int(s.asked, 1, "one connection was acquired");
        ok(cases[i].want != APR_EGENERAL || cases[i].answer == APR_EGENERAL || call.cause, "a failure has a cause: %s",
           call.cause ? call.cause : "(none)");
        close_clean(&s);
    }
}

static apr_status_t too_few_values(um_tx_t *tx, void *baton)
{
    um_rows_t rows;

    (void)baton;
    (void)um_store_tx_run(tx, UM_SQL_USER_ACTIVE, UM_VALUES("1"), &rows);
    return APR_SUCCESS;
}

static void test_again(void)
{
    work_t work = { .answer = APR_SUCCESS };
    um_store_call_t call;
    site_t s;

    open_ready(&s);
    call = call_of(&s);
    work.pool = s.pool;
    um_store_transaction(&call, insert_and_more, &work);
    is_int(um_store_transaction(&call, insert_and_more, &work), UM_STORE_ROLLED_BACK,
           "a second account of a name rolls the transaction back");
    is_text(site_ask(&s, COUNT), "1", "the second account is not stored");
    is_int(um_store_transaction(&call, too_few_values, NULL), APR_EGENERAL, "too few values fail a transaction");
    ok(call.cause && strstr(call.cause, "takes 4 values, was given 1"), "the cause has both numbers");
    close_clean(&s);
}

/* --- a connection pool that has nothing --- */

static void test_breaker(void)
{
    um_store_call_t call;
    um_rows_t rows;
    apr_int64_t since;
    site_t s;

    open_ready(&s);
    since = faults.clock_ms;
    s.refuse = -1;
    is_int(look(&s, &call, &rows), APR_EGENERAL, "a statement fails when there is no connection");
    ok(call.cause && !call.is_logged, "the first failure is not marked as logged: %s",
       call.cause ? call.cause : "(no cause)");
    ok(s.asked > 5 && s.asked < 10 && faults.clock_ms - since > 500 && faults.clock_ms - since <= 1000,
       "asked %d times, in %" APR_INT64_T_FMT " ms", s.asked, faults.clock_ms - since);

    s.asked = 0;
    since = faults.clock_ms;
    is_int(look(&s, &call, &rows), APR_EGENERAL, "the next statement fails");
    ok(call.cause && call.is_logged, "its failure is marked as logged: %s", call.cause ? call.cause : "(no cause)");
    ok(s.asked == 0 && faults.clock_ms == since, "it fails at once and asks for no connection");

    faults.clock_ms += 2000;
    since = faults.clock_ms;
    ok(look(&s, &call, &rows) == APR_EGENERAL && s.asked == 1 && faults.clock_ms == since,
       "two seconds later one statement asks, once and without waiting");
    ok(look(&s, &call, &rows) == APR_EGENERAL && s.asked == 1, "the next statement does not ask");

    faults.clock_ms += 2000;
    s.refuse = 0;
    ok(look(&s, &call, &rows) == APR_SUCCESS && !call.cause,
       "a statement succeeds when connections are available again");
    ok(look(&s, &call, &rows) == APR_SUCCESS && s.asked == 3, "the next statement succeeds too");
    s.refuse = 1;
    ok(look(&s, &call, &rows) == APR_SUCCESS, "a statement waits for a connection again");
    close_clean(&s);
}

static um_rows_t others_rows;
static um_store_call_t others_call;

/* Another statement asks while one tries. */
static void ask_too(site_t *s)
{
    s->on_ask = NULL;
    ok(look(s, &others_call, &others_rows) == APR_EGENERAL && others_call.is_logged && s->asked == 1,
       "while one statement tries, another is refused at once");
}

static void test_one_tries(void)
{
    um_store_call_t call;
    um_rows_t rows;
    site_t s;

    open_ready(&s);
    s.refuse = -1;
    look(&s, &call, &rows);
    s.refuse = s.asked = 0;
    faults.clock_ms += 2000;
    s.on_ask = ask_too;
    is_int(look(&s, &call, &rows), APR_SUCCESS, "the statement that tries succeeds");
    close_clean(&s);
}

static void test_patience(void)
{
    um_store_call_t call;
    um_rows_t rows;
    apr_int64_t since;
    site_t s;

    open_ready(&s);
    since = faults.clock_ms;
    s.refuse = 5;
    is_int(look(&s, &call, &rows), APR_SUCCESS, "a statement waits for a connection that is available soon");
    ok(s.asked == 6 && faults.clock_ms - since <= 600, "in %" APR_INT64_T_FMT " ms", faults.clock_ms - since);
    call = call_of(&s);
    s.refuse = 5;
    ok(um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(USER_ID), &rows) == APR_SUCCESS && rows.count == 0,
       "a writing statement waits too");
    s.refuse = -1;
    is_int(um_store_run(&call, UM_SQL_USER_DELETE, UM_VALUES(USER_ID), &rows), APR_EGENERAL,
           "a statement stops waiting in the end");
    close_clean(&s);
}

/* --- a connection that is lost --- */

static void test_mended(void)
{
    um_store_call_t call;
    um_rows_t rows;
    apr_int64_t since;
    site_t s;

    open_ready(&s);
    look(&s, &call, &rows);
    since = faults.clock_ms;
    faults_arm(FAULTS_LOST_BEFORE, 1);
    faults.deaf = 3;
    ok(look(&s, &call, &rows) == APR_SUCCESS && rows.again && faults.checks == 4,
       "a statement on a lost connection is sent again after a reconnect");
    ok(faults.clock_ms - since <= 500, "in %" APR_INT64_T_FMT " ms", faults.clock_ms - since);
    ok(look(&s, &call, &rows) == APR_SUCCESS && !rows.again, "the next statement is sent once");
    faults_arm(FAULTS_GONE, 1);
    since = faults.clock_ms;
    is_int(look(&s, &call, &rows), APR_EGENERAL, "a statement fails when the connection cannot be made again");
    ok(call.cause && !call.is_logged && rows.count == 0, "the failure has a cause: %s",
       call.cause ? call.cause : "(none)");
    ok(faults.clock_ms - since <= 1000, "in %" APR_INT64_T_FMT " ms", faults.clock_ms - since);
    s.asked = 0;
    ok(look(&s, &call, &rows) == APR_EGENERAL && call.is_logged && s.asked == 0,
       "the next statements are refused at once");
    faults_disarm();
    faults.clock_ms += 2000;
    is_int(look(&s, &call, &rows), APR_SUCCESS, "a statement succeeds when the connection is back");
    close_clean(&s);
}

/* Which statements are repeated, by the SQLSTATE. The server still has the prepared statements; to prepare one again
 * would cost it memory. */
static void test_refused(void)
{
    static const struct { const char *sqlstate; int repeated; } cases[] = {
        { FAULTS_CANCELED, 0 }, { "53100", 0 }, { "25P02", 0 }, { "XX000", 0 }, { FAULTS_SERIALIZATION, 1 },
        { FAULTS_DEADLOCK, 1 }, { "23503", 1 }, { "23505", 1 },
    };
    um_store_call_t call;
    um_rows_t rows;
    int named;
    site_t s;

    open_ready(&s);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    look(&s, &call, &rows);
    named = faults.named_count + 1;     /* and the insert */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        work_t work = { .pool = s.pool, .answer = APR_SUCCESS };
        apr_int64_t since = faults.clock_ms;
        apr_status_t rv;

        faults_arm(FAULTS_REFUSED, 1);
        faults.sqlstate = cases[i].sqlstate;
        rv = look(&s, &call, &rows);
        since = faults.clock_ms - since;
        ok(cases[i].repeated ? since >= 5 && since <= 10 : since == 0,
           "%s: %" APR_INT64_T_FMT " ms later, so that the other transaction goes first", cases[i].sqlstate, since);
        /* The first sending was not executed in any case. */
        ok(!rows.again && (cases[i].repeated ? rv == APR_SUCCESS && faults.calls == 2
                                             : rv == APR_EGENERAL && faults.calls == 1),
           "a statement that ends with %s is %s", cases[i].sqlstate, cases[i].repeated ? "repeated" : "sent once");
        for (int at = 1; at <= 3; at++) {
            site_do(&s, "delete from um_users");
            faults_arm(FAULTS_REFUSED, at);
            faults.sqlstate = cases[i].sqlstate;
            work.calls = 0;
            is_int(um_store_transaction(&call, insert_and_more, &work), cases[i].repeated ? APR_SUCCESS : APR_EGENERAL,
                   apr_psprintf(s.pool, "a transaction whose call %d ends so", at));
            is_text(site_ask(&s, COUNT), cases[i].repeated ? "1" : "0", "that many rows are stored");
        }
    }
    ok(faults.named_count == named, "a refused statement stays prepared on the server");
    faults_disarm();
    ok(look(&s, &call, &rows) == APR_SUCCESS && !rows.again && faults.named_count == named,
       "a refused statement is used again without preparing");
    close_clean(&s);
}

static int sleeps;

/* The next attempt ends in a conflict, too. */
static void conflict_again(void)
{
    sleeps++;
    faults_arm(FAULTS_REFUSED, 2);
    faults.sqlstate = FAULTS_SERIALIZATION;
}

static void test_conflicts(void)
{
    um_store_call_t call;
    work_t work = { .answer = APR_SUCCESS };
    site_t s;

    open_ready(&s);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    call = call_of(&s);
    work.pool = s.pool;
    (void)um_store_ready(&call);
    sleeps = -1;
    conflict_again();
    faults.on_sleep = conflict_again;
    is_int(um_store_transaction(&call, insert_and_more, &work), APR_EGENERAL, "conflicts without an end");
    faults.on_sleep = NULL;
    faults_disarm();
    is_int(work.calls, UM_STORE_TRIES, "the transaction is begun three times");
    is_int(sleeps, UM_STORE_TRIES - 1, "nothing is waited for after the last one");
    is_int(um_store_transaction(&call, insert_and_more, &work), APR_SUCCESS, "the connection is good");
    close_clean(&s);
}

/* Prepared statements are lost with a connection. The process stops using them when that happens again and again. */
static void test_kept(void)
{
    um_store_call_t call;
    um_rows_t rows;
    int healed = 0, named;
    site_t s;

    open_ready(&s);
    s.site.store = site_store(&s, UM_DIALECT_PGSQL);
    look(&s, &call, &rows);
    named = faults.named_count;
    ok(look(&s, &call, &rows) == APR_SUCCESS && named > 0 && faults.named_count == named,
       "a statement stays prepared on the server");
    for (int i = 0; i < 64; i++) {
        int calls = faults.calls;

        faults.resets++;
        healed += look(&s, &call, &rows) == APR_SUCCESS && !rows.again && faults.calls > calls + 2;
        calls = faults.calls;
        healed += look(&s, &call, &rows) == APR_SUCCESS && !rows.again && faults.calls == calls + 2;
    }
    is_int(healed, 2 * 64, "a statement that the server lost runs without a name, and is prepared again the next time");
    named = faults.named_count;
    faults.resets++;
    ok(look(&s, &call, &rows) == APR_SUCCESS && !rows.again && faults.named_count == named,
       "after 64 losses no statement is kept prepared");
    close_clean(&s);
}

/* No connection is released inside a transaction, and none is used that was acquired inside one. */
static void test_stuck(void)
{
    static const struct { int stuck, drops; const char *name; } cases[] = {
        { 0, 0, "ROLLBACK is done" }, { 1, 0, "ROLLBACK is canceled once" }, { 2, 0, "twice" },
        { 100, 1, "always: the connection is dropped" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        work_t work = { .answer = APR_SUCCESS };
        um_store_call_t call;
        um_store_conn_t conn;
        um_rows_t rows;
        site_t s;

        printf("# %s\n", cases[i].name);
        open_ready(&s);
        conn = (um_store_conn_t){ .db = s.conn };
        um_store_native_attach(&conn);
        s.site.store = site_store(&s, UM_DIALECT_PGSQL);
        look(&s, &call, &rows);
        work.pool = s.pool;
        faults_arm(FAULTS_REFUSED, 2);
        faults.stuck = cases[i].stuck;
        call = call_of(&s);
        is_int(um_store_transaction(&call, insert_and_more, &work), APR_EGENERAL,
               "a transaction with a refused statement fails");
        ok(faults.drops == cases[i].drops && um_store_native_state(&conn) != UM_NATIVE_OPEN,
           "no transaction is left open");
        faults.stuck = 0;
        ok(look(&s, &call, &rows) == APR_SUCCESS && rows.count == 0, "the next statement succeeds");

        ok(site_do(&s, "begin"), "another user of the connection leaves a transaction open");
        faults.stuck = cases[i].stuck;
        call = call_of(&s);
        is_int(um_store_transaction(&call, insert_and_more, &work), APR_SUCCESS, "a transaction on it succeeds");
        faults.stuck = 0;
        ok(site_do(&s, "begin") && site_do(&s, "rollback"), "no transaction is open after it");
        is_text(site_ask(&s, COUNT), "1", "the transaction was committed");
        close_clean(&s);
    }
}

int main(void)
{
    site_begin();
    test_ends();
    test_again();
    test_breaker();
    test_one_tries();
    test_patience();
    test_mended();
    test_refused();
    test_conflicts();
    test_stuck();
    test_kept();
    return site_end();
}
