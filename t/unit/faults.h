/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FAULTS_H
#define UM_FAULTS_H
/* A database that fails when a test wants it to. In a test program the functions below replace APR's own of the same
 * name: each makes the real call, or does not, or makes it and loses the answer. The clock moves only by sleeping, so
 * that waiting takes no time and can be measured. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <dlfcn.h>
#include <string.h>
#include <time.h>

#include "call_timeout.h"
#include "store_private.h"
#include "store_sql.h"
#include "user_columns.h"

typedef enum {
    FAULTS_NONE,
    FAULTS_REFUSED,        /**< the call fails with faults.sqlstate, the connection stays good */
    FAULTS_LOST_BEFORE,    /**< the connection is lost before the call was done */
    FAULTS_LOST_AFTER,     /**< the connection is lost after the call was done: its answer is lost */
    FAULTS_GONE            /**< the connection is lost and cannot be made again */
} faults_e;

#define FAULTS_NAMED 256
#define FAULTS_ERROR 7
/* SQLSTATEs: repeated, repeated without the prepared statement, and not repeated. */
#define FAULTS_SERIALIZATION "40001"
#define FAULTS_DEADLOCK "40P01"
#define FAULTS_UNKNOWN_STATEMENT "26000"
#define FAULTS_CANCELED "57014"

static struct {
    faults_e kind;
    int at;                /* the number of the call that fails, counted from now, from 1 */
    int calls;
    int deaf;              /* how many checks fail before the lost connection works again */
    int checks;
    int lost;
    int came;              /* the failure has happened */
    int at_commit;         /* it happened at a COMMIT */
    const char *sqlstate;  /* of a refused call; NULL: FAULTS_CANCELED */
    const char *says;      /* the error text of the last failed call; NULL: the driver's own */
    int drops;             /* connections that were dropped */
    int stuck;             /* how many of the next ROLLBACKs are refused */
    int resets;            /* reconnects so far */
    int prepares;
    int named_count;
    struct { apr_dbd_prepared_t *statement; int resets; } named[FAULTS_NAMED];
    apr_int64_t clock_ms;
    void (*on_sleep)(void); /* what another thread does meanwhile; NULL: nothing */
} faults;

/* Makes the at-th call from now fail. What the later calls do depends on the kind. */
__attribute__((unused))
static void faults_arm(faults_e kind, int at)
{
    faults.kind = kind;
    faults.at = at;
    faults.calls = faults.checks = faults.deaf = faults.lost = faults.came = faults.at_commit = 0;
    faults.stuck = faults.drops = 0;
    faults.says = faults.sqlstate = NULL;
}

/* No more faults. A lost connection can be made again. */
__attribute__((unused))
static void faults_disarm(void)
{
    faults.kind = faults.lost ? FAULTS_LOST_BEFORE : FAULTS_NONE;
    faults.at = 0;
}

/* No faults, and no statement prepared on the server: for a new connection. */
__attribute__((unused))
static void faults_reset(void)
{
    faults_arm(FAULTS_NONE, 0);
    faults.resets = faults.prepares = faults.named_count = 0;
}

static const char *faults_text(const char *sqlstate)
{
    static char text[64];

    apr_snprintf(text, sizeof(text), "ERROR:  %s: made by the test", sqlstate);
    return text;
}

/* Whether the call must not be made. */
static int faults_before(void)
{
    faults.calls++;
    faults.says = NULL;
    if (!faults.lost && faults.kind != FAULTS_NONE && faults.calls == faults.at) {
        faults.came = 1;
        faults.lost = faults.kind != FAULTS_REFUSED;
        faults.says = faults.lost ? "lost" : faults_text(faults.sqlstate ? faults.sqlstate : FAULTS_CANCELED);
        return faults.kind != FAULTS_LOST_AFTER;
    }
    return faults.lost;
}

static int faults_after(int rv)
{
    return faults.kind == FAULTS_LOST_AFTER && faults.lost && faults.calls == faults.at ? FAULTS_ERROR : rv;
}

/* The variable is static, so that the function is looked up once. */
#define FAULTS_REAL(name) \
    static __typeof__(&name) real; \
    if (!real) { \
        void *found = dlsym(RTLD_NEXT, #name); \
        memcpy(&real, &found, sizeof(real)); \
    }

int apr_dbd_query(const apr_dbd_driver_t *driver, apr_dbd_t *handle, int *nrows, const char *statement)
{
    FAULTS_REAL(apr_dbd_query);
    faults.at_commit |= faults.calls + 1 == faults.at && strcmp(statement, "COMMIT") == 0;
    if (strncmp(statement, "set local ", 10) == 0) {
        return faults_before() ? FAULTS_ERROR : faults_after(0);    /* SQLite has no such thing */
    }
    if (strcmp(statement, "ROLLBACK") == 0 && faults.stuck && !faults.lost) {
        faults.stuck--;
        faults.says = faults_text(FAULTS_CANCELED);
        return FAULTS_ERROR;
    }
    return faults_before() ? FAULTS_ERROR : faults_after(real(driver, handle, nrows, statement));
}

int apr_dbd_select(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, apr_dbd_results_t **res,
                   const char *statement, int random)
{
    FAULTS_REAL(apr_dbd_select);
    if (strcmp(statement, "select pg_backend_pid()") == 0) {
        statement = apr_psprintf(pool, "select %d", 1000 + faults.resets);
    }
    return faults_before() ? FAULTS_ERROR : faults_after(real(driver, pool, handle, res, statement, random));
}

/* A store that takes this SQLite for PostgreSQL asks in that dialect. It gets the statement in SQLite's. */
static const char *faults_translate(const char *query)
{
    for (int i = 0; i < UM_SQL_COUNT; i++) {
        if (strcmp(query, um_store_sql_statement(UM_DIALECT_PGSQL, (um_statement_e)i)->text) == 0) {
            return um_store_sql_statement(UM_DIALECT_SQLITE3, (um_statement_e)i)->text;
        }
    }
    return query;
}

/* The statement that SQLite lacks is prepared as the first of the three statements that replace it. */
static apr_dbd_prepared_t *faults_registration;

static int faults_is_registration(const char *query)
{
    return strcmp(query, um_store_sql_statement(UM_DIALECT_PGSQL, UM_SQL_REGISTRATION)->text) == 0;
}

int apr_dbd_prepare(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, const char *query,
                    const char *label, apr_dbd_prepared_t **statement)
{
    int rv;

    FAULTS_REAL(apr_dbd_prepare);
    if (faults_before()) {
        return FAULTS_ERROR;
    }
    faults.prepares++;
    if (faults_is_registration(query)) {
        query = um_store_sql_statement(UM_DIALECT_SQLITE3, UM_SQL_USER_INSERT)->text;
        rv = real(driver, pool, handle, query, label, statement);
        faults_registration = *statement;
    }
    else {
        rv = real(driver, pool, handle, faults_translate(query), label, statement);
    }
    if (rv == 0 && label && faults.named_count < FAULTS_NAMED) {
        faults.named[faults.named_count].statement = *statement;
        faults.named[faults.named_count++].resets = faults.resets;
    }
    return faults_after(rv);
}

typedef int faults_pselect_fn(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle,
                              apr_dbd_results_t **res, apr_dbd_prepared_t *statement, int random, int nargs,
                              const char **args);

/* Executes a statement; returns how many rows it gave. */
static int faults_insert(faults_pselect_fn *run, const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle,
                         apr_dbd_prepared_t *statement, int nargs, const char **args)
{
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;
    int count = 0;

    if (run(driver, pool, handle, &res, statement, 1, nargs, args) == 0) {
        while (apr_dbd_get_row(driver, pool, res, &row, -1) == 0) {
            count++;
        }
    }
    return count;
}

/* Does what PostgreSQL does for the statement of a registration: inserts all rows or none. */
static int faults_register(faults_pselect_fn *run, const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle,
                           apr_dbd_results_t **res, const char **args)
{
    static const struct { um_statement_e id; int from, id_at, count; } others[] = {
        { UM_SQL_SESSION_INSERT, UM_STORE_USER_VALUES, UM_STORE_USER_VALUES + 8, 8 },
        { UM_SQL_MAIL_INSERT, UM_STORE_USER_VALUES + 9, UM_STORE_USER_VALUES + 19, 10 },
    };
    static __typeof__(&apr_dbd_prepare) prepare;
    static __typeof__(&apr_dbd_query) query;
    static __typeof__(&apr_dbd_select) ask;
    void *found[3] = { dlsym(RTLD_NEXT, "apr_dbd_prepare"), dlsym(RTLD_NEXT, "apr_dbd_query"),
                       dlsym(RTLD_NEXT, "apr_dbd_select") };
    int done, changed;

    memcpy(&prepare, &found[0], sizeof(prepare));
    memcpy(&query, &found[1], sizeof(query));
    memcpy(&ask, &found[2], sizeof(ask));
    (void)query(driver, handle, &changed, "begin");
    done = faults_insert(run, driver, pool, handle, faults_registration, UM_STORE_USER_VALUES, args);
    for (int i = 0; done && i < 2; i++) {
        const char *values[10];
        apr_dbd_prepared_t *statement = NULL;

        memcpy(values, args + others[i].from, (size_t)others[i].count * sizeof(*values));
        if (others[i].id == UM_SQL_SESSION_INSERT) {
            values[8] = args[UM_USER_VALUE_AT_id];
            values[9] = args[UM_USER_VALUE_AT_version];
        }
        if (args[others[i].id_at]) {
            done = prepare(driver, pool, handle, um_store_sql_statement(UM_DIALECT_SQLITE3, others[i].id)->text, NULL,
                           &statement) == 0 && faults_insert(run, driver, pool, handle, statement, 10, values);
        }
    }
    (void)query(driver, handle, &changed, done ? "commit" : "rollback");
    return ask(driver, pool, handle, res, done ? "select 1" : "select 1 where 0", 1);
}

int apr_dbd_pselect(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle, apr_dbd_results_t **res,
                    apr_dbd_prepared_t *statement, int random, int nargs, const char **args)
{
    FAULTS_REAL(apr_dbd_pselect);
    if (faults_before()) {
        return FAULTS_ERROR;
    }
    for (int i = 0; i < faults.named_count; i++) {
        if (faults.named[i].statement == statement && faults.named[i].resets != faults.resets) {
            faults.says = faults_text(FAULTS_UNKNOWN_STATEMENT);
            return faults_after(FAULTS_ERROR);      /* a server does not have the statements of a former connection */
        }
    }
    if (statement == faults_registration && nargs > UM_STORE_USER_VALUES) {
        return faults_after(faults_register(real, driver, pool, handle, res, args));
    }
    return faults_after(real(driver, pool, handle, res, statement, random, nargs, args));
}

const char *apr_dbd_error(const apr_dbd_driver_t *driver, apr_dbd_t *handle, int errnum)
{
    FAULTS_REAL(apr_dbd_error);
    return faults.says ? faults.says : real(driver, handle, errnum);
}

/* Replaces store_native.c: the connection is SQLite's, and may be lost like one of PostgreSQL. */
struct um_native_t {
    int (*autocommit)(void *);
};

int um_store_native_attach(um_store_conn_t *conn)
{
    static um_native_t native;
    Dl_info driver;
    void *object = dladdr(conn->db.driver, &driver) ? dlopen(driver.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    void *found = dlsym(object ? object : RTLD_DEFAULT, "sqlite3_get_autocommit");

    memcpy(&native.autocommit, &found, sizeof(found));
    conn->native = &native;
    return found != NULL;
}

um_native_state_e um_store_native_state(const um_store_conn_t *conn)
{
    if (faults.lost) {
        return UM_NATIVE_LOST;
    }
    return conn->native->autocommit(apr_dbd_native_handle(conn->db.driver, conn->db.handle)) ? UM_NATIVE_IDLE
           : UM_NATIVE_OPEN;
}

const um_call_timeout_socket_t *um_store_native_socket(const um_store_conn_t *conn)
{
    (void)conn;
    return NULL;
}

/* As in store_native.c. */
const char *um_store_native_sqlstate(const char *text)
{
    const char *state = text ? strstr(text, ":  ") : NULL;

    return state && strspn(state + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && state[8] == ':' ? state + 3
           : NULL;
}

int um_store_native_is_demoted(const um_store_conn_t *conn)
{
    (void)conn;
    return 0;
}

void um_store_native_drop(const um_store_conn_t *conn)
{
    (void)conn;
    if (faults.says && !faults.lost) {  /* errors that SQLite itself reports do not count here */
        faults.drops++;
        faults.lost = 1;
        faults.kind = FAULTS_LOST_BEFORE;
        faults.at = 0;
    }
}

/* Makes a lost connection again. Its open transaction is rolled back, as a server does. */
int apr_dbd_check_conn(const apr_dbd_driver_t *driver, apr_pool_t *pool, apr_dbd_t *handle)
{
    int changed;

    FAULTS_REAL(apr_dbd_check_conn);
    faults.checks++;
    if (faults.lost && (faults.kind == FAULTS_GONE || faults.checks <= faults.deaf)) {
        return APR_EGENERAL;
    }
    if (faults.lost) {
        faults.lost = 0;
        faults.kind = FAULTS_NONE;
        faults.resets++;
        (void)apr_dbd_query(driver, handle, &changed, "rollback");
    }
    return real(driver, pool, handle);
}

void apr_sleep(apr_interval_time_t t)
{
    faults.clock_ms += t / 1000;
    if (faults.on_sleep) {
        faults.on_sleep();
    }
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    (void)id;
    now->tv_sec = 1000 + faults.clock_ms / 1000;
    now->tv_nsec = faults.clock_ms % 1000 * 1000000;
    return 0;
}
#endif
