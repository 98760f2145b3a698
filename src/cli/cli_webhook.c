/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_webhook.h"
#include "json.h"
#include "random.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_secret.h"
#include "webhook_send.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

#define PAGE 500

static um_json_t *webhook_object(const um_cli_t *cli, const um_webhook_row_t *row)
{
    um_json_t *object = um_json_object(cli->pool);

    um_json_put_text(object, "id", row->id);
    um_json_put_text(object, "state", row->state);
    um_json_put_text(object, "type", row->kind);
    um_json_put_text(object, "webhook_id", row->event_id);
    um_json_put_text(object, "receiver", um_webhook_send_name(cli->pool, row->url));
    um_json_put_text(object, "account", row->user_id);
    um_json_put_text(object, "username", row->username);
    um_json_put_text(object, "actor", row->actor);
    um_json_put_text(object, "detail", row->detail);
    um_json_put_text(object, "host", row->site);
    um_json_put_int(object, "attempts", row->attempts);
    um_cli_put_time(object, "happened_at", apr_time_from_msec(row->at_ms));
    um_cli_put_time(object, "next_attempt", apr_time_from_sec(row->due_at));
    um_cli_put_time(object, "done_at", apr_time_from_sec(row->done_at));
    um_json_put_text(object, "last_error", row->last_error);
    return object;
}

static void list_webhook(const um_cli_t *cli, const um_webhook_row_t *row)
{
    const char *next = "";

    if (row->due_at && strcmp(row->state, "waiting") == 0) {
        apr_int64_t wait = row->due_at - apr_time_sec(cli->ctx->now);

        next = wait > 0 ? apr_psprintf(cli->pool, ", next in %" APR_INT64_T_FMT " s", wait) : ", next now";
    }
    um_cli_list(cli, webhook_object(cli, row), "%s %-9s %s to %s, attempts %" APR_INT64_T_FMT "%s%s%s", row->id,
                row->state, row->kind, um_webhook_send_name(cli->pool, row->url), row->attempts, next,
                *row->last_error ? ": " : "", row->last_error);
}

static int webhook_list(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    apr_pool_t *pages[2] = { NULL, NULL };
    const char *last = NULL;
    int count, turn = 0;

    do {
        apr_array_header_t *rows;

        /* The last id of a page is needed for the next one. */
        turn = !turn;
        if (pages[turn]) {
            apr_pool_destroy(pages[turn]);
        }
        apr_pool_create(&pages[turn], cli->pool);
        call.pool = pages[turn];
        if (um_store_webhook_list(&call, last, cli->all, apr_time_sec(cli->ctx->now), PAGE, &rows) != APR_SUCCESS) {
            return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
        }
        for (int i = 0; i < rows->nelts; i++) {
            list_webhook(cli, &APR_ARRAY_IDX(rows, i, um_webhook_row_t));
            last = APR_ARRAY_IDX(rows, i, um_webhook_row_t).id;
        }
        count = rows->nelts;
    } while (count == PAGE);
    return UM_CLI_DONE;
}

/* The id of the first argument; NULL: it is none, which is printed. */
static const char *webhook_id(um_cli_t *cli)
{
    const char *id = um_random_uuid_parse(cli->pool, cli->args[0]);

    if (!id) {
        um_cli_fail(cli, UM_CLI_ABSENT, "there is no webhook %s", cli->args[0]);
    }
    return id;
}

static int webhook_show(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *id = webhook_id(cli);
    um_webhook_row_t *row;

    if (!id) {
        return UM_CLI_ABSENT;
    }
    if (um_store_webhook_one(&call, id, apr_time_sec(cli->ctx->now), &row) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    if (!row) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no webhook %s", id);
    }
    um_cli_show(cli, webhook_object(cli, row));
    return UM_CLI_DONE;
}

static int webhook_retry(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *id = NULL;
    int count;

    if (cli->all == cli->count) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "usage: usermgmt webhook retry ID, or usermgmt webhook retry --all");
    }
    id = cli->all ? NULL : webhook_id(cli);
    if (!id && !cli->all) {
        return UM_CLI_ABSENT;
    }
    if (um_store_webhook_retry(&call, id, apr_time_sec(cli->ctx->now), &count) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    if (id && !count) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no webhook %s, or it is being sent", id);
    }
    um_cli_say(cli, "%d webhook%s will be sent now, or within a minute if the receiver was unreachable", count,
               count == 1 ? "" : "s");
    return UM_CLI_DONE;
}

static int webhook_drop(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *id = webhook_id(cli);
    int count;

    if (!id) {
        return UM_CLI_ABSENT;
    }
    if (um_store_webhook_drop(&call, id, apr_time_sec(cli->ctx->now), &count) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    if (!count) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no webhook %s, or it is being sent", id);
    }
    um_cli_say(cli, "the webhook is deleted");
    return UM_CLI_DONE;
}

static int webhook_secret(um_cli_t *cli)
{
    const char *file = cli->args[0], *text = NULL, *why = NULL;
    int code = um_cli_owner_take_on(cli, file);
    apr_status_t rv;

    if (code != UM_CLI_DONE) {
        return code;
    }
    rv = um_webhook_secret_add(cli->pool, file, &text, &why);
    if (rv != APR_SUCCESS) {
        return um_cli_fail(cli, rv == APR_EGENERAL || rv == APR_EINVAL ? UM_CLI_FAILED : UM_CLI_UNREACHABLE, "%s: %s",
                           file, why);
    }
    um_cli_say(cli, "%s", text);
    um_wipe(text, strlen(text));
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_webhook[] = {
    { .verb = "list", .synopsis = "", .opens_database = 1, .options = "all json", .function = webhook_list,
      .help = "list the webhooks that wait or were given up: id, state, type, receiver, attempts, why" },
    { .verb = "show", .synopsis = "ID", .arguments = 1, .opens_database = 1, .options = "json",
      .function = webhook_show, .help = "print a webhook" },
    { .verb = "retry", .synopsis = "ID|--all", .optional = 1, .opens_database = 1, .options = "all",
      .function = webhook_retry,
      .help = "send a webhook now, also one that was delivered; or all that wait or were given up" },
    { .verb = "drop", .synopsis = "ID", .arguments = 1, .opens_database = 1,
      .function = webhook_drop, .help = "delete a webhook" },
    { .verb = "secret", .synopsis = "FILE", .arguments = 1,
      .function = webhook_secret, .help = "add a new secret to FILE, which is made if need be, and print the secret" },
    { .verb = "test", .synopsis = "[URL]", .optional = 1,
      .function = um_cli_webhook_test, .help = "send an event webhook.test to the receivers, or to URL, one of them" },
    { .function = NULL },
};
