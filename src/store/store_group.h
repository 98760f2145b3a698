/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_GROUP_H
#define UM_STORE_GROUP_H
/* Rows of um_groups and um_memberships. Names are compared byte for byte. All return APR_EGENERAL, with the reason in
 * call->cause, when the database did not execute the statement. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_tx_t um_tx_t;
typedef struct um_user_t um_user_t;

/** A group with the number of its members. */
typedef struct um_group_t {
    const char *name;
    apr_int64_t members;       /**< only in the list of all */
    apr_int64_t created_at;    /**< not in the list of all; seconds since the epoch */
} um_group_t;

/** A member of a group. */
typedef struct um_group_member_t {
    const char *user_id;       /**< UUID, canonical */
    const char *username;
} um_group_member_t;

/** All groups, by name: um_group_t. */
apr_status_t um_store_group_list(um_store_call_t *call, apr_array_header_t **groups);
/** A group. *group NULL: there is none of that name. */
apr_status_t um_store_group_by_name(um_store_call_t *call, const char *name, const um_group_t **group);
/** The groups behind a name, by name, at most most; before it, in reverse order, if is_down: um_group_t. */
apr_status_t um_store_group_page(um_store_call_t *call, const char *name, int is_down, int most,
                                 apr_array_header_t **groups);
/** How many groups there are. */
apr_status_t um_store_group_count(um_store_call_t *call, apr_int64_t *count);
/** The members of a group, by user name: um_group_member_t. None when there is no such group. */
apr_status_t um_store_group_members(um_store_call_t *call, const char *name, apr_array_header_t **members);
/** The ids of members of a group, const char *, at most most, in any order. */
apr_status_t um_store_group_member_ids(um_store_call_t *call, const char *name, int most, apr_array_header_t **ids);
/** A user, and the names of the user's groups in order, joined by commas. *user NULL: there is no such user. */
apr_status_t um_store_group_user(um_store_call_t *call, const char *user_id, um_user_t **user, const char **groups);
/** Whether the group exists, and whether the user is in it. */
apr_status_t um_store_group_look(um_store_call_t *call, const char *user_id, const char *name, int *there,
                                 int *member);

/* These functions store call->event with the change. */

/** In a transaction: the names of a user's groups, joined by commas. "": none, or there is no such user. */
apr_status_t um_store_group_names_tx(um_tx_t *tx, const char *user_id, const char **groups);
/** In a transaction: adds a user to a group, or removes them. *there = 0: there is no such group or user, or, to
 * remove, the user was not in the group. It does not store call->event. */
apr_status_t um_store_group_add_tx(um_tx_t *tx, const char *user_id, const char *name, int *there);
apr_status_t um_store_group_drop_tx(um_tx_t *tx, const char *user_id, const char *name, int *there);

/** *done = 0: there is a group of that name already. */
apr_status_t um_store_group_insert(um_store_call_t *call, const char *id, const char *name, apr_int64_t now,
                                   int *done);
/** Renames a group. *done = 0: there is no such group, or another has the name. */
apr_status_t um_store_group_rename(um_store_call_t *call, const char *name, const char *new_name, int *done);
/** Deletes a group and its memberships. *done: this call deleted the row, or its first sending did. */
apr_status_t um_store_group_delete(um_store_call_t *call, const char *name, int *done);
/** Adds a user to a group. *done = 0: the user is in it already, or there is no such group or user. */
apr_status_t um_store_group_add(um_store_call_t *call, const char *user_id, const char *name, int *done);
/** Removes a user from a group. *done: this call did, or its first sending; 0: the user was not in it. */
apr_status_t um_store_group_drop(um_store_call_t *call, const char *user_id, const char *name, int *done);

#endif
