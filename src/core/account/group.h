/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_GROUP_H
#define UM_GROUP_H
/* Groups of accounts, which Locations and applications can require. Membership gives no rights in the API.
 *
 * A name has 1 to 64 of the characters of user names: letters and numbers of any script, combining marks, and
 * @ . + - _ . It is stored in the form NFKC and compared byte for byte: Staff and staff are two groups. A name never
 * has a blank or a comma, so lists of names need no quotes. */
#include "ctx.h"
#include "store_group.h"

#define UM_GROUP_MAX_NAME 64

/** The name as it is stored; NULL: it has not the form of a name. */
const char *um_group_stored_name(apr_pool_t *pool, const char *typed);

/** Makes a group.
 * @return UM_OK; UM_INVALID: ctx->errors says what is wrong with the name, or that it is taken; UM_UNAVAILABLE,
 * UM_FAILED */
um_status_e um_group_create(um_ctx_t *ctx, const char *typed);

/** Finds a group. UM_ABSENT, UM_UNAVAILABLE. */
um_status_e um_group_find(um_ctx_t *ctx, const char *typed, const um_group_t **group);

/** The groups behind a name, by name, or those before it, in reverse order: um_group_t, at most most.
 * UM_UNAVAILABLE. */
um_status_e um_group_page(um_ctx_t *ctx, const char *name, int is_down, int most, apr_array_header_t **groups);

/** How many groups there are. UM_UNAVAILABLE. */
um_status_e um_group_count(um_ctx_t *ctx, apr_int64_t *count);

/** Gives a group another name. Applications that ask for the former name no longer find its members in it.
 * @param name  gets the new name as it is stored
 * @return UM_OK, also when it has the name already; UM_ABSENT: there is no such group; UM_INVALID: ctx->errors says
 * what is wrong with the new name, or that it is taken, also by a request at the same time; UM_UNAVAILABLE */
um_status_e um_group_rename(um_ctx_t *ctx, const char *typed, const char *new_name, const char **name);

/** Deletes a group and its memberships. UM_ABSENT: there is no such group; UM_UNAVAILABLE. */
um_status_e um_group_delete(um_ctx_t *ctx, const char *typed);

/** Adds an account to a group. UM_OK also when it is a member already. UM_ABSENT: there is no such group or account;
 * UM_UNAVAILABLE. */
um_status_e um_group_add(um_ctx_t *ctx, const char *typed, const char *user_id);

/** Removes an account from a group. UM_ABSENT: it is no member, or there is no such group; UM_UNAVAILABLE. */
um_status_e um_group_drop(um_ctx_t *ctx, const char *typed, const char *user_id);

/** Lists all groups, um_group_t, by name. UM_UNAVAILABLE. */
um_status_e um_group_list(um_ctx_t *ctx, apr_array_header_t **groups);

/** Lists the members of a group, um_group_member_t, by user name. UM_ABSENT: there is no such group; UM_UNAVAILABLE. */
um_status_e um_group_members(um_ctx_t *ctx, const char *typed, apr_array_header_t **members);

/** The names of an account's groups in order, separated by commas; "": it is in no group. UM_ABSENT: there is no such
 * account; UM_UNAVAILABLE. */
um_status_e um_group_names(um_ctx_t *ctx, const char *user_id, const char **groups);

#endif
