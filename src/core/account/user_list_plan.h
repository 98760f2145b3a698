/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_USER_LIST_PLAN_H
#define UM_USER_LIST_PLAN_H
/* A query for accounts, and where its accounts are: ranges of indexes. */
#include "ctx.h"
#include "store_list.h"

/** The orders: of registration, of user names, of e-mail addresses. */
typedef enum { UM_USER_ORDER_CREATED, UM_USER_ORDER_USERNAME, UM_USER_ORDER_EMAIL } um_user_order_e;

/** What is asked for. Texts are as typed; NULL: the query does not have them. */
typedef struct um_user_query_t {
    const char *search;         /**< a prefix of the user name, the address, the first or the last name */
    const char *username;
    const char *email;
    const char *group;
    int is_active, is_staff;    /**< 0 or 1; -1: not asked for */
    um_user_order_e order;      /**< for neither search nor username, email and group, which have orders of their own */
    int is_descending;
} um_user_query_t;

/** The most ranges that a query has. */
#define UM_USER_LIST_STAGES 4

/** A range of an index, and what is left out of it. */
typedef struct um_list_stage_t {
    um_list_range_t range;
    um_list_filter_t filter;
} um_list_stage_t;

/** A query as the ranges in which its accounts are, one behind the other. */
typedef struct um_list_plan_t {
    um_list_stage_t stage[UM_USER_LIST_STAGES];
    int count;                  /* 0: no account can match */
    int is_descending;
    const char *prefix;         /* checked for each account, where the ranges do not say it; NULL: none */
    const char *email_prefix;
    int is_whole;               /* the range is all accounts */
} um_list_plan_t;

/** Makes the plan of a query. 0: no account can match. */
int um_user_list_plan(um_ctx_t *ctx, const um_user_query_t *query, um_list_plan_t *plan);

/** Whether an account has the prefix of a search that the plan's ranges do not say. */
int um_user_list_has_prefix(um_ctx_t *ctx, const um_list_plan_t *plan, const um_user_t *user);

#endif
