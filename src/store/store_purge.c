/* SPDX-License-Identifier: Apache-2.0 */
#include "store_purge.h"

#include "store_mail.h"
#include "store_sql.h"

#include <apr_tables.h>

/* One of the statements of a transaction. */
typedef struct step_t {
    um_statement_e id;
    const char *const *values;
    int count;
    um_rows_t rows;
} step_t;

typedef struct steps_t {
    step_t *first;
    int count;
} steps_t;

static apr_status_t run_steps(um_tx_t *tx, void *baton)
{
    steps_t *steps = baton;
    apr_status_t rv = um_store_mail_begin(tx);

    for (int i = 0; rv == APR_SUCCESS && i < steps->count; i++) {
        step_t *step = &steps->first[i];

        rv = um_store_tx_run(tx, step->id, step->values, step->count, &step->rows);
    }
    return rv;
}

/* *most: the largest number of rows of one step. */
static apr_status_t run(um_store_call_t *call, step_t *first, int count, int *most)
{
    steps_t steps = { first, count };
    apr_status_t rv = um_store_transaction(call, run_steps, &steps);

    *most = 0;
    for (int i = 0; i < count; i++) {
        *most = first[i].rows.count > *most ? first[i].rows.count : *most;
    }
    /* Whether it was done does not matter: rows that are left are found the next time. */
    return rv == UM_STORE_UNKNOWN ? APR_SUCCESS : rv;
}

apr_status_t um_store_purge(um_store_call_t *call, const um_store_purge_t *before, int most, int *more)
{
    const char *limit = um_store_number(call->pool, most);
    step_t steps[] = {
        { UM_SQL_MAIL_PURGE, UM_VALUES(um_store_number(call->pool, before->mails), limit), { 0 } },
        { UM_SQL_ONE_TIME_TOKEN_PURGE, UM_VALUES(um_store_number(call->pool, before->one_time_tokens), limit), { 0 } },
        { UM_SQL_SESSION_PURGE, UM_VALUES(um_store_number(call->pool, before->sessions), limit), { 0 } },
        { UM_SQL_NAME_PURGE, UM_VALUES(um_store_number(call->pool, before->names), limit), { 0 } },
        { UM_SQL_EMAIL_CHANGE_PURGE, UM_VALUES(um_store_number(call->pool, before->email_changes), limit), { 0 } },
        { UM_SQL_IDEMPOTENCY_PURGE, UM_VALUES(um_store_number(call->pool, before->idempotency), limit), { 0 } },
        { UM_SQL_EVENT_PURGE, UM_VALUES(before->events, limit), { 0 } },
    };
    int count;
    apr_status_t rv = run(call, steps, (int)(sizeof(steps) / sizeof(steps[0])), &count);

    *more = count >= most;
    return rv;
}

apr_status_t um_store_purge_hurry(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t beyond,
                                  apr_int64_t latest, int most, int *count)
{
    step_t step = { UM_SQL_MAIL_HURRY,
                    UM_VALUES(um_store_number(call->pool, now), site, um_store_number(call->pool, beyond),
                              um_store_number(call->pool, latest), um_store_number(call->pool, most)), { 0 } };

    return run(call, &step, 1, count);
}

apr_status_t um_store_purge_adopt(um_store_call_t *call, const char *site, int most, int *count)
{
    step_t step = { UM_SQL_MAIL_ADOPT, UM_VALUES(site, um_store_number(call->pool, most)), { 0 } };

    return run(call, &step, 1, count);
}

/* No more sites are expected to share a database. */
#define MOST_SITES 1000

static apr_status_t list_sites(um_tx_t *tx, void *baton)
{
    static const um_statement_e tables[] = { UM_SQL_MAIL_SITE, UM_SQL_REQUEST_SITE };
    apr_array_header_t *sites = baton;
    um_rows_t rows;
    apr_status_t rv = um_store_mail_begin(tx);

    sites->nelts = 0;
    for (int i = 0; i < 2 && rv == APR_SUCCESS; i++) {
        const char *site = "";

        while (rv == APR_SUCCESS && site && sites->nelts < MOST_SITES) {
            APR_ARRAY_PUSH(sites, const char *) = site;
            rv = um_store_tx_run(tx, tables[i], UM_VALUES(site), &rows);
            site = rows.count ? rows.row[0][0] : NULL;
        }
    }
    return rv;
}

apr_status_t um_store_purge_sites(um_store_call_t *call, apr_array_header_t **sites)
{
    apr_status_t rv;

    *sites = apr_array_make(call->pool, 8, sizeof(const char *));
    rv = um_store_transaction(call, list_sites, *sites);
    return rv == UM_STORE_UNKNOWN ? APR_SUCCESS : rv;
}

apr_status_t um_store_purge_orphans(um_store_call_t *call, const char *site, apr_int64_t now, apr_int64_t before,
                                    const char *id, int most, int *count)
{
    const char *limit = um_store_number(call->pool, most), *at = um_store_number(call->pool, before);
    step_t steps[] = {
        { UM_SQL_MAIL_ORPHANS, UM_VALUES(um_store_number(call->pool, now), site, at, at, limit), { 0 } },
        { UM_SQL_REQUEST_ORPHANS, UM_VALUES(site, site, id, limit), { 0 } },
    };

    return run(call, steps, 2, count);
}
