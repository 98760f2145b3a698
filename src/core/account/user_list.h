/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_LIST_H
#define UM_USER_LIST_H
/* Lists of accounts for staff: a page of those that a query names, and how many there are.
 *
 * A page begins behind a place in an index (store_list.h) and not at a number, so the last page costs what the first
 * one does. A query that few accounts match may have to read many others. It reads UM_USER_LIST_WINDOWS windows at
 * most; then the page is given as it is, perhaps without any account, and the next page goes on there. */
#include "user_list_plan.h"

#define UM_USER_LIST_WINDOWS 10

/** A place between two accounts of a list. */
typedef struct um_user_place_t {
    int is_backward;            /**< the page before it, and not the one behind */
    int stage;                  /**< which of the ranges of the query, from 0 */
    const char *key, *id;
} um_user_place_t;

/** How well a count is known. */
typedef enum {
    UM_COUNT_EXACT,
    UM_COUNT_ESTIMATE,          /**< by the database's own estimate of its size */
    UM_COUNT_AT_LEAST           /**< there are that many, and perhaps more */
} um_count_e;

typedef struct um_user_count_t {
    apr_int64_t number;
    um_count_e kind;
} um_user_count_t;

/** A page. */
typedef struct um_user_page_t {
    apr_array_header_t *rows;   /**< um_list_row_t, in the order of the list */
    const um_user_place_t *next, *previous; /**< NULL: there is no such page */
} um_user_page_t;

/** Whether a place that a client gives back can be one of this query: the database would refuse a key of another kind.
 * place->id must be a canonical UUID. */
int um_user_list_is_place(um_ctx_t *ctx, const um_user_query_t *query, const um_user_place_t *place);

/** The page behind or before a place; place NULL: the first page. size: the most accounts of a page. UM_UNAVAILABLE. */
um_status_e um_user_list_page(um_ctx_t *ctx, const um_user_query_t *query, const um_user_place_t *place, int size,
                              um_user_page_t *page);

/** How many accounts a query has: exact as long as no more than UM_LIST_COUNTED_MOST must be looked at.
 * UM_UNAVAILABLE. */
um_status_e um_user_list_count(um_ctx_t *ctx, const um_user_query_t *query, um_user_count_t *count);

#endif
