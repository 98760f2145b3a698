/* SPDX-License-Identifier: Apache-2.0 */
#include "user_list.h"

#include "store.h"
#include "store_user.h"
#include "unicode.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

/* Walks over the ranges of a plan, window by window. */
typedef struct walk_t {
    um_ctx_t *ctx;
    const um_list_plan_t *plan;
    um_user_place_t at;         /* is_backward: the way that it goes */
    int wanted;                 /* how many more accounts */
    int windows;                /* how many more it may read */
    apr_array_header_t *rows;   /* um_user_place_t and um_list_row_t have the same index */
    apr_array_header_t *places;
    int is_done;                /* the last range has ended */
} walk_t;

static int is_down(const walk_t *walk)
{
    return walk->at.is_backward != walk->plan->is_descending;
}

/* Goes to the beginning of a range, as seen in the walk's direction; is_done when there is none. */
static void enter(walk_t *walk, int stage)
{
    const um_list_range_t *range;
    int down = is_down(walk);

    walk->is_done = stage < 0 || stage >= walk->plan->count;
    if (walk->is_done) {
        return;
    }
    range = &walk->plan->stage[stage].range;
    walk->at.stage = stage;
    walk->at.key = down && range->index != UM_LIST_BY_GROUP ? range->high : range->low;
    walk->at.id = down ? UM_LIST_LAST_ID : UM_LIST_FIRST_ID;
}

static void keep(walk_t *walk, const um_list_row_t *row)
{
    if (um_user_list_has_prefix(walk->ctx, walk->plan, row->user)) {
        APR_ARRAY_PUSH(walk->rows, um_list_row_t) = *row;
        APR_ARRAY_PUSH(walk->places, um_user_place_t)
            = (um_user_place_t){ .stage = walk->at.stage, .key = row->place.key, .id = row->place.id };
        walk->wanted--;
    }
}

/* Reads what is wanted of the window behind the present place, and goes to its end. */
static apr_status_t read_window(walk_t *walk, um_store_call_t *call)
{
    const um_list_stage_t *stage = &walk->plan->stage[walk->at.stage];
    um_list_place_t place = { walk->at.key, walk->at.id }, end;
    int most = walk->plan->prefix ? UM_LIST_WINDOW_SIZE : walk->wanted;
    apr_array_header_t *rows;
    int is_full;
    apr_status_t rv = um_store_list_page(call, &stage->range, is_down(walk), &place, &stage->filter, most, &rows);

    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts && walk->wanted > 0; i++) {
        keep(walk, &APR_ARRAY_IDX(rows, i, um_list_row_t));
    }
    if (rv != APR_SUCCESS || walk->wanted <= 0) {
        return rv;
    }
    walk->windows--;
    rv = um_store_list_end(call, &stage->range, is_down(walk), &place, &is_full, &end);
    if (rv == APR_SUCCESS && is_full) {
        walk->at.key = end.key;
        walk->at.id = end.id;
    }
    else if (rv == APR_SUCCESS) {
        enter(walk, walk->at.stage + (walk->at.is_backward ? -1 : 1));
    }
    return rv;
}

/* A copy of a place, from which the list goes on in that direction. */
static const um_user_place_t *place_at(um_ctx_t *ctx, const um_user_place_t *place, int is_backward)
{
    um_user_place_t *copy = apr_pmemdup(ctx->pool, place, sizeof(*place));

    copy->is_backward = is_backward;
    return copy;
}

static void reverse(apr_array_header_t *rows)
{
    for (int i = 0, j = rows->nelts - 1; i < j; i++, j--) {
        um_list_row_t row = APR_ARRAY_IDX(rows, i, um_list_row_t);

        APR_ARRAY_IDX(rows, i, um_list_row_t) = APR_ARRAY_IDX(rows, j, um_list_row_t);
        APR_ARRAY_IDX(rows, j, um_list_row_t) = row;
    }
}

/* Makes a page of what a walk has found: one account more than the page has when there are more. came_from: where the
 * walk began, or NULL. */
static void make_page(walk_t *walk, const um_user_place_t *came_from, int size, um_user_page_t *page)
{
    int has_more = walk->rows->nelts > size, is_backward = walk->at.is_backward;
    int last = (has_more ? size : walk->rows->nelts) - 1;
    const um_user_place_t *places = (const um_user_place_t *)(const void *)walk->places->elts;
    const um_user_place_t *onward = has_more ? &places[last] : walk->is_done ? NULL : &walk->at;
    const um_user_place_t *back = !came_from ? NULL : walk->rows->nelts ? &places[0] : came_from;

    if (has_more) {
        apr_array_pop(walk->rows);
    }
    if (is_backward) {
        reverse(walk->rows);
    }
    onward = onward ? place_at(walk->ctx, onward, is_backward) : NULL;
    back = back ? place_at(walk->ctx, back, !is_backward) : NULL;
    *page = (um_user_page_t){ walk->rows, is_backward ? back : onward, is_backward ? onward : back };
}

um_status_e um_user_list_page(um_ctx_t *ctx, const um_user_query_t *query, const um_user_place_t *place, int size,
                              um_user_page_t *page)
{
    um_store_call_t call = um_ctx_store(ctx);
    um_list_plan_t plan;
    walk_t walk = {
        .ctx = ctx, .plan = &plan, .wanted = size + 1, .windows = UM_USER_LIST_WINDOWS,
        .rows = apr_array_make(ctx->pool, size + 1, sizeof(um_list_row_t)),
        .places = apr_array_make(ctx->pool, size + 1, sizeof(um_user_place_t)),
    };
    apr_status_t rv = APR_SUCCESS;

    if (!um_user_list_plan(ctx, query, &plan)) {
        *page = (um_user_page_t){ walk.rows, NULL, NULL };
        return UM_OK;
    }
    enter(&walk, 0);
    if (place) {
        walk.at = *place;
    }
    while (rv == APR_SUCCESS && !walk.is_done && walk.wanted > 0 && walk.windows > 0) {
        rv = read_window(&walk, &call);
    }
    if (rv != APR_SUCCESS) {
        return um_ctx_unavailable(ctx, &call);
    }
    make_page(&walk, place, size, page);
    return UM_OK;
}

static int is_number(const char *text)
{
    const char *at = text;

    while (apr_isdigit(*at)) {
        at++;
    }
    return at > text && at - text <= 18 && !*at;
}

int um_user_list_is_place(um_ctx_t *ctx, const um_user_query_t *query, const um_user_place_t *place)
{
    const um_list_range_t *range;
    um_list_plan_t plan;

    if (!um_user_list_plan(ctx, query, &plan) || place->stage < 0 || place->stage >= plan.count
        || !um_unicode_valid(place->key, strlen(place->key))) {
        return 0;
    }
    range = &plan.stage[place->stage].range;
    switch (range->index) {
    case UM_LIST_BY_CREATED:
    case UM_LIST_BY_STAFF_CREATED:
    case UM_LIST_BY_OFF_CREATED:
        return is_number(place->key);
    case UM_LIST_BY_GROUP:
        return strcmp(place->key, range->low) == 0;
    default:
        return 1;
    }
}
