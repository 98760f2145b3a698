/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "group.h"
#include "user.h"

#include <stdio.h>

static int open_site(um_cli_t *cli, um_site_t *site, um_cx_t *cx)
{
    if (um_cli_database_open(cli, site)) {
        return 1;
    }
    um_cx_init(cx, cli->pool, site, apr_time_now());
    return 0;
}

/* Says why a call into core did not end well. */
static int tell(um_cli_t *cli, const um_cx_t *cx, um_status_e status)
{
    if (status == UM_INVALID && cx->errors->nelts) {
        return um_cli_fail("%s", APR_ARRAY_IDX(cx->errors, 0, um_error_t).text);
    }
    return status == UM_ABSENT ? um_cli_fail("there is no group %s", cli->args[0]) : um_cli_fail("%s", cx->cause);
}

int um_cli_group_list(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    apr_array_header_t *groups;
    um_status_e status;

    if (open_site(cli, &site, &cx)) {
        return 1;
    }
    status = um_group_list(&cx, &groups);
    if (status != UM_OK) {
        return tell(cli, &cx, status);
    }
    for (int i = 0; i < groups->nelts; i++) {
        const um_group_t *group = &APR_ARRAY_IDX(groups, i, um_group_t);

        printf("%6" APR_INT64_T_FMT " %s\n", group->members, group->name);
    }
    return 0;
}

int um_cli_group_show(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    apr_array_header_t *members = NULL;
    um_status_e status;

    if (open_site(cli, &site, &cx)) {
        return 1;
    }
    status = um_group_members(&cx, cli->args[0], &members);
    if (status != UM_OK) {
        return tell(cli, &cx, status);
    }
    for (int i = 0; i < members->nelts; i++) {
        const um_group_member_t *member = &APR_ARRAY_IDX(members, i, um_group_member_t);

        printf("%s %s\n", member->user_id, member->username);
    }
    return 0;
}

int um_cli_group_new(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    um_status_e status;

    if (open_site(cli, &site, &cx)) {
        return 1;
    }
    status = um_group_create(&cx, cli->args[0]);
    if (status != UM_OK) {
        return tell(cli, &cx, status);
    }
    printf("group %s made\n", cli->args[0]);
    return 0;
}

int um_cli_group_remove(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    um_status_e status;

    if (open_site(cli, &site, &cx)) {
        return 1;
    }
    status = um_group_delete(&cx, cli->args[0]);
    if (status != UM_OK) {
        return tell(cli, &cx, status);
    }
    printf("group %s removed; nobody is in it any more\n", cli->args[0]);
    return 0;
}

/* Puts into a group, or takes out of it. */
static int change(um_cli_t *cli, int add)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    um_user_t *user;
    um_status_e status;

    if (open_site(cli, &site, &cx)) {
        return 1;
    }
    status = um_user_by_name(&cx, cli->args[1], &user);
    if (status == UM_ABSENT) {
        return um_cli_fail("there is no account %s", cli->args[1]);
    }
    if (status == UM_OK) {
        status = add ? um_group_add(&cx, cli->args[0], user->id) : um_group_drop(&cx, cli->args[0], user->id);
    }
    if (status == UM_ABSENT && !add) {
        return um_cli_fail("%s is not in %s", user->username, cli->args[0]);
    }
    if (status != UM_OK) {
        return tell(cli, &cx, status);
    }
    printf(add ? "%s is now in %s\n" : "%s is no longer in %s\n", user->username, cli->args[0]);
    return 0;
}

int um_cli_group_add(um_cli_t *cli)
{
    return change(cli, 1);
}

int um_cli_group_drop(um_cli_t *cli)
{
    return change(cli, 0);
}
