/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite while another program keeps the database locked, or nobody may write to it: writers neither queue nor hold up
 * readers, nor do they use up memory. */
#include "faults.h"
#include "site.h"
#include "store_private.h"
#include "store_sql.h"

#define USER_ID "00000000-0000-7000-8000-000000000001"

/* The database is a file that another program has open too. */
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

/* A new process. */
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

static int told(const file_t *f, const char *what)
{
    return f->call.cause && strstr(f->call.cause, what);
}

static void test_locked(void)
{
    apr_int64_t since;
    file_t f;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer with nobody else there");
    ok(other_does(&f, "begin immediate"), "another program locks the database");
    ok(write_row(&f) == APR_EGENERAL && !f.call.is_logged && told(&f, "locked"), "a writer is told: %s",
       f.call.cause ? f.call.cause : "(no cause)");
    since = faults.clock_ms;
    ok(write_row(&f) == APR_EGENERAL && f.call.is_logged && faults.clock_ms == since, "the next one at once");
    ok(!f.s.asked && !f.locks, "without a connection, and without waiting for the lock");
    ok(read_row(&f) == APR_SUCCESS && faults.clock_ms == since, "reading goes on");
    faults.clock_ms += 300;
    ok(write_row(&f) == APR_EGENERAL && !f.call.is_logged, "a little later one tries again");
    ok(other_does(&f, "rollback"), "the other program is done");
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "and so does the next, who finds it free");
    is_int(write_row(&f), APR_SUCCESS, "for all");
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
    is_int(write_row(&f), APR_SUCCESS, "a writer");
    f.s.on_lock = find_locked;
    ok(write_row(&f) == APR_EGENERAL && f.call.is_logged && f.locks == 1 && !f.s.asked,
       "who waited behind one that found the database locked does not try as well");
    f.s.on_lock = note;
    is_int(read_row(&f), APR_SUCCESS, "reading goes on");
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "a little later it goes on");

    f.s.lock_status = APR_TIMEUP;
    ok(write_row(&f) == APR_EGENERAL && told(&f, "not free in time") && !f.call.is_logged && !f.s.asked,
       "who does not get the lock in time is told so, and held no connection");
    is_int(read_row(&f), APR_SUCCESS, "reading goes on");
    f.s.lock_status = APR_SUCCESS;
    is_int(write_row(&f), APR_SUCCESS, "so does the next writer, at once");
    close_file(&f);
}

/* Who was let through to find out, and did not get that far, lets others try. */
static void test_unfinished(void)
{
    file_t f;

    open_file(&f);
    is_int(write_row(&f), APR_SUCCESS, "a writer");
    um_breaker_down(&f.s.site.store->writers);
    faults.clock_ms += 300;
    f.s.lock_status = APR_TIMEUP;
    is_int(write_row(&f), APR_EGENERAL, "one tries and does not get the lock");
    f.s.lock_status = APR_SUCCESS;
    faults.clock_ms += 300;
    f.s.refuse = -1;
    is_int(write_row(&f), APR_EGENERAL, "another no connection");
    f.s.refuse = 0;
    faults.clock_ms += 300;
    is_int(write_row(&f), APR_SUCCESS, "the third does");
    close_file(&f);
}

static void test_fresh(void)
{
    file_t f;

    open_file(&f);
    ok(read_row(&f) == APR_SUCCESS && f.locks > 0 && f.in_use == 0,
       "to make a new database ready takes the lock, with no connection in hand");
    is_text(site_ask(&f.s, "pragma journal_mode"), "wal", "and it is");
    start_anew(&f);
    ok(other_does(&f, "begin immediate"), "another program locks the database");
    ok(read_row(&f) == APR_SUCCESS && f.locks == 0, "a fresh connection to one that is ready needs no lock");
    ok(other_does(&f, "rollback"), "the other program is done");
    start_anew(&f);
    f.s.lock_status = APR_EGENERAL;
    is_int(write_row(&f), APR_EGENERAL, "a lock that is no good");
    ok(!f.call.is_logged && told(&f, "could not be taken"), "has a cause: %s",
       f.call.cause ? f.call.cause : "(none)");
    close_file(&f);
}

static site_t *looked_at;
static apr_dbd_t *looker;

/* Somebody who looks at the new database, and is done when this one has slept once. */
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
    is_int(read_row(&f), APR_SUCCESS, "a new database at which others look meanwhile is made ready");
    is_text(site_ask(&f.s, "pragma journal_mode"), "wal", "as it should be");
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
    is_int(write_row(&f), APR_SUCCESS, "a writer");
    apr_dbd_close(f.s.conn.driver, f.s.conn.handle);
    name = f.name;
    f.name = apr_pstrcat(f.s.pool, "file:", name, "?mode=ro", NULL);
    f.s.conn.handle = open_database(&f);
    f.name = name;
    start_anew(&f);
    is_int(read_row(&f), APR_SUCCESS, "a connection of when the file was read-only reads");
    is_int(write_row(&f), APR_EGENERAL, "and does not write");
    ok(told(&f, "readonly") && !f.call.is_logged, "with a cause: %s", f.call.cause ? f.call.cause : "(none)");
    prepares = faults.prepares;
    for (int i = 0; i < 5; i++) {
        (void)write_row(&f);
    }
    is_int(faults.prepares, prepares, "however often, at no cost in memory");
    is_int(read_row(&f), APR_SUCCESS, "and still reads");
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
