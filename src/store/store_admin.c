/* SPDX-License-Identifier: Apache-2.0 */
#include "store_admin.h"

#include "store_sql.h"

#include <apr_strings.h>
#include <string.h>

/* --- the start of a server --- */

apr_status_t um_store_admin_issuers(um_store_call_t *call, apr_array_header_t **issuers)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_START_ISSUERS, NULL, 0, &rows);

    *issuers = apr_array_make(call->pool, 4, sizeof(um_store_issuer_t));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*issuers, um_store_issuer_t) = (um_store_issuer_t){
            rows.row[i][0], apr_strtoi64(rows.row[i][1], NULL, 10)
        };
    }
    return rv;
}

apr_status_t um_store_admin_issuer_used(um_store_call_t *call, const char *issuer, apr_int64_t now)
{
    um_rows_t rows;

    return um_store_run(call, UM_SQL_START_ISSUER_USED, UM_VALUES(issuer, um_store_number(call->pool, now)), &rows);
}

apr_status_t um_store_admin_has_sessions(um_store_call_t *call, apr_int64_t now, int *has)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_START_SESSION, UM_VALUES(um_store_number(call->pool, now)), &rows);

    *has = rows.count > 0;
    return rv;
}

apr_status_t um_store_admin_connections(um_store_call_t *call, apr_int64_t *most)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_START_CONNECTIONS, NULL, 0, &rows);

    *most = rows.count ? apr_strtoi64(rows.row[0][0], NULL, 10) : 0;
    return rv;
}

apr_status_t um_store_admin_hash_kinds(um_store_call_t *call, const char *after, int most, apr_array_header_t **kinds)
{
    um_rows_t rows;
    const char *first = *after ? after : UM_STORE_ADMIN_FIRST_ID;
    apr_status_t rv = um_store_run(call, UM_SQL_HASH_KINDS, UM_VALUES(first, um_store_number(call->pool, most)), &rows);

    *kinds = apr_array_make(call->pool, 4, sizeof(um_store_hash_kind_t));
    for (int i = 0; i < rows.count; i++) {
        const char *const *row = rows.row[i];

        APR_ARRAY_PUSH(*kinds, um_store_hash_kind_t)
            = (um_store_hash_kind_t){ row[0], apr_atoi64(row[1]), row[2] };
    }
    return rv;
}

static apr_int64_t number_or_0(const char *column)
{
    return column ? apr_atoi64(column) : 0;
}

apr_status_t um_store_admin_claims(um_store_call_t *call, const char *after, int most, um_store_claims_t *claims)
{
    um_rows_t rows;
    const char *first = *after ? after : UM_STORE_ADMIN_FIRST_ID;
    apr_status_t rv = um_store_run(call, UM_SQL_CLAIMS, UM_VALUES(first, um_store_number(call->pool, most)), &rows);

    *claims = (um_store_claims_t){ 0 };
    if (rows.count) {
        const char *const *row = rows.row[0];

        *claims = (um_store_claims_t){ (int)number_or_0(row[0]), row[1], number_or_0(row[2]), number_or_0(row[4]),
                                       row[3], row[5] };
    }
    return rv;
}

apr_status_t um_store_admin_claim_emails(um_store_call_t *call, const char *after, int most)
{
    um_rows_t rows;
    const char *first = *after ? after : UM_STORE_ADMIN_FIRST_ID;

    return um_store_run(call, UM_SQL_CLAIM_EMAILS, UM_VALUES(first, um_store_number(call->pool, most)), &rows);
}

apr_status_t um_store_admin_clock(um_store_call_t *call, apr_int64_t *milliseconds)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_CHECK_CLOCK, NULL, 0, &rows);

    *milliseconds = rv == APR_SUCCESS && rows.count ? apr_atoi64(rows.row[0][0]) : 0;
    return rv;
}

/* --- the end of all sessions --- */

apr_status_t um_store_admin_end_users(um_store_call_t *call, const char *version, apr_int64_t now, int limit,
                                      const char **last, int *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_END_USERS,
                                   UM_VALUES(version, um_store_number(call->pool, now), *last,
                                             um_store_number(call->pool, limit)), &rows);

    *count = rows.count;
    for (int i = 0; i < rows.count; i++) {
        if (strcmp(rows.row[i][0], *last) > 0) {
            *last = rows.row[i][0];
        }
    }
    return rv;
}

apr_status_t um_store_admin_end_one_time_tokens(um_store_call_t *call, int limit, int *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_END_ONE_TIME_TOKENS, UM_VALUES(um_store_number(call->pool, limit)),
                                   &rows);

    *count = rows.count;
    return rv;
}

apr_status_t um_store_admin_end_mails(um_store_call_t *call, apr_int64_t now, int limit, int *count)
{
    const char *most = um_store_number(call->pool, limit);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_END_REQUESTS, UM_VALUES(most), &rows);

    if (rv == APR_SUCCESS && rows.count < limit) {
        rv = um_store_run(call, UM_SQL_END_MAILS, UM_VALUES(um_store_number(call->pool, now), most), &rows);
    }
    *count = rows.count;
    return rv;
}

/* --- how full the database is --- */

static apr_int64_t whole(const char *text)
{
    return text ? apr_atoi64(text) : 0;
}

/* 0 stands for "none". */
static apr_int64_t earlier(apr_int64_t one, apr_int64_t other)
{
    return !one || (other && other < one) ? other : one;
}

apr_status_t um_store_overview(um_store_call_t *call, apr_int64_t now, apr_int64_t since, um_overview_t *overview)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_OVERVIEW, UM_VALUES(um_store_number(call->pool, now),
                                                              um_store_number(call->pool, since)), &rows);
    const char *const *row = rv == APR_SUCCESS && rows.count ? rows.row[0] : NULL;

    *overview = (um_overview_t){ 0 };
    if (row) {
        apr_int64_t due = whole(row[4]);

        *overview = (um_overview_t){
            .mails_requested = whole(row[0]), .mails_sending = whole(row[2]),
            .mails_waiting = whole(row[1]) - whole(row[2]), .mails_given_up = whole(row[6]),
            .oldest_mail = earlier(whole(row[3]), whole(row[5])), .oldest_due = due > now ? 0 : due,
            .sessions = whole(row[7]), .accounts = whole(row[8]),
        };
    }
    return rv;
}
