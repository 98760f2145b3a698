/* SPDX-License-Identifier: Apache-2.0 */
#include "store_end.h"

#include "store_sql.h"

#include <string.h>

apr_status_t um_store_end_users(um_store_call_t *call, const char *version, apr_int64_t now, int limit,
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

apr_status_t um_store_end_one_time_tokens(um_store_call_t *call, int limit, int *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_END_ONE_TIME_TOKENS, UM_VALUES(um_store_number(call->pool, limit)),
                                   &rows);

    *count = rows.count;
    return rv;
}

apr_status_t um_store_end_mails(um_store_call_t *call, apr_int64_t now, int limit, int *count)
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
