/* SPDX-License-Identifier: Apache-2.0 */
#include "store_start.h"

#include "store_sql.h"

#include <apr_strings.h>

apr_status_t um_store_start_issuers(um_store_call_t *call, apr_array_header_t **issuers)
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

apr_status_t um_store_start_issuer_used(um_store_call_t *call, const char *issuer, apr_int64_t now)
{
    um_rows_t rows;

    return um_store_run(call, UM_SQL_START_ISSUER_USED, UM_VALUES(issuer, um_store_number(call->pool, now)), &rows);
}

apr_status_t um_store_start_has_sessions(um_store_call_t *call, apr_int64_t now, int *has)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_START_SESSION, UM_VALUES(um_store_number(call->pool, now)), &rows);

    *has = rows.count > 0;
    return rv;
}

apr_status_t um_store_start_connections(um_store_call_t *call, apr_int64_t *most)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_START_CONNECTIONS, NULL, 0, &rows);

    *most = rows.count ? apr_strtoi64(rows.row[0][0], NULL, 10) : 0;
    return rv;
}
