/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "group.h"
#include "json.h"
#include "store_group.h"
#include "store_user.h"

/* Prints why a call about the group of the first argument failed. */
static int fail_group(const um_cli_t *cli, um_status_e status)
{
    return um_cli_fail_status(cli, cli->ctx, status, "group", cli->args[0]);
}

static int group_list(um_cli_t *cli)
{
    apr_array_header_t *groups;
    um_status_e status = um_group_list(cli->ctx, &groups);

    if (status != UM_OK) {
        return fail_group(cli, status);
    }
    for (int i = 0; i < groups->nelts; i++) {
        const um_group_t *group = &APR_ARRAY_IDX(groups, i, um_group_t);

        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "name", group->name);
        um_json_put_int(object, "members", group->members);
        um_cli_list(cli, object, "%6" APR_INT64_T_FMT " %s", group->members, group->name);
    }
    return UM_CLI_DONE;
}

static int group_show(um_cli_t *cli)
{
    apr_array_header_t *members = NULL;
    um_status_e status = um_group_members(cli->ctx, cli->args[0], &members);

    if (status != UM_OK) {
        return fail_group(cli, status);
    }
    for (int i = 0; i < members->nelts; i++) {
        const um_group_member_t *member = &APR_ARRAY_IDX(members, i, um_group_member_t);

        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "id", member->user_id);
        um_json_put_text(object, "username", member->username);
        um_cli_list(cli, object, "%s %s", member->user_id, member->username);
    }
    return UM_CLI_DONE;
}

static int group_new(um_cli_t *cli)
{
    um_status_e status = um_group_create(cli->ctx, cli->args[0]);

    if (status != UM_OK) {
        return fail_group(cli, status);
    }
    um_cli_say(cli, "group %s made", cli->args[0]);
    return UM_CLI_DONE;
}

static int group_remove(um_cli_t *cli)
{
    um_status_e status = um_group_delete(cli->ctx, cli->args[0]);

    if (status != UM_OK) {
        return fail_group(cli, status);
    }
    um_cli_say(cli, "group %s removed", cli->args[0]);
    return UM_CLI_DONE;
}

/* Adds to a group, or removes from it. */
static int change(um_cli_t *cli, int add)
{
    const char *group = cli->args[0], *name = cli->args[1];
    um_user_t *user;
    um_status_e status;
    int code = um_cli_account_find(cli, name, &user);

    if (code != UM_CLI_DONE) {
        return code;
    }
    status = add ? um_group_add(cli->ctx, group, user->id) : um_group_drop(cli->ctx, group, user->id);
    if (status == UM_ABSENT && !add) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "%s is not in %s", user->username, group);
    }
    if (status != UM_OK) {
        return fail_group(cli, status);
    }
    um_cli_say(cli, add ? "%s is now in %s" : "%s is no longer in %s", user->username, group);
    return UM_CLI_DONE;
}

static int group_add(um_cli_t *cli)
{
    return change(cli, 1);
}

static int group_drop(um_cli_t *cli)
{
    return change(cli, 0);
}

const um_cli_command_t um_cli_group[] = {
    { .verb = "list", .synopsis = "", .arguments = 0, .opens_database = 1, .options = "json",
      .function = group_list, .help = "list the groups with the number of their accounts" },
    { .verb = "show", .synopsis = "NAME", .arguments = 1, .opens_database = 1, .options = "json",
      .function = group_show, .help = "list the accounts of a group: id and name" },
    { .verb = "new", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = group_new, .help = "make a group" },
    { .verb = "remove", .synopsis = "NAME", .arguments = 1, .opens_database = 1,
      .function = group_remove, .help = "remove a group; its accounts stay" },
    { .verb = "add", .synopsis = "GROUP USER", .arguments = 2, .opens_database = 1,
      .function = group_add, .help = "add an account to a group" },
    { .verb = "drop", .synopsis = "GROUP USER", .arguments = 2, .opens_database = 1,
      .function = group_drop, .help = "remove an account from a group" },
    { .function = NULL },
};
