/* SPDX-License-Identifier: Apache-2.0 */
#include "store_rekey.h"

#include "email.h"
#include "idna.h"
#include "json.h"
#include "monotonic.h"
#include "store_private.h"
#include "store_sql.h"
#include "unicode.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

/* The id after which the first page begins, and the rows of a page (as in the statements' texts). */
#define FIRST_ID "00000000-0000-0000-0000-000000000000"
#define PAGE 2000

/* The rows that um_store_rekey_some makes. */
#define SOME 2000

/* What a transaction should take, and the least of its rows, which is also what the first one has. Others wait for its
 * rows, and on SQLite they wait for the whole transaction. */
#define GOAL_MS 100
#define LEAST_COUNT 500

/* SQLite's driver tries every 100 ms to get the lock. The pause after each transaction is longer, so that writers of
 * other processes get it at their second or third try. */
#define PAUSE_MS 120

/* How often a transaction is tried, and after how long again. */
#define TRIES 20
#define RETRY_MS 250

#define PROGRESS_MS 10000

/* The rows of a transaction are spread over the indexes, whose pages have room in the cache then. What is copied from
 * the log into the file is copied between transactions, when others can write. The settings end with the program. */
static const char settings[] = "pragma cache_size = -32768; pragma wal_autocheckpoint = 0";
static const char checkpoint[] = "pragma wal_checkpoint";

typedef struct rekey_t {
    um_store_call_t call;      /* its pool is that of a page */
    int is_patient;            /* waits for others, and makes all */
    int count;                 /* the rows of the next transaction */
    int made;
    apr_int64_t reported_at;   /* um_monotonic_ms of the last report of progress */
    um_store_rekey_progress_fn *progress;
    void *baton;
} rekey_t;

/* Rows of a page whose keys are made in one transaction. The columns are the id, and what the keys are made of. */
typedef struct slice_t {
    const char *const *const *row;
    int count;
} slice_t;

/* Whether the old key was the key of no other domain than the one that mail goes to. */
static int is_same_domain(apr_pool_t *pool, const char *old_key, const char *new_key)
{
    const char *at = strrchr(old_key, '@'), *ascii;

    return at && um_idna_ascii(pool, at + 1, &ascii) == APR_SUCCESS && strcmp(ascii, strrchr(new_key, '@') + 1) == 0;
}

static apr_status_t make_address_key(um_tx_t *tx, const char *const *row)
{
    apr_pool_t *pool = tx->call->pool;
    const char *email = um_email_normalize(pool, row[1]), *key = um_email_key(pool, row[1]);
    um_rows_t rows;

    if (!email || !key || !strchr(key, '@')) {
        return APR_SUCCESS;
    }
    return um_store_tx_run(tx, UM_SQL_USER_REKEY,
                           UM_VALUES(email, key, key, key, is_same_domain(pool, row[2], key) ? "1" : "0", row[0],
                                     row[1], row[2]), &rows);
}

static apr_status_t make_address_keys(um_tx_t *tx, void *baton)
{
    const slice_t *slice = baton;
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < slice->count; i++) {
        rv = make_address_key(tx, slice->row[i]);
    }
    return rv;
}

/* A name that has no key cannot be searched for. */
static const char *searched_key(apr_pool_t *pool, const char *name)
{
    const char *key;

    return um_unicode_key(pool, name, &key) == APR_SUCCESS ? key : "";
}

/* All in one statement: on PostgreSQL one for each row takes eight times as long. */
static apr_status_t make_name_keys(um_tx_t *tx, void *baton)
{
    const slice_t *slice = baton;
    apr_pool_t *pool = tx->call->pool;
    um_json_writer_t *list = um_json_writer(pool);
    um_rows_t rows;

    um_json_write_begin(list, '[');
    for (int i = 0; i < slice->count; i++) {
        const char *const *row = slice->row[i];

        um_json_write_begin(list, '[');
        for (int k = 0; k < 3; k++) {
            um_json_write_text(list, row[k]);
        }
        um_json_write_text(list, searched_key(pool, row[1]));
        um_json_write_text(list, searched_key(pool, row[2]));
        um_json_write_end(list, ']');
    }
    um_json_write_end(list, ']');
    return um_store_tx_run(tx, UM_SQL_USERS_NAME_KEYS, UM_VALUES(um_json_written(list)), &rows);
}

/* The number of rows with which the next transaction takes what it should. */
static int next_count(int count, apr_int64_t took)
{
    apr_int64_t next = count * GOAL_MS / (took + 1);

    next = next > 2 * count ? 2 * count : next < count / 2 ? count / 2 : next;
    return next > PAGE ? PAGE : next < LEAST_COUNT ? LEAST_COUNT : (int)next;
}

/* One transaction. It can be repeated after a loss at COMMIT: rows that have their keys are left out. */
static apr_status_t make_slice(rekey_t *rekey, um_store_tx_fn *make, slice_t *slice)
{
    apr_status_t rv = APR_EGENERAL;
    apr_int64_t began = 0, took;

    for (int i = 0; i < (rekey->is_patient ? TRIES : 1) && rv != APR_SUCCESS; i++) {
        if (i) {
            apr_sleep(apr_time_from_msec(RETRY_MS));
        }
        began = um_monotonic_ms();
        rv = um_store_tx_do(&rekey->call, make, slice);
    }
    took = um_monotonic_ms() - began;
    if (slice->count == rekey->count || took > GOAL_MS) {
        rekey->count = next_count(slice->count, took);
    }
    rekey->made += slice->count;
    return rv;
}

static int is_program_on_sqlite(const rekey_t *rekey)
{
    return rekey->is_patient && um_store_dialect(rekey->call.store) == UM_DIALECT_SQLITE3;
}

/* Lets others write, and reports the progress. Within httpd writers of all processes take turns by a lock. */
static void pause_after(rekey_t *rekey)
{
    apr_int64_t now = um_monotonic_ms();

    if (is_program_on_sqlite(rekey)) {
        (void)um_store_tx_text_alone(&rekey->call, checkpoint);
        apr_sleep(apr_time_from_msec(PAUSE_MS));
    }
    if (rekey->progress && now - rekey->reported_at > PROGRESS_MS) {
        rekey->reported_at = now;
        rekey->progress(rekey->baton, rekey->made);
    }
}

static apr_status_t make_page(rekey_t *rekey, um_store_tx_fn *make, const um_rows_t *rows)
{
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; rv == APR_SUCCESS && i < rows->count; pause_after(rekey)) {
        slice_t slice = { rows->row + i, rows->count - i < rekey->count ? rows->count - i : rekey->count };

        rv = make_slice(rekey, make, &slice);
        i += slice.count;
    }
    return rv;
}

/* Makes the keys of the rows that a statement finds, page by page, each in memory that the next one uses again: there
 * may be millions of rows. */
static apr_status_t make_all(rekey_t *rekey, um_statement_e id, um_store_tx_fn *make)
{
    char behind[sizeof(FIRST_ID)] = FIRST_ID;
    apr_status_t rv = APR_SUCCESS;
    um_rows_t rows = { .count = PAGE };

    while (rv == APR_SUCCESS && rows.count == PAGE && (rekey->is_patient || rekey->made < SOME)) {
        apr_pool_clear(rekey->call.pool);
        rv = um_store_sql_alone(&rekey->call, id, UM_VALUES(behind), &rows);
        if (rv == APR_SUCCESS && rows.count) {
            apr_cpystrn(behind, rows.row[rows.count - 1][0], sizeof(behind));
            rv = make_page(rekey, make, &rows);
        }
    }
    return rv;
}

static apr_status_t make_keys(um_store_call_t *call, rekey_t *rekey)
{
    apr_status_t rv = apr_pool_create(&rekey->call.pool, call->pool);

    if (rv != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    rekey->count = LEAST_COUNT;
    rekey->reported_at = um_monotonic_ms();
    if (is_program_on_sqlite(rekey)) {
        (void)um_store_tx_text_alone(&rekey->call, settings);
    }
    rv = make_all(rekey, UM_SQL_USERS_OLD_KEY, make_address_keys);
    if (rv == APR_SUCCESS) {
        rv = make_all(rekey, UM_SQL_USERS_NO_NAME_KEY, make_name_keys);
    }
    call->cause = rv != APR_SUCCESS && rekey->call.cause ? apr_pstrdup(call->pool, rekey->call.cause) : NULL;
    apr_pool_destroy(rekey->call.pool);
    return rv == APR_SUCCESS ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t um_store_rekey(um_store_call_t *call, um_store_rekey_progress_fn *progress, void *baton)
{
    rekey_t all = { .call = *call, .is_patient = 1, .progress = progress, .baton = baton };

    return make_keys(call, &all);
}

apr_status_t um_store_rekey_some(um_store_call_t *call)
{
    rekey_t some = { .call = *call };

    return make_keys(call, &some);
}
