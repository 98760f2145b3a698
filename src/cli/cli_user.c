/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "group.h"
#include "user.h"

#include <stdio.h>
#include <string.h>

/* Opens the database and finds the account that the first argument names. */
static int find(um_cli_t *cli, um_site_t *site, um_cx_t *cx, um_user_t **user)
{
    um_status_e status;

    if (um_cli_database_open(cli, site)) {
        return 1;
    }
    um_cx_init(cx, cli->pool, site, apr_time_now());
    status = um_user_by_name(cx, cli->args[0], user);
    if (status == UM_ABSENT) {
        return um_cli_fail("there is no account %s", cli->args[0]);
    }
    return status == UM_OK ? 0 : um_cli_fail("%s", cx->cause);
}

int um_cli_user_show(um_cli_t *cli)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    um_user_t *user;
    const char *active, *groups;

    if (find(cli, &site, &cx, &user)) {
        return 1;
    }
    if (um_group_names(&cx, user->id, &groups) != UM_OK) {
        return um_cli_fail("%s", cx.cause ? cx.cause : "the account is gone");
    }
    active = user->is_active ? "yes" : user->is_waiting ? "no, waits until its address is verified" : "no";
    printf("id        %s\nusername  %s\nname      %s %s\nemail     %s\nactive    %s\nstaff     %s\ngroups    %s\n",
           user->id, user->username, user->first_name, user->last_name, user->email, active,
           user->is_staff ? "yes" : "no", groups);
    return 0;
}

static int set(um_cli_t *cli, int is_staff)
{
    um_site_t site = { 0 };
    um_cx_t cx;
    um_user_t *user;
    int on = strcmp(cli->args[1], "on") == 0;

    if (!on && strcmp(cli->args[1], "off") != 0) {
        return um_cli_fail("%s: must be on or off", cli->args[1]);
    }
    if (find(cli, &site, &cx, &user)) {
        return 1;
    }
    *(is_staff ? &user->is_staff : &user->is_active) = on;
    user->is_waiting = user->is_waiting && is_staff;
    if (um_user_set_state(&cx, user) != UM_OK) {
        return um_cli_fail("%s", cx.cause ? cx.cause : "the account is gone");
    }
    printf("%s is now %s%s; every token issued before is void\n", user->username,
           user->is_active ? "active" : "inactive", user->is_staff ? " and staff" : "");
    return 0;
}

int um_cli_user_staff(um_cli_t *cli)
{
    return set(cli, 1);
}

int um_cli_user_active(um_cli_t *cli)
{
    return set(cli, 0);
}
