/* SPDX-License-Identifier: Apache-2.0 */
#include "store_group.h"

#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>
#include <string.h>

apr_status_t um_store_group_list(um_store_call_t *call, apr_array_header_t **groups)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUPS, NULL, 0, &rows);

    *groups = apr_array_make(call->pool, rows.count, sizeof(um_group_t));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*groups, um_group_t) = (um_group_t){ rows.row[i][0], apr_atoi64(rows.row[i][1]), 0 };
    }
    return rv;
}

static um_group_t group_of(const char *const *row)
{
    return (um_group_t){ .name = row[0], .created_at = apr_atoi64(row[1]) };
}

apr_status_t um_store_group_by_name(um_store_call_t *call, const char *name, const um_group_t **group)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_BY_NAME, UM_VALUES(name), &rows);

    *group = NULL;
    if (rows.count) {
        um_group_t found = group_of(rows.row[0]);

        *group = apr_pmemdup(call->pool, &found, sizeof(found));
    }
    return rv;
}

apr_status_t um_store_group_page(um_store_call_t *call, const char *name, int is_down, int most,
                                 apr_array_header_t **groups)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, is_down ? UM_SQL_GROUP_BEFORE : UM_SQL_GROUP_AFTER,
                                   UM_VALUES(name, um_store_number(call->pool, most)), &rows);

    *groups = apr_array_make(call->pool, rows.count + 1, sizeof(um_group_t));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*groups, um_group_t) = group_of(rows.row[i]);
    }
    return rv;
}

apr_status_t um_store_group_count(um_store_call_t *call, apr_int64_t *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_COUNT, NULL, 0, &rows);

    *count = rows.count ? apr_atoi64(rows.row[0][0]) : 0;
    return rv;
}

apr_status_t um_store_group_rename(um_store_call_t *call, const char *name, const char *new_name, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_GROUP_RENAME, UM_VALUES(new_name, name, new_name), &rows);

    *done = rows.count > 0 || um_store_event_is_proof(call, &rows);
    if (rv == APR_SUCCESS && !*done && rows.again) {
        const um_group_t *old = NULL, *new = NULL;

        /* The first sending may have done it. Only the names can tell, and others may have changed them since. */
        rv = um_store_group_by_name(call, name, &old);
        rv = rv == APR_SUCCESS ? um_store_group_by_name(call, new_name, &new) : rv;
        *done = !old && new;
    }
    return rv;
}

apr_status_t um_store_group_members(um_store_call_t *call, const char *name, apr_array_header_t **members)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_MEMBERS, UM_VALUES(name), &rows);

    *members = apr_array_make(call->pool, rows.count, sizeof(um_group_member_t));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*members, um_group_member_t) = (um_group_member_t){ rows.row[i][0], rows.row[i][1] };
    }
    return rv;
}

apr_status_t um_store_group_member_ids(um_store_call_t *call, const char *name, int most, apr_array_header_t **ids)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_MEMBER_IDS, UM_VALUES(name, um_store_number(call->pool, most)),
                                   &rows);

    *ids = apr_array_make(call->pool, rows.count + 1, sizeof(const char *));
    for (int i = 0; i < rows.count; i++) {
        APR_ARRAY_PUSH(*ids, const char *) = rows.row[i][0];
    }
    return rv;
}

apr_status_t um_store_group_user(um_store_call_t *call, const char *user_id, um_user_t **user, const char **groups)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_USER, UM_VALUES(user_id), &rows);

    *user = NULL;
    *groups = "";
    if (rv == APR_SUCCESS && rows.count) {
        *user = um_store_user_read(call->pool, rows.row[0]);
        *groups = rows.row[0][UM_STORE_USER_COLUMNS] ? rows.row[0][UM_STORE_USER_COLUMNS] : "";
    }
    return rv;
}

apr_status_t um_store_group_look(um_store_call_t *call, const char *user_id, const char *name, int *there,
                                 int *member)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_GROUP_LOOK, UM_VALUES(user_id, name), &rows);

    *there = rows.count > 0;
    *member = rows.count > 0 && rows.row[0][1] != NULL;
    return rv;
}

apr_status_t um_store_group_insert(um_store_call_t *call, const char *id, const char *name, apr_int64_t now,
                                   int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_GROUP_INSERT,
                                         UM_VALUES(id, name, um_store_number(call->pool, now)), &rows);

    *done = rows.count > 0 || um_store_event_is_proof(call, &rows);
    if (rv == APR_SUCCESS && !*done && rows.again) {
        /* Whether the stored row is the one that the first sending made. */
        rv = um_store_run(call, UM_SQL_GROUP_LOOK, UM_VALUES(NULL, name), &rows);
        *done = rows.count > 0 && strcmp(rows.row[0][0], id) == 0;
    }
    return rv;
}

apr_status_t um_store_group_delete(um_store_call_t *call, const char *name, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_GROUP_DELETE, UM_VALUES(name), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

apr_status_t um_store_group_add(um_store_call_t *call, const char *user_id, const char *name, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_GROUP_ADD, UM_VALUES(user_id, name), &rows);

    *done = rows.count > 0 || um_store_event_is_proof(call, &rows);
    return rv;
}

apr_status_t um_store_group_drop(um_store_call_t *call, const char *user_id, const char *name, int *done)
{
    um_rows_t rows;
    apr_status_t rv = um_store_event_run(call, UM_SQL_GROUP_DROP, UM_VALUES(user_id, name), &rows);

    *done = rows.count > 0 || rows.again;
    return rv;
}

apr_status_t um_store_group_names_tx(um_tx_t *tx, const char *user_id, const char **groups)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_GROUP_USER, UM_VALUES(user_id), &rows);

    *groups = rows.count && rows.row[0][UM_STORE_USER_COLUMNS] ? rows.row[0][UM_STORE_USER_COLUMNS] : "";
    return rv;
}

apr_status_t um_store_group_add_tx(um_tx_t *tx, const char *user_id, const char *name, int *there)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_GROUP_ADD, UM_VALUES(user_id, name), &rows);

    *there = rows.count > 0;
    if (rv == APR_SUCCESS && !*there) {
        rv = um_store_tx_run(tx, UM_SQL_GROUP_LOOK, UM_VALUES(user_id, name), &rows);
        *there = rows.count > 0 && rows.row[0][1] != NULL;
    }
    return rv;
}

apr_status_t um_store_group_drop_tx(um_tx_t *tx, const char *user_id, const char *name, int *there)
{
    um_rows_t rows;
    apr_status_t rv = um_store_tx_run(tx, UM_SQL_GROUP_DROP, UM_VALUES(user_id, name), &rows);

    *there = rows.count > 0;
    return rv;
}
