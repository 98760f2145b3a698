/* SPDX-License-Identifier: Apache-2.0 */
/* Whether um_users has the columns of the profile. Steps are recorded by number, so a step that forgot a column, or
 * made it of another type, is found here only. */
#include "schema.h"

#include "../core/account/profile.h"
#include "store_sql.h"

#include <apr_strings.h>
#include <string.h>

/* Columns of UM_SQL_USERS_TABLE. */
enum { AT_NAME, AT_TYPE, AT_NOT_NULL };

static const char *check(apr_pool_t *pool, const um_rows_t *columns, const char *name)
{
    for (int i = 0; i < columns->count; i++) {
        const char *const *column = columns->row[i];

        if (strcmp(column[AT_NAME], name) == 0) {
            return strcmp(column[AT_TYPE], "text") == 0 && column[AT_NOT_NULL][0] == '1' ? NULL
                   : apr_psprintf(pool, "the column %s of the table um_users is \"%s%s\" and must be \"text not "
                                  "null\": change its type, and fill what is null with ''", name, column[AT_TYPE],
                                  column[AT_NOT_NULL][0] == '1' ? " not null" : "");
        }
    }
    return apr_psprintf(pool, "the table um_users lacks the column %s, although all steps of the schema are recorded: "
                        "alter table um_users add column %s text not null default ''", name, name);
}

apr_status_t um_schema_columns(um_store_call_t *call, const char **wrong)
{
    static const char *const names[] = {
#define NAME(name, ...) #name,
        UM_PROFILE(NAME)
#undef NAME
    };
    um_rows_t columns;
    apr_status_t rv = um_store_sql_alone(call, UM_SQL_USERS_TABLE, NULL, 0, &columns);

    *wrong = NULL;
    for (apr_size_t i = 0; rv == APR_SUCCESS && !*wrong && i < sizeof(names) / sizeof(names[0]); i++) {
        *wrong = check(call->pool, &columns, names[i]);
    }
    return rv;
}
