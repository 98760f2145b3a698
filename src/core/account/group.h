/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_GROUP_H
#define UM_GROUP_H
/* Groups: names that accounts can be put under, for Locations and applications to ask for. Nobody has a right here by
 * being in one.
 *
 * A name is 1 to 64 of what user names are made of: letters and numbers of any script, combining marks, and
 * @ . + - _ . It is stored in the form NFKC and compared exactly as it stands: Staff and staff are two groups. So it
 * never holds a blank or a comma, and lists of names need no quotes. */
#include "ctx.h"
#include "store_group.h"

#define UM_GROUP_MAX_NAME 64

/** Makes a group. UM_INVALID: ctx->errors says what is wrong with name, or that it is taken. UM_UNAVAILABLE, UM_FAILED.
 * */
um_status_e um_group_create(um_ctx_t *ctx, const char *typed);

/** Deletes a group, and with it who is in it. UM_ABSENT, UM_UNAVAILABLE. */
um_status_e um_group_delete(um_ctx_t *ctx, const char *typed);

/** Puts a user into a group; he may be in it already. UM_ABSENT: there is no such group, or no longer such a user.
 * UM_UNAVAILABLE. */
um_status_e um_group_add(um_ctx_t *ctx, const char *typed, const char *user_id);

/** Takes a user out of a group. UM_ABSENT: he is not in it, or there is none. UM_UNAVAILABLE. */
um_status_e um_group_drop(um_ctx_t *ctx, const char *typed, const char *user_id);

/** All groups by name: um_group_t. UM_UNAVAILABLE. */
um_status_e um_group_list(um_ctx_t *ctx, apr_array_header_t **groups);

/** Who is in a group, by user name: um_group_member_t. UM_ABSENT: there is no such group. UM_UNAVAILABLE. */
um_status_e um_group_members(um_ctx_t *ctx, const char *typed, apr_array_header_t **members);

/** The names of a user's groups in order, commas between; "": in none. UM_ABSENT: no such user. UM_UNAVAILABLE. */
um_status_e um_group_names(um_ctx_t *ctx, const char *user_id, const char **groups);

#endif
