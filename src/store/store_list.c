/* SPDX-License-Identifier: Apache-2.0 */
#include "store_list.h"

#include "store_sql.h"
#include "store_user.h"
#include "user_columns.h"

#include <apr_strings.h>

/* Where the columns behind those of an account stand. */
enum { AT_KEY = UM_STORE_USER_COLUMNS, AT_GROUPS };

/* The statements of an index. */
typedef struct statements_t {
    um_statement_e page[2], end[2];     /* up, down */
    um_statement_e count, size;
} statements_t;

static const statements_t statements[] = {
#define ROW(name) \
    [UM_LIST_BY_##name] = { { UM_SQL_LIST_UP_##name, UM_SQL_LIST_DOWN_##name }, \
                            { UM_SQL_LIST_END_UP_##name, UM_SQL_LIST_END_DOWN_##name }, UM_SQL_LIST_COUNT_##name, \
                            UM_SQL_LIST_SIZE_##name },
    ROW(CREATED) ROW(USERNAME) ROW(EMAIL)
    ROW(STAFF_CREATED) ROW(STAFF_USERNAME) ROW(STAFF_EMAIL)
    ROW(OFF_CREATED) ROW(OFF_USERNAME) ROW(OFF_EMAIL)
    ROW(FIRST_NAME) ROW(LAST_NAME) ROW(GROUP)
#undef ROW
};

static const char *bound_of(const um_list_range_t *range, int is_down)
{
    return is_down && range->index != UM_LIST_BY_GROUP ? range->low : range->high;
}

static void put_filter(const um_list_filter_t *filter, const char **values)
{
    const char *const all[UM_LIST_FILTERS] = {
        filter->is_active, filter->is_staff, filter->group, filter->group, filter->username_key, filter->email_key,
        filter->not_username.low, filter->not_username.high, filter->not_email.low, filter->not_email.high,
        filter->not_first_name.low, filter->not_first_name.high,
    };

    for (int i = 0; i < UM_LIST_FILTERS; i++) {
        values[i] = all[i];
    }
}

apr_status_t um_store_list_page(um_store_call_t *call, const um_list_range_t *range, int is_down,
                                const um_list_place_t *place, const um_list_filter_t *filter, int most,
                                apr_array_header_t **rows)
{
    const char *values[UM_LIST_FILTERS + 4] = { place->key, place->id, bound_of(range, is_down) };
    um_rows_t found;
    apr_status_t rv;

    put_filter(filter, values + 3);
    values[UM_LIST_FILTERS + 3] = um_store_number(call->pool, most);
    rv = um_store_run(call, statements[range->index].page[is_down], values, UM_LIST_FILTERS + 4, &found);
    *rows = apr_array_make(call->pool, found.count + 1, sizeof(um_list_row_t));
    for (int i = 0; i < found.count; i++) {
        const char *const *row = found.row[i];
        const um_user_t *user = um_store_user_read(call->pool, row);

        APR_ARRAY_PUSH(*rows, um_list_row_t) = (um_list_row_t){
            .user = user, .groups = row[AT_GROUPS] ? row[AT_GROUPS] : "",
            .place = { range->index == UM_LIST_BY_GROUP ? range->low : row[AT_KEY], user->id },
        };
    }
    return rv;
}

apr_status_t um_store_list_end(um_store_call_t *call, const um_list_range_t *range, int is_down,
                               const um_list_place_t *place, int *is_full, um_list_place_t *end)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, statements[range->index].end[is_down],
                                   UM_VALUES(place->key, place->id, bound_of(range, is_down)), &rows);

    *is_full = rows.count > 0;
    if (rows.count) {
        *end = (um_list_place_t){ range->index == UM_LIST_BY_GROUP ? range->low : rows.row[0][0], rows.row[0][1] };
    }
    return rv;
}

static apr_int64_t number_of(const um_rows_t *rows)
{
    return rows->count ? apr_atoi64(rows->row[0][0]) : 0;
}

apr_status_t um_store_list_count(um_store_call_t *call, const um_list_range_t *range, const um_list_place_t *place,
                                 const um_list_filter_t *filter, apr_int64_t *count)
{
    const char *values[UM_LIST_FILTERS + 3] = { place->key, place->id, bound_of(range, 0) };
    um_rows_t rows;
    apr_status_t rv;

    put_filter(filter, values + 3);
    rv = um_store_run(call, statements[range->index].count, values, UM_LIST_FILTERS + 3, &rows);
    *count = number_of(&rows);
    return rv;
}

apr_status_t um_store_list_size(um_store_call_t *call, const um_list_range_t *range, apr_int64_t *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, statements[range->index].size, UM_VALUES(range->low, range->high), &rows);

    *count = number_of(&rows);
    return rv;
}

apr_status_t um_store_list_estimate(um_store_call_t *call, apr_int64_t *count)
{
    um_rows_t rows;
    apr_status_t rv = um_store_run(call, UM_SQL_LIST_ESTIMATE, NULL, 0, &rows);

    *count = rows.count ? apr_atoi64(rows.row[0][0]) : -1;
    return rv;
}
