/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_STORE_GROUP_H
#define UM_STORE_GROUP_H
/* Rows of um_groups and um_memberships. Names are compared byte for byte. All return APR_EGENERAL with the call's cause
 * when the database did not do it. */
#include <apr_pools.h>
#include <apr_tables.h>

typedef struct um_store_call_t um_store_call_t;
typedef struct um_user_t um_user_t;

/** A group as a list shows it. */
typedef struct um_group_t {
    const char *name;
    apr_int64_t members;       /**< how many */
} um_group_t;

/** Somebody in a group. */
typedef struct um_group_member_t {
    const char *user_id;       /**< UUID, canonical */
    const char *username;
} um_group_member_t;

/** All groups: um_group_t, by name. */
apr_status_t um_store_group_list(um_store_call_t *call, apr_array_header_t **groups);
/** Who is in a group: um_group_member_t, by user name; none when there is no such group. */
apr_status_t um_store_group_members(um_store_call_t *call, const char *name, apr_array_header_t **members);
/** A user as he is now and the names of his groups in order, commas between; *user NULL: none has that id. */
apr_status_t um_store_group_user(um_store_call_t *call, const char *user_id, um_user_t **user, const char **groups);
/** Whether there is the group, and whether the user is in it. */
apr_status_t um_store_group_look(um_store_call_t *call, const char *user_id, const char *name, int *there,
                                 int *member);

/** *done = 0: there is a group of that name. */
apr_status_t um_store_group_insert(um_store_call_t *call, const char *id, const char *name, apr_int64_t now,
                                   int *done);
/** Deletes a group and who is in it. *done: this call, or its first sending, deleted the row. */
apr_status_t um_store_group_delete(um_store_call_t *call, const char *name, int *done);
/** *done = 0: he is in it already, or there is no such group or user. */
apr_status_t um_store_group_add(um_store_call_t *call, const char *user_id, const char *name, int *done);
/** *done: this call, or its first sending, took him out; 0: he was not in it. */
apr_status_t um_store_group_drop(um_store_call_t *call, const char *user_id, const char *name, int *done);

#endif
