/* SPDX-License-Identifier: Apache-2.0 */
#include "store_mail_admin.h"

#include "store_sql.h"

#include <apr_strings.h>

/* The id before all others. */
#define FIRST_ID "00000000-0000-0000-0000-000000000000"

static apr_int64_t number_of_row(const char *text)
{
    return text ? apr_atoi64(text) : 0;
}

static um_mail_row_t row_of(const char *const *row)
{
    return (um_mail_row_t){
        .id = row[0], .kind = row[1], .address = row[2], .username = row[3], .site = row[4], .state = row[5],
        .attempts = number_of_row(row[6]), .created_at = number_of_row(row[7]), .due_at = number_of_row(row[8]),
        .done_at = number_of_row(row[9]), .last_error = row[10], .user_id = row[11],
    };
}

apr_status_t um_store_mail_admin_list(um_store_call_t *call, const char *after, int also_sent, apr_int64_t now,
                                      int most, apr_array_header_t **list)
{
    const char *first = after ? after : FIRST_ID, *limit = um_store_number(call->pool, most);
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_MAIL_ADMIN_LIST,
                                   UM_VALUES(um_store_number(call->pool, now), first, also_sent ? "9" : "1", limit,
                                             first, limit, limit), &rows);

    *list = apr_array_make(call->pool, 16, sizeof(um_mail_row_t));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        APR_ARRAY_PUSH(*list, um_mail_row_t) = row_of(rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_mail_admin_one(um_store_call_t *call, const char *id, apr_int64_t now, um_mail_row_t **row)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_MAIL_ADMIN_ONE, UM_VALUES(um_store_number(call->pool, now), id), &rows);

    *row = NULL;
    if (rv == APR_SUCCESS && rows.count) {
        *row = apr_palloc(call->pool, sizeof(**row));
        **row = row_of(rows.row[0]);
    }
    return rv;
}

apr_status_t um_store_mail_admin_of_user(um_store_call_t *call, const char *user_id, const char *email_key,
                                         apr_int64_t now, int most, apr_array_header_t **list)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_MAIL_ADMIN_OF_USER,
                                   UM_VALUES(um_store_number(call->pool, now), email_key, user_id,
                                             um_store_number(call->pool, most)), &rows);

    *list = apr_array_make(call->pool, 8, sizeof(um_mail_row_t));
    for (int i = 0; rv == APR_SUCCESS && i < rows.count; i++) {
        APR_ARRAY_PUSH(*list, um_mail_row_t) = row_of(rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_mail_admin_retry(um_store_call_t *call, const char *id, apr_int64_t now, int *count)
{
    const char *time = um_store_number(call->pool, now);
    um_rows_t rows;
    apr_status_t rv = id ? um_store_event_run(call, UM_SQL_MAIL_ADMIN_RETRY, UM_VALUES(time, time, id, time), &rows)
                         : um_store_event_run(call, UM_SQL_MAIL_ADMIN_RETRY_ALL, UM_VALUES(time, time, time), &rows);

    *count = rv != APR_SUCCESS ? 0 : id && um_store_event_is_proof(call, &rows) ? 1 : rows.count;
    return rv;
}

apr_status_t um_store_mail_admin_drop(um_store_call_t *call, const char *id, apr_int64_t now, int *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_MAIL_ADMIN_DROP,
                                         UM_VALUES(id, um_store_number(call->pool, now)), &rows);
    int may_be_done = rows.again;

    /* Without an event it is not known whether the id was that of a mail: it may be that of a request. */
    if (rv == APR_SUCCESS && !rows.count && !um_store_event_is_proof(call, &rows)) {
        rv = um_store_event_run(call, UM_SQL_REQUEST_ADMIN_DROP, UM_VALUES(id), &rows);
    }
    *count = rv == APR_SUCCESS && (rows.count || rows.again || may_be_done);
    return rv;
}

apr_status_t um_store_mail_admin_counts(um_store_call_t *call, apr_int64_t now, apr_int64_t since,
                                        um_mail_counts_t *counts)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_MAIL_ADMIN_COUNTS,
                                   UM_VALUES(um_store_number(call->pool, now), um_store_number(call->pool, since)),
                                   &rows);

    *counts = (um_mail_counts_t){ 0 };
    if (rv == APR_SUCCESS && rows.count) {
        *counts = (um_mail_counts_t){
            number_of_row(rows.row[0][0]), number_of_row(rows.row[0][1]), number_of_row(rows.row[0][2])
        };
    }
    return rv;
}
