/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "cli_queue.h"
#include "cli_webhook.h"
#include "isotime.h"
#include "json.h"
#include "store.h"
#include "store_webhook.h"
#include "webhook_admin.h"
#include "webhook_secret.h"
#include "webhook_send.h"
#include "wipe.h"

#include <apr_strings.h>
#include <string.h>

static um_json_t *webhook_object(const um_cli_t *cli, const void *data)
{
    const um_webhook_row_t *row = data;
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

static const char *webhook_line(const um_cli_t *cli, const void *data)
{
    const um_webhook_row_t *row = data;

    return apr_psprintf(cli->pool, "%s %-9s %s to %s, %s", row->id, row->state, row->kind,
                        um_webhook_send_name(cli->pool, row->url),
                        um_cli_queue_line(cli, row->state, row->attempts, row->due_at, row->last_error));
}

static apr_status_t webhook_one(um_store_call_t *call, const char *id, apr_int64_t now, const void **row)
{
    um_webhook_row_t *webhook = NULL;
    apr_status_t rv = um_store_webhook_one(call, id, now, &webhook);

    *row = webhook;
    return rv;
}

static const um_cli_queue_t webhooks = {
    .noun = "webhook", .unless = ", or it is being sent, or its receiver is disabled", .receiver = "receiver",
    .row_size = sizeof(um_webhook_row_t), .list = um_store_webhook_list, .one = webhook_one,
    .retry = um_webhook_admin_retry, .drop = um_webhook_admin_drop, .object = webhook_object, .line = webhook_line,
};

/* Receivers come before the webhooks: they are the reason why there are none. */
static int list_disabled(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    apr_array_header_t *list;

    if (um_store_webhook_receivers(&call, &list) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    for (int i = 0; i < list->nelts; i++) {
        const um_webhook_receiver_t *one = &APR_ARRAY_IDX(list, i, um_webhook_receiver_t);
        const char *name = um_webhook_send_name(cli->pool, one->url);
        um_json_t *object = um_json_object(cli->pool);

        um_json_put_text(object, "receiver", name);
        um_json_put_text(object, "state", "disabled");
        um_json_put_text(object, "host", one->site);
        um_cli_put_time(object, "disabled_at", apr_time_from_sec(one->disabled_at));
        um_cli_list(cli, object, "%s of %s is disabled since %s, because it has answered 410 Gone: see usermgmt "
                    "webhook enable", name, one->site, um_isotime_print(cli->pool, one->disabled_at));
    }
    return UM_CLI_DONE;
}

static int webhook_list(um_cli_t *cli)
{
    int code = list_disabled(cli);

    return code == UM_CLI_DONE ? um_cli_queue_list(cli, &webhooks) : code;
}

static int webhook_show(um_cli_t *cli)
{
    return um_cli_queue_show(cli, &webhooks);
}

static int webhook_retry(um_cli_t *cli)
{
    return um_cli_queue_retry(cli, &webhooks);
}

static int webhook_drop(um_cli_t *cli)
{
    return um_cli_queue_drop(cli, &webhooks);
}

static int webhook_enable(um_cli_t *cli)
{
    const char *name = um_webhook_send_name(cli->pool, cli->args[0]);
    int count;

    if (um_webhook_admin_enable(cli->ctx, cli->args[0], &count) != UM_OK) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", cli->ctx->cause);
    }
    if (!count) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "no receiver %s is disabled", name);
    }
    um_cli_say(cli, "%s gets events again; to send those that were given up: usermgmt webhook retry --all", name);
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
    { .verb = "enable", .synopsis = "URL", .arguments = 1, .opens_database = 1, .function = webhook_enable,
      .help = "send events again to a receiver that is disabled, because it has answered 410 Gone" },
    { .verb = "secret", .synopsis = "FILE", .arguments = 1,
      .function = webhook_secret, .help = "add a new secret to FILE, which is made if need be, and print the secret" },
    { .verb = "test", .synopsis = "[URL]", .optional = 1,
      .function = um_cli_webhook_test, .help = "send an event webhook.test to the receivers, or to URL, one of them" },
    { .function = NULL },
};
