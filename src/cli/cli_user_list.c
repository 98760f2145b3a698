/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_user.h"
#include "group.h"
#include "json.h"
#include "store_group.h"
#include "store_list.h"
#include "store_user.h"
#include "user_admin.h"
#include "user_list.h"

#include <apr_strings.h>

#define PAGE 500

static void print_account(const um_cli_t *cli, apr_pool_t *pool, const um_list_row_t *row)
{
    const um_user_t *user = row->user;
    um_json_t *object = um_json_object(pool);

    um_cli_user_put(object, user);
    um_cli_put_time(object, "created_at", apr_time_from_sec(user->created_at));
    um_cli_put_time(object, "last_sign_in_at", apr_time_from_sec(user->last_sign_in_at));
    um_json_put(object, "groups", um_cli_user_groups(pool, row->groups));
    um_cli_list(cli, object, "%s %s%s%s%s%s", user->id, user->username, *user->email ? " <" : "",
                user->email, *user->email ? ">" : "",
                apr_pstrcat(pool, user->is_active ? "" : user->is_waiting ? " waiting" : " inactive",
                            user->is_staff ? " staff" : "", NULL));
}

/* Prints page after page, each with the memory of one; *printed: how many accounts. */
static um_status_e print_pages(um_cli_t *cli, const um_user_query_t *query, apr_int64_t most, apr_int64_t *printed)
{
    um_cli_t each = *cli;
    um_ctx_t ctx = *cli->ctx;
    um_user_place_t place = { 0 };
    um_user_page_t page = { 0 };
    um_status_e status;

    *printed = 0;
    do {
        apr_pool_create(&ctx.pool, cli->pool);
        each.pool = ctx.pool;
        status = um_user_list_page(&ctx, query, place.id ? &place : NULL, PAGE, &page);
        for (int i = 0; status == UM_OK && i < page.rows->nelts && *printed < most; i++, (*printed)++) {
            print_account(&each, ctx.pool, &APR_ARRAY_IDX(page.rows, i, um_list_row_t));
        }
        if (status == UM_OK && page.next) {
            place = *page.next;
            place.id = apr_pstrdup(cli->pool, place.id);
            place.key = apr_pstrdup(cli->pool, place.key);
        }
        if (status != UM_OK) {
            cli->ctx->cause = ctx.cause ? apr_pstrdup(cli->pool, ctx.cause) : NULL;
        }
        apr_pool_destroy(ctx.pool);
    } while (status == UM_OK && page.next && *printed < most);
    return status;
}

/* The most accounts that are printed. 0: --limit is wrong, which is printed. */
static int read_limit(const um_cli_t *cli, apr_int64_t *most)
{
    char *end = NULL;

    *most = APR_INT64_MAX;
    if (!cli->limit) {
        return 1;
    }
    *most = apr_strtoi64(cli->limit, &end, 10);
    if (end == cli->limit || *end || *most < 1) {
        um_cli_fail(cli, UM_CLI_MISUSE, "--limit %s: must be a number from 1", cli->limit);
        return 0;
    }
    return 1;
}

/* Sets the group of --group, which must exist: a mistyped one would look like a group without accounts. */
static int choose_group(um_cli_t *cli, um_user_query_t *query)
{
    const char *name = cli->groups ? APR_ARRAY_IDX(cli->groups, 0, const char *) : NULL;
    const um_group_t *group;
    um_status_e status = name ? um_group_find(cli->ctx, name, &group) : UM_OK;

    if (status != UM_OK) {
        return um_cli_fail_status(cli, cli->ctx, status, "group", name);
    }
    query->group = name ? group->name : NULL;
    return UM_CLI_DONE;
}

static int print_list(um_cli_t *cli, um_user_query_t *query, apr_int64_t *printed)
{
    apr_int64_t most;
    um_status_e status;
    int code;

    if (cli->groups && cli->groups->nelts > 1) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "a list takes one --group");
    }
    if (!read_limit(cli, &most)) {
        return UM_CLI_MISUSE;
    }
    if ((code = choose_group(cli, query)) != UM_CLI_DONE) {
        return code;
    }
    query->is_active = cli->inactive ? 0 : -1;
    query->is_staff = cli->staff ? 1 : -1;
    query->order = UM_USER_ORDER_USERNAME;
    status = print_pages(cli, query, most, printed);
    return status == UM_OK ? UM_CLI_DONE : um_cli_account_fail(cli, status, "");
}

int um_cli_user_list(um_cli_t *cli)
{
    um_user_query_t query = { 0 };
    apr_int64_t printed = 0;

    return print_list(cli, &query, &printed);
}

/* An id or a number means one account. Anything else is the beginning of a name or an address. */
int um_cli_user_find(um_cli_t *cli)
{
    um_user_query_t query = { .search = cli->args[0] };
    apr_array_header_t *candidates;
    apr_int64_t printed = 0;
    um_user_t *user;
    int code = print_list(cli, &query, &printed);

    if (code != UM_CLI_DONE || printed) {
        return code;
    }
    if (um_user_lookup(cli->ctx, cli->args[0], &user, &candidates) == UM_OK) {
        return um_cli_user_show(cli);
    }
    return um_cli_fail(cli, UM_CLI_ABSENT, "no account has a name or an address that begins with %s, or has it as "
                       "its id", cli->args[0]);
}
