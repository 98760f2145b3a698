/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_queue.h"

#include "random.h"
#include "store.h"

#include <apr_strings.h>
#include <string.h>

#define PAGE 500

const char *um_cli_queue_line(const um_cli_t *cli, const char *state, apr_int64_t attempts, apr_int64_t due_at,
                              const char *last_error)
{
    apr_int64_t wait = due_at - apr_time_sec(cli->ctx->now);
    const char *next = "";

    if (due_at && strcmp(state, "waiting") == 0) {
        next = wait > 0 ? apr_psprintf(cli->pool, ", next in %" APR_INT64_T_FMT " s", wait) : ", next now";
    }
    return apr_psprintf(cli->pool, "attempts %" APR_INT64_T_FMT "%s%s%s", attempts, next, *last_error ? ": " : "",
                        last_error);
}

int um_cli_queue_list(um_cli_t *cli, const um_cli_queue_t *queue)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    apr_pool_t *pages[2] = { NULL, NULL };
    um_cli_t each = *cli;
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
        each.pool = call.pool = pages[turn];
        if (queue->list(&call, last, cli->all, apr_time_sec(cli->ctx->now), PAGE, &rows) != APR_SUCCESS) {
            return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
        }
        for (int i = 0; i < rows->nelts; i++) {
            const void *row = rows->elts + (apr_size_t)i * queue->row_size;

            um_cli_list(&each, queue->object(&each, row), "%s", queue->line(&each, row));
            last = *(const char *const *)row;
        }
        count = rows->nelts;
    } while (count == PAGE);
    return UM_CLI_DONE;
}

/* The id of the first argument; NULL: it is none, which is printed. */
static const char *queue_id(um_cli_t *cli, const um_cli_queue_t *queue)
{
    const char *id = um_random_uuid_parse(cli->pool, cli->args[0]);

    if (!id) {
        um_cli_fail(cli, UM_CLI_ABSENT, "there is no %s %s", queue->noun, cli->args[0]);
    }
    return id;
}

int um_cli_queue_show(um_cli_t *cli, const um_cli_queue_t *queue)
{
    um_store_call_t call = um_ctx_store(cli->ctx);
    const char *id = queue_id(cli, queue);
    const void *row;

    if (!id) {
        return UM_CLI_ABSENT;
    }
    if (queue->one(&call, id, apr_time_sec(cli->ctx->now), &row) != APR_SUCCESS) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", call.cause);
    }
    if (!row) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no %s %s", queue->noun, id);
    }
    um_cli_show(cli, queue->object(cli, row));
    return UM_CLI_DONE;
}

int um_cli_queue_retry(um_cli_t *cli, const um_cli_queue_t *queue)
{
    const char *id = NULL;
    int count;

    if (cli->all == cli->count) {
        return um_cli_fail(cli, UM_CLI_MISUSE, "usage: usermgmt %s retry ID, or usermgmt %s retry --all", queue->noun,
                           queue->noun);
    }
    if (!cli->all && !(id = queue_id(cli, queue))) {
        return UM_CLI_ABSENT;
    }
    if (queue->retry(cli->ctx, id, &count) != UM_OK) {
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", cli->ctx->cause);
    }
    if (id && !count) {
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no %s %s%s", queue->noun, id, queue->unless);
    }
    um_cli_say(cli, "%d %s%s will be sent now, or within a minute if the %s was unreachable", count, queue->noun,
               count == 1 ? "" : "s", queue->receiver);
    return UM_CLI_DONE;
}

int um_cli_queue_drop(um_cli_t *cli, const um_cli_queue_t *queue)
{
    const char *id = queue_id(cli, queue);

    if (!id) {
        return UM_CLI_ABSENT;
    }
    switch (queue->drop(cli->ctx, id)) {
    case UM_OK:
        um_cli_say(cli, "the %s is deleted", queue->noun);
        return UM_CLI_DONE;
    case UM_ABSENT:
        return um_cli_fail(cli, UM_CLI_ABSENT, "there is no %s %s%s", queue->noun, id, queue->unless);
    default:
        return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s", cli->ctx->cause);
    }
}
