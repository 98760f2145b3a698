/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_FAULTS_H
#define UM_FAULTS_H
/* A database that fails when a test wants it to. The functions below stand before APR's own of the same name in a test
 * program: each does the real call, or does not, or does it and loses the answer. And a clock that only sleeping moves,
 * so that waiting takes no time and can be measured. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <dlfcn.h>
#include <string.h>
#include <time.h>

#include "store.h"

typedef enum {
    FAULTS_NONE,
    FAULTS_REFUSED,        /**< the call fails, the connection stays good */
    FAULTS_LOST_BEFORE,    /**< the connection is lost before the call was done */
    FAULTS_LOST_AFTER,     /**< it is lost after that: done, but nobody is told */
    FAULTS_GONE            /**< lost, and not to be had again */
} faults_e;

#define FAULTS_NAMED 256
#define FAULTS_ERROR 7

static struct {
    faults_e kind;
    int at;                /* which call from now on it happens at, from 1 */
    int calls;
    int deaf;              /* how often a check fails before the lost connection is made good */
    int checks;
    int lost;
    int came;              /* it happened */
    int at_commit;         /* at a COMMIT */
    int resets;            /* connections made good so far */
    int prepares;
    int named_count;
    struct { apr_dbd_prepared_t *statement; int resets; } named[FAULTS_NAMED];
    apr_int64_t clock_ms;
    void (*on_sleep)(void); /* what others do meanwhile; NULL: nothing */
} faults;

/* One call from now on fails, the at-th; what comes after it depends on the kind. */
__attribute__((unused))
static void faults_arm(faults_e kind, int at)
{
    faults.kind = kind;
    faults.at = at;
    faults.calls = faults.checks = faults.deaf = faults.lost = faults.came = faults.at_commit = 0;
}

/* No more faults; a connection that is lost can be had again. */
__attribute__((unused))
static void faults_disarm(void)
{
    faults.kind = faults.lost ? FAULTS_LOST_BEFORE : FAULTS_NONE;
    faults.at = 0;
}

/* All is well, with no statement named on the server: for a new connection. */
__attribute__((unused))
static void faults_reset(void)
{
    faults_arm(FAULTS_NONE, 0);
    faults.resets = faults.prepares = faults.named_count = 0;
}

/* Whether the call is not to be done. */
static int faults_before(void)
{
    faults.calls++;
    if (!faults.lost && faults.kind != FAULTS_NONE && faults.calls == faults.at) {
        faults.came = 1;
        faults.lost = faults.kind != FAULTS_REFUSED;
        return faults.kind != FAULTS_LOST_AFTER;
    }
    return faults.lost;
}

static int faults_after(int rv)
{
    return faults.kind == FAULTS_LOST_AFTER && faults.lost && faults.calls == faults.at ? FAULTS_ERROR : rv;
}

/* static, so that it is looked up once. */
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

/* A store that takes this SQLite for PostgreSQL asks in that dialect: it is given the same statement in the other. */
static const char *faults_translate(const char *query)
{
    for (int i = 0; i < UM_SQL_COUNT; i++) {
        if (strcmp(query, um_statements_get(UM_DIALECT_PGSQL, (um_statement_e)i)->text) == 0) {
            return um_statements_get(UM_DIALECT_SQLITE3, (um_statement_e)i)->text;
        }
    }
    return query;
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
    rv = real(driver, pool, handle, faults_translate(query), label, statement);
    if (rv == 0 && label && faults.named_count < FAULTS_NAMED) {
        faults.named[faults.named_count].statement = *statement;
        faults.named[faults.named_count++].resets = faults.resets;
    }
    return faults_after(rv);
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
            return faults_after(FAULTS_ERROR);      /* a server does not know what it was told on a former connection */
        }
    }
    return faults_after(real(driver, pool, handle, res, statement, random, nargs, args));
}

/* Makes a lost connection good, and with it ends what transaction was open on it, as a server does. */
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
