/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite while another program keeps the database locked, or while the file is read-only: writers do not queue, do not
 * delay readers, and do not use up memory. */
#include "faults.h"
#include "site.h"
#include "store_private.h"
#include "store_sql.h"

#define USER_ID "00000000-0000-7000-8000-000000000001"

/* A database in a file that another program has open as well. */
typedef struct file_t {
    site_t s;
    const char *name;
    apr_dbd_t *other;
    um_store_call_t call;
    um_rows_t rows;
    int locks;             /* how often the write lock was asked for */
    int in_use;            /* connections that were in use when it was */
} file_t;

static apr_dbd_t *open_database(const file_t *f)
{
    const char *why = NULL;
    apr_dbd_t *handle = NULL;

    if (apr_dbd_open_ex(f->s.conn.driver, f->s.pool, f->name, &handle, &why) != APR_SUCCESS) {
        printf("Bail out! %s: %s\n", f->name, why ? why : "?");
        exit(1);
    }
    return handle;
}

static void note(site_t *s)
{
    file_t *f = (file_t *)s;

    f->locks++;
    f->in_use += s->in_use;
}

/* Starts a new process. */
static void start_anew(file_t *f)
{
    f->s.site.store = site_store(&f->s, UM_DIALECT_SQLITE3);
    f->locks = f->in_use = f->s.asked = 0;
}

static void open_file(file_t *f)
{
    memset(f, 0, sizeof(*f));
    faults_reset();
    site_open(&f->s);
    f->s.on_lock = note;
    f->name = site_file("accounts.db");
    apr_dbd_close(f->s.conn.driver, f->s.conn.handle);
    f->s.conn.handle = open_database(f);
    f->other = open_database(f);
    start_anew(f);
}

static void close_file(file_t *f)
{
    static const char *const ends[] = { "", "-wal", "-shm" };

    ok(!f->s.misused && !f->s.in_use && !f->s.locked, "one connection and one lock at a time, all released");
    apr_dbd_close(f->s.conn.driver, f->other);
    site_close(&f->s);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        unlink(apr_pstrcat(site_root, f->name, ends[i], NULL));
    }
}

static int other_does(file_t *f, const char *sql)
{
    int changed;

    return apr_dbd_query(f->s.conn.driver, f->other, &changed, sql) == 0;
}

static apr_status_t read_row(file_t *f)
{
    f->call = (um_store_call_t){ .store = f->s.site.store, .pool = f->s.pool };
    f->s.asked = f->locks = 0;
    return um_store_run(&f->call, UM_SQL_USER_BY_KEY, UM_VALUES("alice"), &f->rows);
}

static apr_status_t write_row(file_t *f)
{
    f->call = (um_store_call_t){ .store = f->s.site.store, .pool = f->s.pool };
    f->s.asked = f->locks = 0;
    return um_store_run(&f->call, UM_SQL_USER_DELETE, UM_VALUES(USER_ID), &f->rows);
}

static int has_cause(const file_t *f, const char *what)
{
    return f->call.cause && strstr(f->call.cause, what);
}

static void test_locked(void)
{
    apr_int64_t since;
    file_t f;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer succeeds when no other program is there");
    ok(other_does(&f, "begin immediate"), "another program locks the database");
    ok(write_row(&f) == APR_EGENERAL && !f.call.is_logged && has_cause(&f, "locked"), "a writer fails with a cause: %s",
       f.call.cause ? f.call.cause : "(no cause)");
    since = faults.clock_ms;
    ok(write_row(&f) == APR_EGENERAL && f.call.is_logged && faults.clock_ms == since, "the next writer fails at once");
    ok(!f.s.asked && !f.locks, "it acquires no connection and does not wait for the lock");
    ok(read_row(&f) == APR_SUCCESS && faults.clock_ms == since, "readers are not delayed");
    faults.clock_ms += 300;
    ok(write_row(&f) == APR_EGENERAL && !f.call.is_logged, "a little later one writer tries again");
    ok(other_does(&f, "rollback"), "the other program releases the lock");
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "the next writer succeeds");
    is_int(write_row(&f), APR_SUCCESS, "the writer after it succeeds too");
    close_file(&f);
}

/* While this one waits for the lock, its holder finds the database locked. */
static void find_locked(site_t *s)
{
    note(s);
    um_breaker_down(&s->site.store->writers);
}

static void test_waiting(void)
{
    file_t f;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer succeeds");
    f.s.on_lock = find_locked;
    ok(write_row(&f) == APR_EGENERAL && f.call.is_logged && f.locks == 1 && !f.s.asked,
       "a writer that waited behind one that found the database locked does not try");
    f.s.on_lock = note;
    is_int(read_row(&f), APR_SUCCESS, "a reader succeeds");
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "a little later a writer succeeds");

    f.s.lock_status = APR_TIMEUP;
    ok(write_row(&f) == APR_EGENERAL && has_cause(&f, "not free in time") && !f.call.is_logged && !f.s.asked,
       "a writer that does not get the lock in time fails with that cause, and held no connection");
    is_int(read_row(&f), APR_SUCCESS, "a reader succeeds");
    f.s.lock_status = APR_SUCCESS;
    is_int(write_row(&f), APR_SUCCESS, "the next writer succeeds at once");
    close_file(&f);
}

/* A writer that was let through to try, and did not get so far, lets others try. */
static void test_unfinished(void)
{
    file_t f;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer succeeds");
    um_breaker_down(&f.s.site.store->writers);
    faults.clock_ms += 300;
    f.s.lock_status = APR_TIMEUP;
    is_int(write_row(&f), APR_EGENERAL, "one writer tries and does not get the lock");
    f.s.lock_status = APR_SUCCESS;
    faults.clock_ms += 300;
    f.s.refuse = -1;
    is_int(write_row(&f), APR_EGENERAL, "another writer gets no connection");
    f.s.refuse = 0;
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "the third writer succeeds");
    close_file(&f);
}

static void test_fresh(void)
{
    file_t f;

    open_file(&f);
    ok(read_row(&f) == APR_SUCCESS && f.locks > 0 && f.in_use == 0,
       "switching a new database to WAL takes the lock, while no connection is held");
    is_text(site_ask(&f.s, "pragma journal_mode"), "wal", "the database is in WAL then");
    start_anew(&f);
    ok(other_does(&f, "begin immediate"), "another program locks the database");
    ok(read_row(&f) == APR_SUCCESS && f.locks == 0, "a new process needs no lock for a database in WAL");
    ok(other_does(&f, "rollback"), "the other program releases the lock");
    start_anew(&f);
    f.s.lock_status = APR_EGENERAL;
    is_int(write_row(&f), APR_EGENERAL, "a writer fails when the lock cannot be taken");
    ok(!f.call.is_logged && has_cause(&f, "could not be taken"), "the failure has a cause: %s",
       f.call.cause ? f.call.cause : "(none)");
    close_file(&f);
}

static site_t *looked_at;
static apr_dbd_t *looker;

/* Another program reads the new database, until this one has slept once. */
static void look_once(site_t *s)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int changed;

    note(s);
    s->on_lock = note;
    (void)apr_dbd_query(s->conn.driver, looker, &changed, "begin");
    (void)apr_dbd_select(s->conn.driver, s->pool, looker, &results, "select count(*) from sqlite_master", 1);
    while (apr_dbd_get_row(s->conn.driver, s->pool, results, &row, -1) == 0) {
        continue;
    }
    looked_at = s;
}

static void stop_looking(void)
{
    int changed;

    if (looked_at) {
        (void)apr_dbd_query(looked_at->conn.driver, looker, &changed, "rollback");
        looked_at = NULL;
    }
}

static void test_looked_at(void)
{
    file_t f;

    open_file(&f);
    looker = f.other;
    f.s.on_lock = look_once;
    faults.on_sleep = stop_looking;
    is_int(read_row(&f), APR_SUCCESS, "a new database that another program reads meanwhile is switched to WAL");
    is_text(site_ask(&f.s, "pragma journal_mode"), "wal", "the database is in WAL after that");
    faults.on_sleep = NULL;
    stop_looking();
    close_file(&f);
}

static void test_read_only(void)
{
    const char *name;
    file_t f;
    int prepares;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer succeeds");
    apr_dbd_close(f.s.conn.driver, f.s.conn.handle);
    name = f.name;
    f.name = apr_pstrcat(f.s.pool, "file:", name, "?mode=ro", NULL);
    f.s.conn.handle = open_database(&f);
    f.name = name;
    start_anew(&f);
    is_int(read_row(&f), APR_SUCCESS, "a connection that was opened while the file was read-only reads");
    is_int(write_row(&f), APR_EGENERAL, "such a connection does not write");
    ok(has_cause(&f, "readonly") && !f.call.is_logged, "the failure to write has a cause: %s",
       f.call.cause ? f.call.cause : "(none)");
    prepares = faults.prepares;
    for (int i = 0; i < 5; i++) {
        (void)write_row(&f);
    }
    is_int(faults.prepares, prepares, "repeated failures prepare nothing again, which would cost memory");
    is_int(read_row(&f), APR_SUCCESS, "the connection still reads");
    close_file(&f);
}

int main(void)
{
    site_begin();
    test_locked();
    test_waiting();
    test_unfinished();
    test_fresh();
    test_looked_at();
    test_read_only();
    return site_end();
}
