/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_LIST_H
#define UM_STORE_LIST_H
/* Lists of accounts along an index, a window of its entries at a time. A statement reads one window at most, whatever
 * the filters leave of it, so a list costs the same with ten million accounts as with ten thousand. All return
 * APR_EGENERAL, with the reason in call->cause, when the database did not execute the statement. Rows are in the pool
 * of the call. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_user_t um_user_t;

/** The indexes, in the order of statements_list.h. Those of STAFF have staff only, those of OFF inactive accounts only,
 * and the two of names have no account without that name. The key of CREATED is a number; that of GROUP is the name of
 * the group, and its order is that of the ids. */
typedef enum {
    UM_LIST_BY_CREATED, UM_LIST_BY_USERNAME, UM_LIST_BY_EMAIL,
    UM_LIST_BY_STAFF_CREATED, UM_LIST_BY_STAFF_USERNAME, UM_LIST_BY_STAFF_EMAIL,
    UM_LIST_BY_OFF_CREATED, UM_LIST_BY_OFF_USERNAME, UM_LIST_BY_OFF_EMAIL,
    UM_LIST_BY_FIRST_NAME, UM_LIST_BY_LAST_NAME,
    UM_LIST_BY_GROUP
} um_list_index_e;

/** Ids before and after those of all accounts. */
#define UM_LIST_FIRST_ID "00000000-0000-0000-0000-000000000000"
#define UM_LIST_LAST_ID  "ffffffff-ffff-ffff-ffff-ffffffffffff"

/** A range of keys: from low, and less than high. For GROUP low is the name of the group, and high is "". */
typedef struct um_list_range_t {
    um_list_index_e index;
    const char *low, *high;
} um_list_range_t;

/** Between two entries of an index: right behind the entry of this key and id, in the direction of reading. */
typedef struct um_list_place_t {
    const char *key, *id;
} um_list_place_t;

/** Keys that leave an account out; both "": none. */
typedef struct um_list_keys_t {
    const char *low, *high;
} um_list_keys_t;

/** Which accounts of a range are listed. NULL: all. */
typedef struct um_list_filter_t {
    const char *is_active;     /**< "1" or "0" */
    const char *is_staff;      /**< "1" or "0" */
    const char *group;
    const char *username_key, *email_key;
    um_list_keys_t not_username, not_email, not_first_name;
} um_list_filter_t;

/** An account of a list. */
typedef struct um_list_row_t {
    const um_user_t *user;
    const char *groups;        /**< names in order, joined by commas; "": none */
    um_list_place_t place;
} um_list_row_t;

/** How many entries a window has, and how many are counted. */
#define UM_LIST_WINDOW_SIZE 1000
#define UM_LIST_COUNTED_MOST 10000

/** The accounts behind a place that pass the filter, at most most, of one window: um_list_row_t.
 * @param is_down  reads from the end of the range to its beginning */
apr_status_t um_store_list_page(um_store_call_t *call, const um_list_range_t *range, int is_down,
                                const um_list_place_t *place, const um_list_filter_t *filter, int most,
                                apr_array_header_t **rows);

/** The last entry of the window behind a place. *is_full = 0: the range ends in this window. */
apr_status_t um_store_list_end(um_store_call_t *call, const um_list_range_t *range, int is_down,
                               const um_list_place_t *place, int *is_full, um_list_place_t *end);

/** How many accounts of the window behind a place pass the filter, from the beginning of the range to its end. */
apr_status_t um_store_list_count(um_store_call_t *call, const um_list_range_t *range, const um_list_place_t *place,
                                 const um_list_filter_t *filter, apr_int64_t *count);

/** How many accounts a range has, whatever a filter says; UM_LIST_COUNTED_MOST + 1: more than that. */
apr_status_t um_store_list_size(um_store_call_t *call, const um_list_range_t *range, apr_int64_t *count);

/** How many accounts the database believes to have, without counting; -1: it does not know. */
apr_status_t um_store_list_estimate(um_store_call_t *call, apr_int64_t *count);

#endif
