/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "event.h"
#include "random.h"
#include "store.h"
#include "store_event.h"
#include "store_user.h"

#define PAGE 500

static void print_event(const um_cli_t *cli, const um_store_event_t *event)
{
    char text[UM_EVENT_LINE_MAX];

    if (cli->json) {
        text[um_event_line_stored(event, text)] = '\0';
        um_cli_print(text);
        return;
    }
    um_event_line_time(event->at_ms, text);
    um_cli_list(cli, NULL, "%s %-17s account %s by %s from %s%s%s", text, event->kind,
                event->user_id ? event->user_id : "-", *event->actor ? event->actor : "-",
                *event->address ? event->address : "-",
                *event->detail ? ": " : "", event->detail);
}

/* A name or an address, or the id of an account, which may have been deleted. */
static int find_account(um_cli_t *cli, const char **id)
{
    um_user_t *user;
    int code;

    *id = um_random_uuid_parse(cli->pool, cli->user);
    if (!cli->user || *id) {
        return UM_CLI_DONE;
    }
    code = um_cli_account_find(cli, cli->user, &user);
    *id = code == UM_CLI_DONE ? user->id : NULL;
    return code;
}

static int print_events(um_cli_t *cli)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *user_id, *last;
    apr_array_header_t *events;
    apr_time_t since;
    int count, code;

    if (!um_cli_time_since(cli, "since", cli->since, cli->ctx->now, &since)) {
        return UM_CLI_MISUSE;
    }
    code = find_account(cli, &user_id);
    if (code != UM_CLI_DONE) {
        return code;
    }
    last = um_random_uuid_from(cli->pool, since);
    do {
        apr_pool_create(&call.pool, cli->pool);
        if (um_store_event_after(&call, user_id, last, PAGE, &events) != APR_SUCCESS) {
            return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
        }
        for (int i = 0; i < events->nelts; i++) {
            const um_store_event_t *event = &APR_ARRAY_IDX(events, i, um_store_event_t);

            print_event(cli, event);
            last = i == events->nelts - 1 ? um_random_uuid_parse(cli->pool, event->id) : last;
        }
        count = events->nelts;
        apr_pool_destroy(call.pool);
    } while (count == PAGE);
    return UM_CLI_DONE;
}

const um_cli_command_t um_cli_events[] = {
    { .verb = "", .synopsis = "", .arguments = 0, .opens_database = 1, .options = "json since user",
      .function = print_events, .help = "print what was changed on accounts, by whom, the oldest first" },
    { .function = NULL },
};
