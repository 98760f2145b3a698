/* SPDX-License-Identifier: Apache-2.0 */
#include "user_list.h"

#include "store.h"

/* Whether the filter of a stage leaves out none of its range. */
static int is_unfiltered(const um_list_plan_t *plan, const um_list_stage_t *stage)
{
    const um_list_filter_t *filter = &stage->filter;
    int is_free = !filter->is_active && !filter->is_staff;

    switch (stage->range.index) {
    case UM_LIST_BY_STAFF_CREATED:
    case UM_LIST_BY_STAFF_USERNAME:
    case UM_LIST_BY_STAFF_EMAIL:
        is_free = !filter->is_active;
        break;
    case UM_LIST_BY_OFF_CREATED:
    case UM_LIST_BY_OFF_USERNAME:
    case UM_LIST_BY_OFF_EMAIL:
        is_free = !filter->is_staff;
        break;
    default:
        break;
    }
    return is_free && !filter->group && !filter->username_key && !filter->email_key && !*filter->not_username.high
           && !plan->prefix;
}

/* Counts window by window. *seen: how many entries were looked at. */
static apr_status_t count_filtered(um_store_call_t *call, const um_list_stage_t *stage, apr_int64_t *passed,
                                   apr_int64_t *seen)
{
    um_list_place_t place = { stage->range.low, UM_LIST_FIRST_ID };
    apr_status_t rv = APR_SUCCESS;
    int is_full = 1;

    *passed = *seen = 0;
    while (rv == APR_SUCCESS && is_full && *seen < UM_LIST_COUNTED_MOST) {
        apr_int64_t more = 0;

        rv = um_store_list_count(call, &stage->range, &place, &stage->filter, &more);
        if (rv == APR_SUCCESS) {
            rv = um_store_list_end(call, &stage->range, 0, &place, &is_full, &place);
        }
        *passed += more;
        *seen += UM_LIST_WINDOW_SIZE;
    }
    *seen += is_full;
    return rv;
}

/* The count of a range that is longer than is counted: the same part of all accounts as of those that were looked at.
 * Where the range is not all accounts, or the database has no estimate, it is at least what was found. */
static apr_status_t estimate(um_store_call_t *call, const um_list_plan_t *plan, apr_int64_t passed, apr_int64_t seen,
                             um_user_count_t *count)
{
    apr_int64_t all = -1;
    apr_status_t rv = plan->is_whole ? um_store_list_estimate(call, &all) : APR_SUCCESS;
    int is_known = all > seen;

    count->kind = is_known ? UM_COUNT_ESTIMATE : UM_COUNT_AT_LEAST;
    count->number += is_known ? (apr_int64_t)((double)all * (double)passed / (double)seen)
                     : passed > UM_LIST_COUNTED_MOST ? UM_LIST_COUNTED_MOST : passed;
    return rv;
}

/* Where each account is checked one by one, those of one page are counted. */
static um_status_e count_page(um_ctx_t *ctx, const um_user_query_t *query, um_user_count_t *count)
{
    um_user_page_t page;
    um_status_e status = um_user_list_page(ctx, query, NULL, UM_LIST_WINDOW_SIZE, &page);

    if (status == UM_OK) {
        *count = (um_user_count_t){ page.rows->nelts, page.next ? UM_COUNT_AT_LEAST : UM_COUNT_EXACT };
    }
    return status;
}

um_status_e um_user_list_count(um_ctx_t *ctx, const um_user_query_t *query, um_user_count_t *count)
{
    um_store_call_t call = um_ctx_store(ctx);
    apr_status_t rv = APR_SUCCESS;
    apr_int64_t seen = 0;
    um_list_plan_t plan;

    *count = (um_user_count_t){ 0, UM_COUNT_EXACT };
    if (!um_user_list_plan(ctx, query, &plan)) {
        return UM_OK;
    }
    if (plan.prefix) {
        return count_page(ctx, query, count);
    }
    for (int i = 0; rv == APR_SUCCESS && i < plan.count && seen <= UM_LIST_COUNTED_MOST; i++) {
        const um_list_stage_t *stage = &plan.stage[i];
        apr_int64_t passed = 0;

        if (is_unfiltered(&plan, stage)) {
            rv = um_store_list_size(&call, &stage->range, &passed);
            seen = passed;
        }
        else {
            rv = count_filtered(&call, stage, &passed, &seen);
        }
        if (rv == APR_SUCCESS && seen > UM_LIST_COUNTED_MOST) {
            rv = estimate(&call, &plan, passed, seen, count);
        }
        else {
            count->number += passed;
        }
    }
    return rv == APR_SUCCESS ? UM_OK : um_ctx_unavailable(ctx, &call);
}
